import { collectionOperations } from '../../collection/collection.operations.ts';
import { commandKey } from '../../http/route.ts';
import type { Command } from '../../ledger/record.ts';
import type { Place } from './place.ts';
import { weighIn } from './weigh-in.ts';

/** Makes commands as the route does, from a checked body to key and fingerprint. */
export const commandMaker = ({ deps, siteId, caller }: Place): (() => Command) => {
  const { recordCollection: operation } = collectionOperations(deps.keyring, deps.programme);
  return () => {
    const input = weighIn(siteId);
    const key = commandKey(deps.keyring, operation.name, caller, input, undefined, deps.newId);
    return { operation, input, caller, key };
  };
};

/** Records one new weigh-in through the door, each time it is called. */
export const recorder = (place: Place): (() => Promise<number>) => {
  const make = commandMaker(place);
  return async () => {
    const { operation, input, caller, key } = make();
    const { receipt } = await place.deps.door.record(operation, input, caller, key);
    return receipt.seq;
  };
};

type Lot = { id: string; grams: number };
const UPLOAD = 500;
/** How many uploads wait in the door at once. */
const UPLOADS = 2;

/**
 * Records so many weigh-ins through the door, in uploads of 500, or as many as `budgetMs` allows. Returns the first
 * 10,000 lots, and how many were recorded.
 */
export const fill = async (
  place: Place,
  total: number,
  progress: (done: number) => void = () => undefined,
  budgetMs = Number.POSITIVE_INFINITY,
): Promise<{ lots: Lot[]; recorded: number }> => {
  const end = performance.now() + budgetMs;
  const make = commandMaker(place);
  const lots: Lot[] = [];
  let taken = 0;
  const worker = async (): Promise<void> => {
    while (taken < total && performance.now() < end) {
      const size = Math.min(UPLOAD, total - taken);
      taken += size;
      const recorded = await Promise.all(
        place.deps.door.submit(Array.from({ length: size }, make), UPLOAD * 600),
      );
      if (lots.length < 10_000) for (const { answer } of recorded) lots.push((answer as { lot: Lot }).lot);
      if (taken % 10_000 === 0) progress(taken);
    }
  };
  await Promise.all(Array.from({ length: UPLOADS }, worker));
  return { lots, recorded: taken };
};
