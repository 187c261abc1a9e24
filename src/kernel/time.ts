/** Milliseconds since 1970-01-01T00:00:00Z. Handed in, never taken. */
export type Clock = () => number;

export type Random = (bytes: number) => Uint8Array;

/** `YYYY-MM-DDTHH:mm:ss.sssZ`, the only form of a time in an entry. */
export const instant = (ms: number): string => new Date(ms).toISOString();

const formats = new Map<string, Intl.DateTimeFormat>();
const days = new Map<string, string>();

/** The calendar day of `ms` in the time zone, `YYYY-MM-DD`. */
export const dayIn = (timeZone: string, ms: number): string => {
  // Offsets are whole quarter hours, so a day is the same through each; formatting is slow, hence kept.
  const slot = `${timeZone} ${Math.floor(ms / 900_000)}`;
  const known = days.get(slot);
  if (known !== undefined) return known;
  let format = formats.get(timeZone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-CA', {
      timeZone,
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
    });
    formats.set(timeZone, format);
  }
  const parts = new Map(format.formatToParts(ms).map((part) => [part.type, part.value]));
  const day = `${parts.get('year')!.padStart(4, '0')}-${parts.get('month')}-${parts.get('day')}`;
  if (days.size > 10_000) days.clear();
  days.set(slot, day);
  return day;
};

/** The calendar month of `ms` in the time zone, `YYYY-MM`. */
export const monthIn = (timeZone: string, ms: number): string => dayIn(timeZone, ms).slice(0, 7);
