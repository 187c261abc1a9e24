import { z } from 'zod';
import { UUID } from '../../kernel/ids.ts';
import { massUnits, type Reading } from './units.ts';

type Kind = 'id' | 'text' | 'grams' | 'count' | 'metres' | 'e7' | 'time' | 'json';

/** Every member of a weigh-in's body that a map may fill, and how the text of a cell is read for it. */
export const fieldKinds: ReadonlyMap<string, Kind> = new Map<string, Kind>([
  ['siteId', 'id'],
  ['collectorId', 'id'],
  ['bagTag', 'text'],
  ['material', 'text'],
  ['form', 'text'],
  ['originClass', 'text'],
  ['originEvidence', 'text'],
  ['funding', 'text'],
  ['grossGrams', 'grams'],
  ['tareGrams', 'grams'],
  ['basis', 'text'],
  ['count', 'count'],
  ['collectedAt', 'time'],
  ['location.latE7', 'e7'],
  ['location.lonE7', 'e7'],
  ['location.accuracyM', 'metres'],
  ['location.method', 'text'],
  ['location.datum', 'text'],
  ['vesselId', 'id'],
  ['containerId', 'id'],
  ['deviceId', 'id'],
  ['parties', 'json'],
  ['deductions', 'json'],
  ['location', 'json'],
  ['quote', 'json'],
  ['settlement', 'json'],
  ['evidence', 'json'],
  ['attestation', 'json'],
]);

const builtIn = { form: 'mixed', originClass: 'none', basis: 'weighed', tareGrams: 0 };
const required = [
  'siteId',
  'material',
  'form',
  'originClass',
  'grossGrams',
  'tareGrams',
  'basis',
  'collectedAt',
];

/** Whether a weigh-in with these members lacks something without the field; what is counted needs no weight. */
export function isRequired(field: string, members: object): boolean {
  return required.includes(field) && !(field === 'grossGrams' && 'count' in members);
}

const columnSchema = z.strictObject({
  column: z.string().min(1),
  /** Of the text in the cell: a mass unit for grams, `degree` for positions. */
  unit: z.enum([...massUnits, 'degree']).optional(),
  /** Day.js format tokens, tried in order. */
  formats: z.array(z.string()).min(1).optional(),
  /** An IANA name, such as Asia/Shanghai; where local times of the formats are local. */
  timeZone: z.string().optional(),
  /** Text of a cell → what the programme calls it; other text refuses the row. */
  values: z.record(z.string(), z.string()).optional(),
  /** Reads the cell as a JSON value; always so for members that are objects or lists. */
  as: z.literal('json').optional(),
});

const mapSchema = z.strictObject({
  defaults: z.record(z.string(), z.json()).default({}),
  columns: z.record(z.string(), columnSchema),
  /** A WHATWG label, such as gb18030 for files a Chinese Excel wrote. */
  encoding: z.string().default('utf-8'),
  delimiter: z.string().length(1).default(','),
});

export type Json = z.infer<ReturnType<typeof z.json>>;
export type MappedColumn = z.infer<typeof columnSchema> & { field: string; kind: Kind };
/** A map that was found consistent: the columns in the order written, the defaults complete. */
export type ImportMap = {
  defaults: Record<string, Json>;
  columns: MappedColumn[];
  encoding: string;
  delimiter: string;
};

/**
 * Reads a map and the `field=value` settings that replace its defaults.
 * Answers with a map that is consistent in itself, or with all reasons why not; whether the file has the
 * named columns is not known here.
 */
export function readMap(source: unknown, settings: readonly string[] = []): Reading<ImportMap> {
  const parsed = mapSchema.safeParse(source);
  if (!parsed.success) {
    return {
      ok: false,
      reason: parsed.error.issues.map((i) => `${i.path.join('.')}: ${i.message}`).join('; '),
    };
  }
  const { columns: written, encoding, delimiter } = parsed.data;
  const defaults: Record<string, Json> = { ...builtIn, ...parsed.data.defaults };
  const reasons: string[] = [];

  for (const setting of settings) {
    const reason = applySetting(defaults, setting);
    if (reason) reasons.push(reason);
  }
  for (const [field, value] of Object.entries(defaults)) {
    const reason = unknownField(field) ?? wrongDefault(field, value);
    if (reason) reasons.push(reason);
  }
  const columns: MappedColumn[] = [];
  for (const [field, column] of Object.entries(written)) {
    const kind = column.as ?? fieldKinds.get(field);
    const reason = unknownField(field) ?? (kind && wrongColumn(field, kind, column));
    if (reason) reasons.push(reason);
    else if (kind) columns.push({ ...column, field, kind });
  }
  const filled = { ...defaults, ...written };
  for (const field of required) {
    if (isRequired(field, filled) && !(field in filled)) {
      reasons.push(`${field} has neither a column nor a default (--set ${field}=…)`);
    }
  }
  if (!isEncoding(encoding)) reasons.push(`${JSON.stringify(encoding)} is not a known encoding`);
  if (/["\r\n]/.test(delimiter)) reasons.push('delimiter cannot be a quote or the end of a line');
  if (reasons.length > 0) return { ok: false, reason: reasons.join('; ') };
  return { ok: true, value: { defaults, columns, encoding, delimiter } };
}

function applySetting(defaults: Record<string, Json>, setting: string): string | undefined {
  const at = setting.indexOf('=');
  const field = setting.slice(0, at);
  if (at < 1) return `--set ${setting} is not of the form field=value`;
  const unknown = unknownField(field);
  if (unknown) return unknown;
  const text = setting.slice(at + 1);
  let value: Json = text;
  if (!['id', 'text', 'time'].includes(fieldKinds.get(field)!)) {
    try {
      value = JSON.parse(text) as Json;
    } catch {
      return `--set ${field}: ${JSON.stringify(text)} is not a number or JSON value`;
    }
  }
  const [root, member] = field.split('.') as [string, string?];
  if (member === undefined) defaults[root] = value;
  else defaults[root] = { ...(defaults[root] as Record<string, Json> | undefined), [member]: value };
  return undefined;
}

function unknownField(field: string): string | undefined {
  if (field === 'id') return 'id cannot be mapped: it follows from the file and the line';
  if (fieldKinds.has(field)) return undefined;
  return `${JSON.stringify(field)} is not a member of a weigh-in (known: ${[...fieldKinds.keys()].join(' ')})`;
}

function wrongDefault(field: string, value: Json): string | undefined {
  const kind = fieldKinds.get(field);
  if (kind === 'id' && !(typeof value === 'string' && UUID.test(value))) {
    return `${field}: ${JSON.stringify(value)} is not a lower-case UUID`;
  }
  if (kind === 'grams' && !(Number.isSafeInteger(value) && Number(value) >= 0)) {
    return `${field}: ${JSON.stringify(value)} is not a whole number of grams`;
  }
  return undefined;
}

function wrongColumn(field: string, kind: Kind, column: z.infer<typeof columnSchema>): string | undefined {
  const isMass = column.unit !== undefined && column.unit !== 'degree';
  if (kind === 'grams' && !isMass) return `${field} needs a unit, one of ${massUnits.join(' ')}`;
  if (kind !== 'grams' && isMass) return `${field} is no mass and takes no unit`;
  if (column.unit === 'degree' && kind !== 'e7') return `${field} is no position and takes no degrees`;
  if (kind !== 'time') return column.formats || column.timeZone ? `${field} is no time` : undefined;
  if (column.timeZone !== undefined && !isTimeZone(column.timeZone)) {
    return `${field}: ${JSON.stringify(column.timeZone)} is not an IANA time zone`;
  }
  return undefined;
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }) !== undefined;
  } catch {
    return false;
  }
}

function isEncoding(label: string): boolean {
  try {
    return new TextDecoder(label) !== undefined;
  } catch {
    return false;
  }
}
