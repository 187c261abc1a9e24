import type { AnyFact, AnyFactType } from './fact.ts';
import { type AnyTable, type Changes, Missing, World } from './world.ts';

/** Loaded rows of one table kept from batch to batch. */
const MAX_LOADED_ROWS = 50_000;

/** Where a replay reads and writes rows. */
export type ReplayWriter = {
  /** The rows with these keys, as far as they are there. */
  load(table: AnyTable, ids: readonly string[]): Promise<object[]>;
  /** Writes rows whether they are there already or not; those of tables that are not replayed are left out. */
  save(changes: Changes): Promise<void>;
};

/** A fact whose results cannot be put into the tables. */
export class ReplayFault extends Error {
  override name = 'ReplayFault';
  readonly seq: number;
  constructor(seq: number, type: string, cause: unknown) {
    super(`entry ${seq} (${type}) cannot be applied: ${(cause as Error).message}`, { cause });
    this.seq = seq;
  }
}

export type Replay = {
  /** Applies the next facts in order and saves what they mean. Throws a ReplayFault. */
  apply(facts: readonly AnyFact[]): Promise<void>;
  /** Types nobody here knows, with how many facts were passed over. */
  readonly notUnderstood: ReadonlyMap<string, number>;
};

/** Puts the results of facts into tables as the door did when they were recorded; decides nothing anew. */
export const createReplay = (writer: ReplayWriter, factTypes: ReadonlyMap<string, AnyFactType>): Replay => {
  const world = new World();
  const notUnderstood = new Map<string, number>();
  return {
    notUnderstood,
    apply: async (facts) => {
      const known = facts.filter(({ type }) => {
        if (!factTypes.has(type)) notUnderstood.set(type, (notUnderstood.get(type) ?? 0) + 1);
        return factTypes.has(type);
      });
      await applyAll(world, writer, known, factTypes);
      await writer.save(world.changes());
      world.settle(MAX_LOADED_ROWS);
    },
  };
};

/** What facts miss is loaded for all at once; from the first that waits on, they are applied again. */
const applyAll = async (
  world: World,
  writer: ReplayWriter,
  facts: readonly AnyFact[],
  factTypes: ReadonlyMap<string, AnyFactType>,
): Promise<void> => {
  for (let next = 0; next < facts.length; ) {
    const missing = new Map<AnyTable, Set<string>>();
    for (const fact of facts.slice(next)) {
      applyOne(world, fact, factTypes.get(fact.type)!, missing);
      if (missing.size === 0) {
        world.keep();
        next++;
      } else world.drop();
    }
    for (const [table, ids] of missing) world.load(table, [...ids], await writer.load(table, [...ids]));
  }
};

const applyOne = (
  world: World,
  fact: AnyFact,
  type: AnyFactType,
  missing: Map<AnyTable, Set<string>>,
): void => {
  const waits = missing.size > 0;
  try {
    type.apply(world, fact);
  } catch (error) {
    if (error instanceof Missing) {
      for (const [table, wanted] of error.wanted) {
        const ids = missing.get(table) ?? new Set();
        missing.set(table, ids);
        for (const id of wanted) ids.add(id);
      }
    } else if (!waits) throw new ReplayFault(fact.seq, fact.type, error);
    // One that waits may stumble over what those before it have not yet written; it is applied again.
  }
};
