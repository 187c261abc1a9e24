import { conflict, unprocessable } from '../kernel/errors.ts';
import { instant } from '../kernel/time.ts';
import { draft, type Operation } from '../ledger/fact.ts';
import { lots } from '../lots/lots.tables.ts';
import { givenBack, lotGrams, unusedLots } from '../lots/undo.ts';
import { actorOf } from '../registry/actor.ts';
import { checkBuyer, checkReservation, ownBatch, useOf } from './held.ts';
import { batchReleased, batchReserved, batchUnsealed } from './keeping.facts.ts';
import type { ReservationRequest, UnsealRequest } from './keeping.schema.ts';
import { SEALERS } from './resale.operations.ts';

export type OfBatch<Request> = Request & { batchId: string };
export type UnsealAnswer = { id: string; state: 'unsealed'; lots: { lotId: string; grams: number }[] };
export type ReservationAnswer = { id: string; buyerId: string; until: string };

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
      const stands = { siteId: batch.siteId };
      const [lot] = unusedLots(world, [batch], stands);
      return draft({
        type: batchUnsealed,
        ...actorOf(world, caller, programme),
        data: {
          batchId: batch.id,
          seq: batch.lastSeq,
          sealedSeq: batch.seq,
          lot: lot!,
          inputs: givenBack(world, batch.inputs, stands),
        },
        private: { keyId: caller.keyId, reason: input.reason },
      });
    },
    answer: ({ data }) => ({
      id: data.batchId,
      state: 'unsealed',
      lots: lotGrams(data.inputs),
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
