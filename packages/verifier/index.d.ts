/** The hash and signature check to use; built-in ones unless given. `verify` never throws. */
export type Primitives = {
  hash: (bytes: Uint8Array) => Uint8Array;
  verify: (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean;
};

/** SHA-256 and Ed25519 in plain JavaScript. */
export const portable: Primitives;

/** What is known from elsewhere. Without it a bundle proves only that it agrees with itself. */
export type Expected = {
  /** Verifier keys (C2SP signed-note) of the log: one of them must have signed. */
  logKeys?: readonly string[];
  /** Verifier keys of witnesses. */
  witnesses?: readonly string[];
  /** How many of these must have cosigned; 0 unless said. */
  leastWitnesses?: number;
};

export type CheckedEntry = {
  seq: number;
  type: string;
  at: string;
  actor: string;
  /** 64 lower-case hex digits. */
  leafHash: string;
  data: Record<string, unknown>;
  /** The private part, where the bundle opens it. */
  opened: Record<string, unknown> | null;
  /** Each person's part; null where it was erased or is not shown. */
  people: (Record<string, unknown> | null)[];
};

/** `at` is when it cosigned, in milliseconds since 1970; `known` whether it is one of those expected. */
export type CheckedWitness = { name: string; key: string; at: number; known: boolean };

export type BundleVerdict =
  | {
      verdict: 'valid';
      reasons: [];
      origin: string;
      keys: string[];
      keyKnown: boolean;
      size: number;
      root: string;
      checkpoint: string;
      witnesses: CheckedWitness[];
      subject: { kind: 'entry' | 'batch' | 'statement'; seq: number };
      entries: CheckedEntry[];
    }
  | { verdict: 'invalid'; reasons: { code: string; at: string }[] };

/** Checks a bundle, given as text or as the bytes of its file. Never throws. */
export function verifyBundle(
  source: string | Uint8Array,
  expected?: Expected,
  primitives?: Primitives,
): BundleVerdict;

/** A checkpoint: how many entries, and the root over them in hex; with `origin` it is held against that log alone. */
export type Remembered = { size: number; root: string; origin?: string };

export type ExportVerdict =
  | {
      verdict: 'valid';
      size: number;
      root: string;
      leafHash: string;
      origin: string;
      key: string | null;
      witnesses: { name: string; key: string; at: number }[];
      types: Record<string, number>;
      continues: number[];
    }
  | { verdict: 'invalid'; seq: number; kind: string; detail: string };

/** Checks a whole log from an export, piece by piece as it is read. */
export class ExportCheck {
  constructor(expected?: Expected & { remembered?: readonly Remembered[] }, primitives?: Primitives);
  /** How many entries were found good so far. */
  get size(): number;
  get failed(): boolean;
  push(chunk: Uint8Array): void;
  finish(): ExportVerdict;
}

/** Whether the log of `now` begins with the log of `before`; `proof` is hashes in hex. */
export function continues(
  before: Remembered,
  now: Remembered,
  proof: readonly string[],
  primitives?: Pick<Primitives, 'hash'>,
): boolean;
