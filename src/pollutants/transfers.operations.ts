import { conflict, notFound, unprocessable } from '../kernel/errors.ts';
import { dayIn } from '../kernel/time.ts';
import { draft, type Operation } from '../ledger/fact.ts';
import type { World } from '../ledger/world.ts';
import { siteToleranceGrams } from '../lots/tolerance.ts';
import { mayReach, reachableSite } from '../registry/access.ts';
import { actorOf } from '../registry/actor.ts';
import { assertPast } from '../registry/clock.ts';
import { type Site, sites } from '../registry/registry.tables.ts';
import { type Programme, RECEIVERS } from './declarations.operations.ts';
import { assertDistinct } from './pollutants.ts';
import { itemsOf } from './receptions.operations.ts';
import { usableStock } from './stock.ts';
import { type ArrivedItem, pollutantsArrived, pollutantsSent } from './transfers.facts.ts';
import type { ArrivalRequest, TransferRequest } from './transfers.schema.ts';
import { type Transfer, transfers } from './transfers.tables.ts';

type Taken = { material: string; grams: number; millilitres: number };
export type TransferAnswer = { id: string; state: string; items: Taken[] };
export type ArrivalAnswer = { id: string; state: string; items: ArrivedItem[]; caseId?: string };

const sending = (programme: Programme): Operation<TransferRequest, TransferAnswer> => ({
  name: 'pollutants.send',
  roles: RECEIVERS,
  status: 201,
  decide(world, input, { caller, id, now }) {
    const { fromSiteId, toSiteId, items, id: _, ...more } = input;
    const site = reachableSite(world, caller, fromSiteId, '/fromSiteId');
    if (world.get(sites, toSiteId) === undefined)
      throw unprocessable('unknown_site', '/toSiteId', 'no such site; register it with POST /v1/sites first');
    if (toSiteId === fromSiteId)
      throw unprocessable('same_site', '/toSiteId', 'must be another site than the one it leaves');
    assertPast(input.dispatchedAt, now, '/dispatchedAt');
    assertDistinct(items, '/items');
    return draft({
      type: pollutantsSent,
      ...actorOf(world, caller, programme),
      data: {
        siteId: site.id,
        toSiteId,
        day: dayIn(programme.timeZone, Date.parse(input.dispatchedAt)),
        items: items.map((item) => usableStock(world, site.id, item)),
      },
      private: { id, keyId: caller.keyId, ...more },
    });
  },
  answer: ({ data: { items }, private: { id } }) => ({ id, state: 'on-the-way', items }),
});

/** Every material that was sent, and no other: 422 `not_sent`, `not_measured`. */
const measuredItems = (world: World, transfer: Transfer, input: ArrivalRequest, site: Site, day: string) => {
  const booked = new Map(transfer.items.map((item) => [item.material, item.grams]));
  for (const [i, { material }] of input.items.entries())
    if (!booked.has(material))
      throw unprocessable(
        'not_sent',
        `/items/${i}/material`,
        `no ${material} was sent; receive it by itself`,
      );
  const items = itemsOf(world, input.items, site, day);
  const said = new Set(items.map(({ material }) => material));
  for (const material of booked.keys())
    if (!said.has(material))
      throw unprocessable(
        'not_measured',
        '/items',
        `say what came of ${material}; 0 grams where nothing did`,
      );
  return items.map((item) => {
    const bookedGrams = booked.get(item.material)!;
    return {
      ...item,
      bookedGrams,
      lostGrams: Math.max(0, bookedGrams - item.grams),
      surplusGrams: Math.max(0, item.grams - bookedGrams),
    };
  });
};

/** Grams missing or too many, of the materials that are beyond the tolerance of the site; equal is within. */
const beyondTolerance = (items: readonly ArrivedItem[], { toleranceBasisPoints }: Site): number =>
  items.reduce((sum, { bookedGrams, lostGrams, surplusGrams }) => {
    const off = lostGrams + surplusGrams;
    return off > siteToleranceGrams(bookedGrams, toleranceBasisPoints) ? sum + off : sum;
  }, 0);

const arriving = (
  programme: Programme,
): Operation<ArrivalRequest & { transferId: string }, ArrivalAnswer> => ({
  name: 'pollutants.arrive',
  roles: RECEIVERS,
  status: 201,
  decide(world, input, { caller, now, newId }) {
    const transfer = world.get(transfers, input.transferId);
    if (transfer === undefined || !mayReach(caller, transfer.toOrganisationId, transfer.toSiteId))
      throw notFound('transfer');
    if (transfer.state === 'arrived')
      throw conflict('arrived_already', 'The transfer has arrived already.', {
        id: transfer.id,
        state: transfer.state,
        arrivedAt: transfer.arrivedAt,
      });
    assertPast(input.arrivedAt, now, '/arrivedAt');
    const site = world.get(sites, transfer.toSiteId)!;
    const day = dayIn(programme.timeZone, Date.parse(input.arrivedAt));
    const items = measuredItems(world, transfer, input, site, day);
    const grams = beyondTolerance(items, site);
    const { organisationId, toOrganisationId } = transfer;
    return draft({
      type: pollutantsArrived,
      ...actorOf(world, caller, programme),
      data: {
        siteId: site.id,
        day,
        sent: transfer.lastSeq,
        items,
        ...(grams === 0 ? {} : { case: { caseId: newId(), siteSeq: site.lastSeq, grams } }),
      },
      private: {
        keyId: caller.keyId,
        transferId: transfer.id,
        arrivedAt: input.arrivedAt,
        ...(grams === 0
          ? {}
          : { organisationIds: [...new Set([organisationId, toOrganisationId, caller.organisationId])] }),
        ...(input.note === undefined ? {} : { note: input.note }),
      },
    });
  },
  answer: ({ data: { items, case: question }, private: { transferId: id } }) => ({
    id,
    state: 'arrived',
    items,
    ...(question === undefined ? {} : { caseId: question.caseId }),
  }),
});

/** @param programme whose time zone days are told in, and whose operator stands for natural persons */
export const transferOperations = (programme: Programme) => ({
  send: sending(programme),
  arrive: arriving(programme),
});
