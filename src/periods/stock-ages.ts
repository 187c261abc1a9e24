import type { StorageLimit } from '../registry/registry.tables.ts';

const DAY_MS = 86_400_000;
/** Ages at which a class of age ends, in days; the last class has no end. */
export const CLASS_ENDS = [7, 30, 90, 365] as const;

/** A fifth of the time left is the time to act, unless the site says when the alarm begins. */
export const alarmDays = ({ days, alarmDays: said }: StorageLimit): number =>
  said ?? Math.floor((days * 4) / 5);

/** The moment before which came in what is older than `days` at `at`, milliseconds since 1970. */
export const olderThan = (at: number, days: number): number => at - days * DAY_MS;

/** Whole days since `since` at `at`. */
export const ageInDays = (since: number, at: number): number =>
  Math.max(0, Math.floor((at - since) / DAY_MS));

/** From the class of age, 0 the oldest, to its bounds in days; `toDays` null: no end. */
export const classBounds = (oldestFirst: number): { fromDays: number; toDays: number | null } => {
  const place = CLASS_ENDS.length - oldestFirst;
  return { fromDays: place === 0 ? 0 : CLASS_ENDS[place - 1]!, toDays: CLASS_ENDS[place] ?? null };
};
