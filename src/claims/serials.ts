/**
 * Serial grams `[first, last]`, both included, counted from 1 on the gram account of one sale. A list of ranges is in
 * order, and no two of them touch.
 */
export type Range = [first: number, last: number];

export const gramsIn = (ranges: readonly Range[]): number =>
  ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0);

/** Both together, joined where they touch. They have no gram in common. */
export const joined = (one: readonly Range[], other: readonly Range[]): Range[] => {
  const all = [...one, ...other].sort(([a], [b]) => a - b);
  const ranges: Range[] = [];
  for (const [first, last] of all) {
    const before = ranges.at(-1);
    if (before !== undefined && first <= before[1])
      throw new Error(`the grams ${first} to ${Math.min(last, before[1])} are taken already`);
    if (before !== undefined && before[1] + 1 === first) before[1] = last;
    else ranges.push([first, last]);
  }
  return ranges;
};

/** What is in `ranges` and not in `gone`, all of which is in `ranges`. */
export const without = (ranges: readonly Range[], gone: readonly Range[]): Range[] => {
  const left: Range[] = [];
  let i = 0;
  for (const [first, last] of ranges) {
    let from = first;
    for (; i < gone.length && gone[i]![0] <= last; i++) {
      if (gone[i]![0] > from) left.push([from, gone[i]![0] - 1]);
      from = gone[i]![1] + 1;
    }
    if (from <= last) left.push([from, last]);
  }
  return left;
};

/** The first `grams` of the ranges, and the rest of them. */
export const cut = (ranges: readonly Range[], grams: number): { taken: Range[]; left: Range[] } => {
  const taken: Range[] = [];
  let wanted = grams;
  for (const [first, last] of ranges) {
    if (wanted === 0) break;
    const end = Math.min(last, first + wanted - 1);
    taken.push([first, end]);
    wanted -= end - first + 1;
  }
  return { taken, left: without(ranges, taken) };
};

/** Of the grams 1 to `size` those that nobody has. */
export const freeOf = (size: number, used: readonly Range[]): Range[] => without([[1, size]], used);
