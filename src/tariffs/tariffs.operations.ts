import { unprocessable } from '../kernel/errors.ts';
import { draft, type Operation } from '../ledger/fact.ts';
import { actorOf } from '../registry/actor.ts';
import { organisations, sites } from '../registry/registry.tables.ts';
import { tariffPublished } from './tariffs.facts.ts';
import type { TariffRequest } from './tariffs.schema.ts';
import { assertClear } from './tariffs.ts';

/** How long ago a tariff that starts "now" may have started when it arrives. */
const BEHIND_MS = 10 * 60_000;

/** Publishes a price list. @param programme whose operator stands for natural persons */
export const publishTariff = (programme: {
  operatorId: string;
}): Operation<TariffRequest, { id: string; startsAt: string }> => ({
  name: 'tariff.publish',
  roles: ['operator', 'payer'],
  status: 201,
  decide(world, { id: _, ...tariff }, { caller, id, now }) {
    // What was in force when somebody was paid cannot change afterwards; the price on the slip binds.
    if (Date.parse(tariff.startsAt) < now - BEHIND_MS)
      throw unprocessable(
        'already_started',
        '/startsAt',
        'must not lie in the past; name a moment from now on',
      );
    assertClear(tariff.prices);
    if (tariff.buyerId !== undefined && world.get(organisations, tariff.buyerId) === undefined)
      throw unprocessable('unknown_organisation', '/buyerId', 'no such organisation');
    world.need(sites, [...new Set(tariff.prices.flatMap(({ siteIds = [] }) => siteIds))]);
    for (const [i, { siteIds = [] }] of tariff.prices.entries())
      if (siteIds.some((siteId) => world.get(sites, siteId) === undefined))
        throw unprocessable('unknown_site', `/prices/${i}/siteIds`, 'names a site nobody registered');
    return draft({
      type: tariffPublished,
      ...actorOf(world, caller, programme),
      data: {},
      private: { keyId: caller.keyId, tariffId: id, ...tariff },
    });
  },
  answer: ({ private: more }) => ({ id: more.tariffId, startsAt: more.startsAt }),
});
