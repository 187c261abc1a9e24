import { conflict } from '../kernel/errors.ts';
import type { World } from '../ledger/world.ts';
import { type Lot, lots } from './lots.tables.ts';
import { type LotUse, refuseSealed } from './lots.ts';

/** Where and whose a lot must be for a step about it to be undone. */
export type Stands = { siteId: string | null; shipmentId?: string | null; organisationId?: string };

const isThere = (lot: Lot, { siteId, shipmentId = null, organisationId }: Stands): boolean =>
  lot.siteId === siteId &&
  lot.shipmentId === shipmentId &&
  (organisationId === undefined || lot.organisationId === organisationId);

const stateOf = ({ id: lotId, lastSeq: seq, grams, siteId }: Lot) => ({ lotId, seq, grams, siteId });

/**
 * What a step made, as it made it: all its grams, where they were made, on no hold and under no seal. What a later step
 * took and gave back counts as untaken, so that steps are undone one after the other; a sample takes nothing.
 * 409 `in_use` names the first lot that is not so, and the last fact that changed it; `in_container` one under a seal.
 */
export const unusedLots = (
  world: World,
  made: readonly { lotId: string; grams: number }[],
  stands: Stands,
): LotUse[] => {
  world.need(
    lots,
    made.map(({ lotId }) => lotId),
  );
  return made.map(({ lotId, grams }) => {
    const lot = world.get(lots, lotId)!;
    if (lot.grams !== grams || !isThere(lot, stands) || lot.heldBy !== null)
      throw conflict('in_use', 'What came of it was used since; undo that first.', stateOf(lot));
    refuseSealed(world, lot);
    return { lotId, seq: lot.lastSeq, grams };
  });
};

/**
 * What a step took, to be given back: each lot named with the last fact that changed it. A lot that has left since cannot
 * take grams there: 409 `not_here`; nor one that a case holds, `on_hold`, or that lies under a seal, `in_container`.
 */
export const givenBack = (
  world: World,
  taken: readonly { lotId: string; grams: number }[],
  stands: Stands,
): LotUse[] => {
  world.need(
    lots,
    taken.map(({ lotId }) => lotId),
  );
  return taken.map(({ lotId, grams }) => {
    const lot = world.get(lots, lotId)!;
    if (!isThere(lot, stands))
      throw conflict(
        'not_here',
        'What it was taken from has moved since; bring it back first.',
        stateOf(lot),
      );
    if (lot.heldBy !== null)
      throw conflict('on_hold', 'What it was taken from is on hold until its case is decided.', {
        ...stateOf(lot),
        caseId: lot.heldBy,
      });
    refuseSealed(world, lot);
    return { lotId, seq: lot.lastSeq, grams };
  });
};

/** As answers show them. */
export const lotGrams = (uses: readonly { lotId: string; grams: number }[]) =>
  uses.map(({ lotId, grams }) => ({ lotId, grams }));
