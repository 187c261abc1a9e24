import type { CounterRun } from './device-lines.tables.ts';

/** How long a missing counter may still arrive before the gap is marked: phones come back from sea. */
export const GAP_PATIENCE_MS = 30 * 24 * 60 * 60_000;

/** Whether counters are missing before a run. A device may begin at 0 or at 1. */
const hasGap = (run: CounterRun, index: number): boolean => index > 0 || run.from > 1;

/** The first run that ends at or after the counter. */
const indexOf = (runs: readonly CounterRun[], counter: number): number => {
  let [low, high] = [0, runs.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (runs[middle]!.to < counter) low = middle + 1;
    else high = middle;
  }
  return low;
};

export type Seen = { counter: number; seq: number; lotId: string; at: number };

/**
 * Puts a counter among those seen, which change in place; in any order of arrival the same runs come out.
 *
 * @returns `repeated` when it was seen before, and the run whose weigh-in no longer stands after a gap
 */
export const see = (runs: CounterRun[], seen: Seen): { repeated: boolean; filled: CounterRun | null } => {
  const { counter, seq, lotId, at } = seen;
  const index = indexOf(runs, counter);
  const [left, right] = [runs[index - 1], runs[index]];
  if (right !== undefined && right.from <= counter) return { repeated: true, filled: null };
  const joinsLeft = left?.to === counter - 1;
  const joinsRight = right?.from === counter + 1;
  const filled = joinsRight ? { ...right } : null;
  if (joinsLeft && joinsRight) {
    left.to = right.to;
    runs.splice(index, 1);
  } else if (joinsLeft) left.to = counter;
  else if (joinsRight) Object.assign(right, { from: counter, seq, lotId, marked: false });
  // Within a gap that waits already, both parts of it go on waiting.
  else
    runs.splice(index, 0, {
      from: counter,
      to: counter,
      seq,
      lotId,
      since: right?.since ?? at,
      marked: false,
    });
  return { repeated: false, filled };
};

/** When the gap that waited longest is to be marked, in milliseconds; a closed device brings nothing any more. */
export const dueOf = (runs: readonly CounterRun[], closed: boolean): number | null => {
  let due: number | null = null;
  for (const [i, run] of runs.entries()) {
    if (run.marked || !hasGap(run, i)) continue;
    const at = closed ? 0 : run.since + GAP_PATIENCE_MS;
    if (due === null || at < due) due = at;
  }
  return due;
};

/** Runs whose gap is to be marked at `now`, at most `most`. */
export const overdue = (
  runs: readonly CounterRun[],
  closed: boolean,
  now: number,
  most: number,
): CounterRun[] =>
  runs
    .filter((run, i) => !run.marked && hasGap(run, i) && (closed || run.since + GAP_PATIENCE_MS <= now))
    .slice(0, most);

/** Counters that are missing, first and last of each gap, at most `most` gaps. */
export const missing = (runs: readonly CounterRun[], most: number): { from: number; to: number }[] =>
  runs
    .flatMap((run, i) =>
      hasGap(run, i) ? [{ from: i === 0 ? 1 : runs[i - 1]!.to + 1, to: run.from - 1 }] : [],
    )
    .slice(0, most);
