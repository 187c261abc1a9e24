import type { VoidAnswer } from '../http/voiding.ts';
import { conflict, forbidden } from '../kernel/errors.ts';
import { dayIn } from '../kernel/time.ts';
import { type AnyFact, draft, type Operation } from '../ledger/fact.ts';
import type { World } from '../ledger/world.ts';
import { containers } from '../lots/containers.tables.ts';
import { type Lot, lots } from '../lots/lots.tables.ts';
import { unusedLots } from '../lots/undo.ts';
import { mayReach } from '../registry/access.ts';
import { actorOf } from '../registry/actor.ts';
import { openQuestion } from '../supervision/withdrawn.ts';
import { MOVERS } from './custody.operations.ts';
import { type Shipment, shipments } from './custody.tables.ts';
import { knownShipment } from './loads.ts';
import { type ReceiptVoided, receiptVoided } from './receipt-voids.facts.ts';
import { receiptKey, shipmentReceipts } from './receipts.tables.ts';
import { shipmentsReceived } from './together.facts.ts';

export type ReceiptVoidInput = {
  shipmentId: string;
  reason: string;
  /** The last receipt that stands, as it was read before the door; undefined where there is none. */
  receipt: AnyFact | undefined;
};

type Load = { shipmentId: string; lots: { lotId: string; bookedGrams: number; lossGrams: number }[] };

const inUse = (message: string, state: Record<string, unknown>) => conflict('in_use', message, state);

/** 409 `in_use` where the receipt is not the last thing said of the shipment. */
const assertLast = (
  { id: shipmentId, lastSeq: seq, receiptSeq, receiptTop }: Shipment,
  received: number,
): void => {
  if (receiptSeq !== received || receiptTop !== seq)
    throw inUse('More was said of this load since; undo that first.', { shipmentId, seq });
};

/** A container goes with its lots: all that is in it came with this load. */
const assertContainers = (world: World, { containers: sent }: Shipment, arrived: readonly Lot[]): void => {
  for (const id of new Set(arrived.flatMap(({ containerId }) => containerId ?? []))) {
    const container = world.get(containers, id)!;
    const here = arrived.filter(({ containerId }) => containerId === id).length;
    if (container.lots !== here || !sent.some(({ containerId }) => containerId === id))
      throw inUse('A lot of it was put together with others in a container; take it out first.', {
        containerId: id,
        seq: container.lastSeq,
      });
  }
};

/** The load as it arrived, still there in full: else 409 `in_use` with the first lot that is not. */
const undoneLoad = (
  world: World,
  { siteId, seq: received, caseId }: { siteId: string; seq: number; caseId: string | undefined },
  load: Load,
): ReceiptVoided['loads'][number] => {
  const shipment = world.get(shipments, load.shipmentId)!;
  assertLast(shipment, received);
  world.need(
    lots,
    load.lots.map(({ lotId }) => lotId),
  );
  const arrived = load.lots.map(({ lotId, bookedGrams, lossGrams }) => {
    const lot = world.get(lots, lotId)!;
    const isFree = lot.heldBy === null || lot.heldBy === caseId;
    if (lot.siteId !== siteId || !isFree || lot.grams !== bookedGrams - lossGrams)
      throw inUse('What arrived was used since; undo that first.', {
        lotId,
        seq: lot.lastSeq,
        grams: lot.grams,
        siteId: lot.siteId,
      });
    return lot;
  });
  const stays = world.get(shipmentReceipts, receiptKey(shipment.id, received))!.before.state === 'unweighed';
  if (!stays) assertContainers(world, shipment, arrived);
  return {
    shipmentId: shipment.id,
    seq: shipment.lastSeq,
    ...(stays ? { stays } : {}),
    lots: arrived.map(({ id: lotId, lastSeq: seq, grams }, i) => ({
      lotId,
      seq,
      grams,
      lossGrams: load.lots[i]!.lossGrams,
    })),
  };
};

/**
 * Undoes the last receipt of a shipment, and of all that were weighed with it: the loads are on their way again, and
 * are received anew. Marks that its seals brought stay until two who do not profit clear them.
 *
 * @param programme whose time zone days are told in, and whose operator stands for natural persons
 */
export const receiptVoidOperation = (programme: {
  timeZone: string;
  operatorId: string;
}): Operation<ReceiptVoidInput, VoidAnswer> => ({
  name: 'shipment.void-receipt',
  roles: MOVERS,
  status: 201,
  decide(world, { shipmentId, reason, receipt }, { caller }) {
    const shipment = knownShipment(world, caller, shipmentId);
    if (shipment.receiptSeq === null || receipt === undefined)
      throw conflict('not_received', 'No receipt of this shipment stands.', {
        shipmentId,
        seq: shipment.lastSeq,
      });
    assertLast(shipment, receipt.seq);
    const { siteId, outcome = 'received', bookedGrams, measuredGrams, surplus } = receipt.data;
    if (!mayReach(caller, shipment.arrivedOrganisationId!, siteId))
      throw forbidden('Only the site that received may undo it.');
    const together = receipt.type === shipmentsReceived.type;
    const loads: Load[] = together ? receipt.data.loads : [receipt.data];
    world.need(
      shipments,
      loads.map((load) => load.shipmentId),
    );
    const caseId: string | undefined = receipt.data.case?.caseId;
    const question = caseId === undefined ? undefined : openQuestion(world, caseId);
    const received = { siteId, seq: receipt.seq, caseId };
    return draft({
      type: receiptVoided,
      ...actorOf(world, caller, programme),
      data: {
        siteId,
        receivedSeq: receipt.seq,
        outcome,
        day: dayIn(programme.timeZone, receipt.at),
        bookedGrams,
        measuredGrams,
        loads: loads.map((load) => undoneLoad(world, received, load)),
        ...(surplus === undefined ? {} : { surplus: unusedSurplus(world, siteId, surplus, caseId) }),
        ...(question === undefined ? {} : { case: question }),
      },
      private: { keyId: caller.keyId, reason },
    });
  },
  answer: ({ data }) => ({
    id: data.loads[0]!.shipmentId,
    state: 'voided',
    lots: (data as ReceiptVoided).loads.flatMap(({ lots: back }) =>
      back.map(({ lotId, grams, lossGrams }) => ({ lotId, grams: grams + lossGrams })),
    ),
  }),
});

const unusedSurplus = (
  world: World,
  siteId: string,
  { lotId, grams }: { lotId: string; grams: number },
  caseId: string | undefined,
): ReceiptVoided['surplus'] => {
  const lot = world.get(lots, lotId)!;
  // Its own case holds it for a question that is asked no more.
  if (lot.heldBy !== null && lot.heldBy === caseId && lot.grams === grams && lot.siteId === siteId)
    return { lotId, seq: lot.lastSeq, grams };
  return unusedLots(world, [{ lotId, grams }], { siteId })[0]!;
};
