import { UUID } from '../../kernel/ids.ts';
import { type ImportMap, isRequired, type Json, type MappedColumn } from './map.ts';
import { e7PerDegree, type MassUnit, quoted, type Reading, toGrams, toInteger } from './units.ts';

export type WeighInBody = Record<string, Json>;
export type RowReader = (cells: readonly string[]) => { body: WeighInBody } | { reasons: string[] };
type ReadCell = (text: string) => Reading<Json>;
type LocalTime = Record<'year' | 'month' | 'day' | 'hour' | 'minute' | 'second' | 'millisecond', number>;
type ReadFormat = (text: string) => (LocalTime & { offset?: string }) | undefined;

/**
 * Binds a map to the header of a file. The answer turns the cells of one row into a weigh-in's body (without
 * `id`) or into every reason why it cannot; an empty cell takes the default, or leaves the member out.
 * Refuses a column that the header lacks or has twice, and a date format it cannot read.
 */
export function bindRows(map: ImportMap, header: readonly string[]): Reading<RowReader> {
  const names = header.map((name) => name.trim());
  const reasons: string[] = [];
  const bound: { column: MappedColumn; at: number; read: ReadCell }[] = [];
  for (const column of map.columns) {
    const at = names.indexOf(column.column);
    const reader = readerOf(column);
    if (at < 0) {
      const has = names.map((name) => quoted(name)).join(', ');
      reasons.push(`${column.field}: there is no column ${quoted(column.column)}; the file has ${has}`);
    } else if (names.lastIndexOf(column.column) !== at) {
      reasons.push(`${column.field}: the file has more than one column ${quoted(column.column)}`);
    } else if (!reader.ok) {
      reasons.push(`${column.field}: ${reader.reason}`);
    } else {
      bound.push({ column, at, read: reader.value });
    }
  }
  if (reasons.length > 0) return { ok: false, reason: reasons.join('; ') };

  const hasCoordinates = bound.some(({ column }) => column.kind === 'e7');
  const readRow: RowReader = (cells) => {
    if (cells.length !== names.length) {
      return { reasons: [`${cells.length} cells where the header has ${names.length}`] };
    }
    const body: WeighInBody = { ...map.defaults };
    const faults: string[] = [];
    const empty: MappedColumn[] = [];
    let positioned = false;
    for (const { column, at, read } of bound) {
      const text = cells[at]!.trim();
      const meant = column.values === undefined ? text : codeFor(text, column.values);
      if (meant === '') {
        empty.push(column);
        continue;
      }
      const reading: Reading<Json> =
        meant === undefined
          ? {
              ok: false,
              reason: `${quoted(text)} is not among the values listed for ${quoted(column.column)}`,
            }
          : read(meant);
      if (reading.ok) setMember(body, column.field, reading.value);
      else faults.push(`${column.field}: ${reading.reason}`);
      positioned ||= column.kind === 'e7';
    }
    for (const { field, column } of empty) {
      if (isRequired(field, body) && body[field] === undefined) {
        faults.push(`${field}: the cell under ${quoted(column)} is empty`);
      }
    }
    // Constants such as the method do not make a position where the row has no coordinates.
    if (hasCoordinates && !positioned) delete body.location;
    return faults.length > 0 ? { reasons: faults } : { body };
  };
  return { ok: true, value: readRow };
}

function codeFor(text: string, values: Record<string, string>): string | undefined {
  if (Object.hasOwn(values, text)) return values[text];
  return text === '' ? '' : undefined;
}

function setMember(body: WeighInBody, field: string, value: Json): void {
  const [root, member] = field.split('.') as [string, string?];
  if (member === undefined) body[root] = value;
  else body[root] = { ...(body[root] as Record<string, Json> | undefined), [member]: value };
}

function readerOf(column: MappedColumn): Reading<ReadCell> {
  const reader = (read: ReadCell): Reading<ReadCell> => ({ ok: true, value: read });
  switch (column.kind) {
    case 'grams':
      return reader((text) => toGrams(text, column.unit as MassUnit));
    case 'count':
      return reader((text) => toInteger(text, { whole: true }));
    case 'metres':
      return reader((text) => toInteger(text, {}));
    case 'e7':
      return column.unit === 'degree'
        ? reader((text) => toInteger(text, { factor: e7PerDegree, signed: true }))
        : reader((text) => toInteger(text, { signed: true, whole: true }));
    case 'time':
      return timeReader(column.formats, column.timeZone);
    case 'id':
      return reader((text) =>
        UUID.test(text)
          ? { ok: true, value: text }
          : { ok: false, reason: `${quoted(text)} is not a lower-case UUID` },
      );
    case 'json':
      return reader(readJson);
    case 'text':
      return reader((text) => ({ ok: true, value: text }));
  }
}

function readJson(text: string): Reading<Json> {
  try {
    return { ok: true, value: JSON.parse(text) as Json };
  } catch {
    return { ok: false, reason: `${quoted(text)} is not JSON` };
  }
}

/**
 * Reads times into RFC 3339 with offset, by the first of `formats` (Day.js tokens) that fits the whole text
 * and names a day of the calendar; without formats the text must be RFC 3339 already.
 * `MM`, `DD`, `HH`, `mm` and `ss` also take one digit, as hand-kept tables mix 05/06/21 with 5/6/21, except
 * where digits of another token touch them. A two-digit year to 68 is 20yy, above it 19yy, as in Day.js.
 * A date without time is the first instant of that day in `timeZone`.
 */
export function timeReader(formats: readonly string[] | undefined, timeZone?: string): Reading<ReadCell> {
  if (formats === undefined) return { ok: true, value: readRfc3339 };
  const readers: ReadFormat[] = [];
  for (const format of formats) {
    const compiled = compileFormat(format);
    if (!compiled.ok) return compiled;
    if (!compiled.value.hasOffset && timeZone === undefined) {
      return { ok: false, reason: `the format ${quoted(format)} names no offset, so a timeZone is needed` };
    }
    readers.push(compiled.value.read);
  }
  const offsetAt = timeZone === undefined ? undefined : zoneOffset(timeZone);
  return {
    ok: true,
    value: (text) => {
      for (const read of readers) {
        const clock = read(text);
        if (clock === undefined) continue;
        const offset = clock.offset ?? offsetAt!(clock);
        if (offset !== undefined) return { ok: true, value: rfc3339(clock, offset) };
      }
      return { ok: false, reason: `${quoted(text)} is not a date as ${formats.join(' or ')}` };
    },
  };
}

function readRfc3339(text: string): Reading<string> {
  const [, local] = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/.exec(text) ?? [];
  const instant = local === undefined ? Number.NaN : Date.parse(`${local}Z`);
  if (!Number.isNaN(instant) && new Date(instant).toISOString().startsWith(local!))
    return { ok: true, value: text };
  return { ok: false, reason: `${quoted(text)} is not a time with offset as in RFC 3339; list its formats` };
}

const months = 'january february march april may june july august september october november december'.split(
  ' ',
);
const digits: Record<string, [member: keyof LocalTime, pattern: string]> = {
  YYYY: ['year', '\\d{4}'],
  YY: ['year', '\\d{2}'],
  SSS: ['millisecond', '\\d{3}'],
};
for (const [token, member] of [
  ['M', 'month'],
  ['D', 'day'],
  ['H', 'hour'],
  ['h', 'hour'],
  ['m', 'minute'],
  ['s', 'second'],
] as const) {
  digits[token] = [member, '\\d{1,2}'];
  digits[token + token] = [member, '\\d{2}'];
}
const words: Record<string, string> = {
  MMMM: months.join('|'),
  MMM: months.map((month) => month.slice(0, 3)).join('|'),
  A: 'am|pm',
  a: 'am|pm',
  Z: '[+-]\\d{2}:\\d{2}|Z',
  ZZ: '[+-]\\d{4}|Z',
};

function compileFormat(format: string): Reading<{ read: ReadFormat; hasOffset: boolean }> {
  const pieces = [...format.matchAll(/\[([^\]]*)\]|(YYYY|SSS|ZZ|MMMM|MMM|YY|([MDHhms])\3?|[AaZ])|([\s\S])/g)];
  const isDigits = (at: number) => pieces[at]?.[2] !== undefined && digits[pieces[at][2]] !== undefined;
  const tokens: string[] = [];
  let pattern = '';
  for (const [at, [, literal, token, , other]] of pieces.entries()) {
    if (token === undefined) {
      if (other !== undefined && /[A-SU-Za-z]/.test(other)) {
        return {
          ok: false,
          reason: `${quoted(format)}: ${quoted(other)} is no token known here; put words in [ ]`,
        };
      }
      pattern += (literal ?? other ?? '').replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
      continue;
    }
    const touches = isDigits(at - 1) || isDigits(at + 1);
    const digitPattern = digits[token]?.[1];
    pattern += `(${digitPattern === '\\d{2}' && token !== 'YY' && !touches ? '\\d{1,2}' : (digitPattern ?? words[token])})`;
    tokens.push(token);
  }
  const has = (...any: string[]) => any.some((token) => tokens.includes(token));
  if (!has('YYYY', 'YY') || !has('M', 'MM', 'MMM', 'MMMM') || !has('D', 'DD')) {
    return { ok: false, reason: `${quoted(format)} lacks a year, a month or a day` };
  }
  if (has('h', 'hh') !== has('A', 'a')) {
    return { ok: false, reason: `${quoted(format)}: hours of twelve (h) and A belong together` };
  }
  const whole = new RegExp(`^${pattern}$`, 'i');
  return {
    ok: true,
    value: {
      hasOffset: has('Z', 'ZZ'),
      read: (text) => {
        const match = whole.exec(text);
        return match === null ? undefined : clockOf(tokens, match.slice(1));
      },
    },
  };
}

const zeroClock: LocalTime = { year: 0, month: 0, day: 0, hour: 0, minute: 0, second: 0, millisecond: 0 };

function clockOf(tokens: readonly string[], texts: readonly string[]): ReturnType<ReadFormat> {
  const clock: LocalTime & { offset?: string } = { ...zeroClock };
  let half: string | undefined;
  for (const [at, token] of tokens.entries()) {
    const text = texts[at]!.toLowerCase();
    if (token === 'YY') clock.year = Number(text) + (Number(text) > 68 ? 1900 : 2000);
    else if (digits[token]) clock[digits[token][0]] = Number(text);
    else if (token.startsWith('M')) clock.month = months.findIndex((month) => month.startsWith(text)) + 1;
    else if (token.startsWith('Z'))
      clock.offset = text === 'z' ? 'Z' : text.replace(/(\d\d):?(\d\d)/, '$1:$2');
    else half = text;
  }
  if (half !== undefined) {
    if (clock.hour < 1 || clock.hour > 12) return undefined;
    clock.hour = (clock.hour % 12) + (half === 'pm' ? 12 : 0);
  }
  const day = new Date(asUtc(clock));
  const exists =
    day.getUTCMonth() + 1 === clock.month && clock.day > 0 && clock.hour < 24 && clock.minute < 60;
  return exists && clock.second < 60 ? clock : undefined;
}

/** Milliseconds since 1970 if the clock stood in UTC. */
function asUtc({ year, month, day, hour, minute, second, millisecond }: LocalTime): number {
  return (
    new Date(0).setUTCFullYear(year, month - 1, day) +
    ((hour * 60 + minute) * 60 + second) * 1000 +
    millisecond
  );
}

type Offset = { text: string | undefined; ms: number };

/**
 * The offset of a local time as `+08:00`. Where clocks were set, the offset in force before the change: a time
 * that occurred twice is the first one; one that was skipped is what a clock nobody put forward would show, so
 * midnight in a gap is the first instant of its day. Undefined for the local mean times of the 19th century,
 * whose seconds RFC 3339 cannot write.
 */
function zoneOffset(timeZone: string): (clock: LocalTime) => string | undefined {
  const format = new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'longOffset' });
  const known = new Map<number, Offset>();
  const offsetAt = (instant: number): Offset => {
    // Clocks are set on whole quarter hours, so one answer serves each; formatting is slow, hence kept.
    const quarter = Math.floor(instant / 900_000);
    let offset = known.get(quarter);
    if (offset === undefined) {
      const [, sign = '+', hours = '00', minutes = '00', seconds] =
        /GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/.exec(format.format(instant)) ?? [];
      offset = {
        text: seconds === undefined ? `${sign}${hours}:${minutes}` : undefined,
        ms: Number(`${sign}1`) * (Number(hours) * 60 + Number(minutes)) * 60_000,
      };
      if (known.size >= 10_000) known.clear();
      known.set(quarter, offset);
    }
    return offset;
  };
  const dayMs = 86_400_000;
  return (clock) => {
    const local = asUtc(clock);
    const before = offsetAt(local - dayMs);
    const after = offsetAt(local + dayMs);
    if (before.text === after.text || offsetAt(local - before.ms).text === before.text) return before.text;
    return offsetAt(local - after.ms).text === after.text ? after.text : before.text;
  };
}

function rfc3339(clock: LocalTime, offset: string): string {
  const at = new Date(asUtc(clock)).toISOString();
  return (clock.millisecond === 0 ? at.slice(0, 19) : at.slice(0, 23)) + offset;
}
