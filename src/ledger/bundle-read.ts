import { canonicalJson } from '../kernel/canonical.ts';
import { BUNDLE_FORMAT, type Bundle, type BundledEntry, type KeyCheckpoint } from './bundle.ts';
import type { ReasonCode } from './bundle-reasons.ts';

/** Why a bundle is rejected: a code (`bundle-reasons.ts` has its texts) and a JSON pointer to where. */
export type BundleReason = { code: ReasonCode; at: string };

/** Thrown within the check only. */
export class Rejected extends Error {
  override name = 'Rejected';
  readonly reason: BundleReason;
  constructor(code: ReasonCode, at: string) {
    super(`${code} ${at}`);
    this.reason = { code, at };
  }
}

/** What a step throws becomes a reason. */
export const tried = <T>(code: ReasonCode, at: string, step: () => T): T => {
  try {
    return step();
  } catch (error) {
    throw error instanceof Rejected ? error : new Rejected(code, at);
  }
};

/** More than a batch of 500 inputs needs. */
const MOST_BYTES = 64 * 1024 * 1024;
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Reads a file as a bundle. Throws Rejected unless it has the one form a bundle has; a line break may end it. */
export const readBundle = (source: string | Uint8Array): Bundle => {
  if (source.length > MOST_BYTES) throw new Rejected('too-large', '');
  const text = (typeof source === 'string' ? source : decoded(source)).replace(/\n$/, '');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Rejected('not-json', '');
  }
  const { format, version } = (value ?? {}) as Partial<Bundle>;
  if (format !== BUNDLE_FORMAT || version !== 1) throw new Rejected('wrong-format', '/format');
  const fault = shapeFault(value);
  if (fault !== undefined) throw new Rejected('wrong-shape', fault);
  if (!isCanonical(value, text)) throw new Rejected('not-canonical', '');
  return value as Bundle;
};

const decoded = (bytes: Uint8Array): string => {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new Rejected('not-text', '');
  }
};

const isCanonical = (value: unknown, text: string): boolean => {
  try {
    return canonicalJson(value) === text;
  } catch {
    return false;
  }
};

/** A pointer to the first place where a value does not have the shape; undefined when it has. */
type Shape = (value: unknown, at: string) => string | undefined;

const is =
  (test: (value: unknown) => boolean): Shape =>
  (value, at) =>
    test(value) ? undefined : at;

const text = is((value) => typeof value === 'string');
const count = is((value) => Number.isSafeInteger(value) && (value as number) >= 0);
const exactly = (...values: unknown[]): Shape => is((value) => values.includes(value));

const nullOr =
  (shape: Shape): Shape =>
  (value, at) =>
    value === null ? undefined : shape(value, at);

const list =
  (shape: Shape, least = 0): Shape =>
  (value, at) => {
    if (!Array.isArray(value) || value.length < least) return at;
    return firstOf(value, (each, i) => shape(each, `${at}/${i}`));
  };

const object = (members: Record<string, Shape>, optional?: string): Shape => {
  const names = Object.keys(members).sort();
  return (value, at) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return at;
    const own = Object.keys(value).sort();
    const odd =
      own.find((name) => !names.includes(name)) ??
      names.find((name) => !own.includes(name) && name !== optional);
    if (odd !== undefined) return `${at}/${odd}`;
    return firstOf(own, (name) => members[name]!((value as Record<string, unknown>)[name], `${at}/${name}`));
  };
};

const firstOf = <T>(items: readonly T[], fault: (item: T, i: number) => string | undefined) => {
  for (const [i, item] of items.entries()) {
    const found = fault(item, i);
    if (found !== undefined) return found;
  }
  return undefined;
};

const opening = object({ salt: text, bytes: text });
const entry = object({
  bytes: text,
  proof: text,
  openings: nullOr(object({ main: opening, people: list(nullOr(opening)) })),
} satisfies Record<keyof BundledEntry, Shape>);
const bundle = object({
  format: exactly(BUNDLE_FORMAT),
  version: exactly(1),
  log: object(
    {
      origin: text,
      keys: list(text, 1),
      keyCheckpoints: list(
        object({ note: text, proof: list(text) } satisfies Record<keyof KeyCheckpoint, Shape>),
        1,
      ),
    },
    'keyCheckpoints',
  ),
  witnesses: list(text),
  subject: object({ kind: exactly('entry', 'batch', 'statement'), seq: count }),
  entries: list(entry, 1),
} satisfies Record<keyof Bundle, Shape>);

const shapeFault = (value: unknown): string | undefined => bundle(value, '');
