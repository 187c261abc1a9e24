import { type AccountIds, idOfAccount } from '../accounts/book.ts';
import { unprocessable } from '../kernel/errors.ts';
import { dayIn } from '../kernel/time.ts';
import { draft, type Operation } from '../ledger/fact.ts';
import { actorOf } from '../registry/actor.ts';
import { collectorInPath, expectState, KEEPERS } from '../registry/people.operations.ts';
import { organisations } from '../registry/registry.tables.ts';
import { invoicingConsentChanged } from './consents.facts.ts';
import type { InvoicingConsentRequest } from './consents.schema.ts';

type Programme = { operatorId: string; timeZone: string; currency: string };
export type ConsentAnswer = { collectorId: string | null; buyerId: string; given: boolean };

/**
 * Records whether a seller agrees that a buyer of record issues the invoices of what they sell: before the first of them,
 * and kept with its proof (公告2024年第5号). It holds for what is owed after it.
 * @param ids names the seller's account
 */
export const consentToInvoicing = (
  ids: AccountIds,
  programme: Programme,
): Operation<InvoicingConsentRequest & { collectorId: string }, ConsentAnswer> => ({
  name: 'collector.invoicing-consent',
  roles: KEEPERS,
  status: 201,
  decide(world, input, { caller, now }) {
    const { collectorId, given, at, evidence, buyerId = programme.operatorId } = input;
    const collector = collectorInPath(world, caller, collectorId);
    expectState(collector, 'active', 'closed');
    if (world.get(organisations, buyerId) === undefined)
      throw unprocessable('unknown_organisation', '/buyerId', 'no such organisation');
    const { siteId } = collector;
    const of = { personId: collectorId };
    return draft({
      type: invoicingConsentChanged,
      ...actorOf(world, caller, programme),
      data: { ...(siteId === null ? {} : { siteId }), day: dayIn(programme.timeZone, now) },
      private: {
        keyId: caller.keyId,
        accountId: idOfAccount(ids, { kind: 'payable', currency: programme.currency, of }),
        ...{ buyerId, given },
      },
      people: [
        {
          personId: collectorId,
          part: { personId: collectorId, at, ...(evidence === undefined ? {} : { evidence }) },
        },
      ],
    });
  },
  answer: ({ private: { buyerId, given }, people: [named] }) => ({
    collectorId: named?.personId ?? null,
    buyerId,
    given,
  }),
});
