import type { z } from 'zod';
import type { World } from './world.ts';

export type Role =
  | 'operator'
  | 'station'
  | 'warehouse'
  | 'carrier'
  | 'recycler'
  | 'brand'
  | 'certifier'
  | 'auditor'
  | 'fund'
  | 'payer'
  | 'regulator';

/** Who asks. `programme` is what the programme does by itself, under the nil actor. */
export type Caller = {
  keyId: string;
  /** The last fact that changed the key when it was looked up: a key rotated since is another. */
  keySeq: number;
  organisationId: string;
  role: Role | 'programme';
  /** The sites the key is limited to; null means every site of its organisation. */
  siteIds: readonly string[] | null;
  holder: string;
};

/** One person's share of a private part; under that person's own key. */
export type PersonPart = { personId: string; part: Record<string, unknown>; salt?: Uint8Array };

export type Bilingual = { en: string; zh: string };

/**
 * A type of fact, for ever: its shape, and what it does to the tables. Its `type` ends in a version; another
 * shape is another type.
 */
export type FactType<Data extends object = never, Private extends object = never> = {
  readonly type: string;
  readonly title: Bilingual;
  /** The public part without `sealed`. */
  readonly data: z.ZodType<Data>;
  /** The private part without `personSeals`; absent where a fact has none. */
  readonly private?: z.ZodType<Private>;
  /** Each person's part. */
  readonly person?: z.ZodType<object>;
  /** What it does to grams, and to fen, in a sentence. */
  readonly grams: string;
  readonly fen: string;
  /** Members that name an earlier fact by position. */
  readonly backPointers: readonly string[];
  /** Puts the fact's results into the tables. Never decides: replay calls it too. */
  apply(world: World, fact: Fact<Data, Private>): void;
};

/** A recorded fact as rules and followers read it. An erased person's part is null. */
export type Fact<
  Data extends object = Record<string, unknown>,
  Private extends object = Record<string, unknown>,
> = {
  readonly seq: number;
  readonly at: number;
  readonly type: string;
  readonly actor: string;
  readonly data: Data;
  readonly private: Private;
  readonly people: readonly ({ personId: string; part: Record<string, unknown> } | null)[];
};

/** What a rule decided: a fact not yet numbered. */
export type Draft<Data extends object = never, Private extends object = never> = {
  type: FactType<Data, Private>;
  data: Data;
  private?: Private;
  people?: readonly PersonPart[];
  /** Stands in for the caller's organisation where that is a natural person's. */
  actor?: string;
  /** Shown in the first answer and nowhere kept, such as a new key's secret. */
  once?: Record<string, string>;
};

// biome-ignore lint/suspicious/noExplicitAny: facts of every shape pass through one door
export type AnyFactType = FactType<any, any>;
// biome-ignore lint/suspicious/noExplicitAny: as above
export type AnyDraft = Draft<any, any>;
// biome-ignore lint/suspicious/noExplicitAny: as above
export type AnyFact = Fact<any, any>;

/** Ties a draft's parts to its type, so that the compiler checks them together. */
export const draft = <D extends object, P extends object>(d: Draft<D, P>): AnyDraft => d;

/** What a rule may use beside the world: all that would otherwise be taken from the air. */
export type DecideContext = {
  caller: Caller;
  /** The id the client gave this write, or the one made for it. */
  id: string;
  /** Milliseconds: when the fact will have been recorded. */
  now: number;
  /** The position the fact will stand at. */
  seq: number;
  newId(): string;
  random(bytes: number): Uint8Array;
};

/** A write: who may ask for it, what it decides, and what it answers. */
export type Operation<Input, Answer extends object> = {
  readonly name: string;
  readonly roles: readonly (Role | 'programme')[];
  readonly status: 200 | 201;
  /** Pure: reads the world, throws a DomainError to refuse. */
  decide(world: World, input: Input, context: DecideContext): AnyDraft;
  /** From the fact alone, so that a repeat can be answered from the ledger. */
  answer(fact: AnyFact): Answer;
};
