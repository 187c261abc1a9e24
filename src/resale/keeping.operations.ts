import { conflict, unprocessable } from '../kernel/errors.ts';
import { instant } from '../kernel/time.ts';
import { draft, type Operation } from '../ledger/fact.ts';
import type { World } from '../ledger/world.ts';
import { type Lot, lots } from '../lots/lots.tables.ts';
import { type LotUse, untouchedLots } from '../lots/lots.ts';
import { actorOf } from '../registry/actor.ts';
import { checkBuyer, checkReservation, ownBatch, useOf } from './held.ts';
import { batchReleased, batchReserved, batchUnsealed } from './keeping.facts.ts';
import type { ReservationRequest, UnsealRequest } from './keeping.schema.ts';
import { SEALERS } from './resale.operations.ts';
import type { Batch } from './resale.tables.ts';

export type OfBatch<Request> = Request & { batchId: string };
export type UnsealAnswer = { id: string; state: 'unsealed'; lots: { lotId: string; grams: number }[] };
export type ReservationAnswer = { id: string; buyerId: string; until: string };

/** What each input gets back, where it still stands beside the batch. 409 `not_here`, `on_hold`. */
const givenBack = (world: World, batch: Batch, siteId: string | null): LotUse[] => {
  world.need(
    lots,
    batch.inputs.map((input) => input.lotId),
  );
  return batch.inputs.map(({ lotId, grams }) => {
    const lot = world.get(lots, lotId)!;
    checkBeside(lot, siteId);
    return { lotId, seq: lot.lastSeq, grams };
  });
};

const checkBeside = (lot: Lot, siteId: string | null): void => {
  const state = { lotId: lot.id, grams: lot.grams, siteId: lot.siteId, seq: lot.lastSeq };
  if (lot.heldBy !== null)
    throw conflict('on_hold', 'A lot it came from is on hold until its case is decided.', {
      ...state,
      caseId: lot.heldBy,
    });
  if (lot.siteId !== siteId)
    throw conflict('not_here', 'What was left of a lot it came from has moved; bring it back first.', state);
};

/** @param programme whose operator stands for natural persons */
export const keepingOperations = (programme: {
  operatorId: string;
}): {
  unsealBatch: Operation<OfBatch<UnsealRequest>, UnsealAnswer>;
  reserveBatch: Operation<OfBatch<ReservationRequest>, ReservationAnswer>;
  releaseBatch: Operation<{ batchId: string }, { id: string }>;
} => ({
  unsealBatch: {
    name: 'batch.unseal',
    roles: SEALERS,
    status: 201,
    decide(world, input, { caller, now }) {
      const batch = ownBatch(world, caller, input.batchId);
      if (batch.sales > 0)
        throw conflict('already_sold', 'This batch was sold; take the grams back as a return.', {
          batchId: batch.id,
          seq: batch.lastSeq,
          soldGrams: batch.soldGrams,
        });
      checkReservation(batch, now, null);
      const [lot] = untouchedLots(world, [batch.lotId], batch.seq);
      return draft({
        type: batchUnsealed,
        ...actorOf(world, caller, programme),
        data: {
          batchId: batch.id,
          seq: batch.lastSeq,
          sealedSeq: batch.seq,
          lot: { lotId: batch.lotId, seq: lot!.lastSeq, grams: lot!.grams },
          inputs: givenBack(world, batch, lot!.siteId),
        },
        private: { keyId: caller.keyId, reason: input.reason },
      });
    },
    answer: ({ data }) => ({
      id: data.batchId,
      state: 'unsealed',
      lots: (data.inputs as LotUse[]).map(({ lotId, grams }) => ({ lotId, grams })),
    }),
  },
  reserveBatch: {
    name: 'batch.reserve',
    roles: SEALERS,
    status: 201,
    decide(world, input, { caller, now }) {
      const batch = ownBatch(world, caller, input.batchId);
      const until = Date.parse(input.until);
      if (!(until > now)) throw unprocessable('in_the_past', '/until', 'must lie ahead');
      checkBuyer(world, batch, input.buyerId, '/buyerId');
      checkReservation(batch, now, input.buyerId);
      // Nothing to keep where nothing is left, or where it is not here to be sold.
      useOf(world.get(lots, batch.lotId)!, batch.organisationId);
      return draft({
        type: batchReserved,
        ...actorOf(world, caller, programme),
        data: { batchId: batch.id, seq: batch.lastSeq },
        private: { keyId: caller.keyId, buyerId: input.buyerId, until },
      });
    },
    answer: ({ data, private: more }) => ({
      id: data.batchId,
      buyerId: more.buyerId,
      until: instant(more.until),
    }),
  },
  releaseBatch: {
    name: 'batch.release',
    roles: SEALERS,
    status: 201,
    decide(world, { batchId }, { caller }) {
      const batch = ownBatch(world, caller, batchId);
      if (batch.reservedFor === null)
        throw conflict('not_reserved', 'This batch is reserved for nobody.', { batchId, seq: batch.lastSeq });
      return draft({
        type: batchReleased,
        ...actorOf(world, caller, programme),
        data: { batchId, seq: batch.lastSeq },
        private: { keyId: caller.keyId },
      });
    },
    answer: ({ data }) => ({ id: data.batchId }),
  },
});
