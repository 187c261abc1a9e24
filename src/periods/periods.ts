/** What keeps a period open. */
export const OPEN_KINDS = [
  'waste-in-stock',
  'open-case',
  'load-on-the-way',
  'pollutants-on-the-way',
  'lot-on-hold',
  'storage-lapsed',
] as const;

export type OpenItem = {
  kind: (typeof OPEN_KINDS)[number];
  id: string;
  /** Grams it is about. */
  grams: number;
  /** The position since which it is open. */
  seq: number;
};

/** Residue and sludge wait for a receiver's paper (domain, "The way of a gram"). */
export const WASTE: readonly string[] = ['residue', 'sludge'];

/** The month of a day, `YYYY-MM`. */
export const monthOf = (day: string): string => day.slice(0, 7);

/**
 * The first position of 0 … size at which `isAfter` holds, given that it holds from some position on; size where
 * it nowhere does. Asks about log2(size) positions: the ledger's times never step back.
 */
export const firstAfter = async (
  size: number,
  isAfter: (seq: number) => Promise<boolean>,
): Promise<number> => {
  let [low, high] = [0, size];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (await isAfter(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
};
