import { conflict, unprocessable } from '../kernel/errors.ts';
import { toHex } from '../kernel/hash.ts';
import { dayIn } from '../kernel/time.ts';
import { type AnyFact, type DecideContext, draft, type Operation } from '../ledger/fact.ts';
import type { Keyring } from '../ledger/private-store.ts';
import type { AnyTable, World } from '../ledger/world.ts';
import { actorOf } from '../registry/actor.ts';
import { collectorInPath, expectState, KEEPERS } from '../registry/people.operations.ts';
import { collectors } from '../registry/registry.tables.ts';
import { nettingConsentChanged, payeeChanged } from './payees.facts.ts';
import type { NettingConsentRequest, PayeeRequest } from './payees.schema.ts';
import { heirs, payees } from './payouts.tables.ts';

export type PersonAnswer = { collectorId: string | null };
type Named = { collectorId: string };

/** What each rail needs to know of a payee. @throws 422 */
export const checkPayee = ({ rail, account, name }: PayeeRequest): void => {
  if (rail !== 'cash' && account === undefined)
    throw unprocessable('payee_account_missing', '/account', 'Write the account this rail is to pay to.');
  if (rail === 'cash' && account !== undefined)
    throw unprocessable('payee_account_needless', '/account', 'Cash is handed over: leave the account out.');
  if (rail === 'bank' && !/^[0-9]{8,32}$/.test(account!))
    throw unprocessable(
      'account_form',
      '/account',
      'Write the account number in 8 to 32 digits, without spaces.',
    );
  if (rail !== 'wechat' && name === undefined)
    throw unprocessable('payee_name_needed', '/name', 'Write the real name, as on the identity card.');
};

/** A keyed hash of where somebody is paid, so that one account of two people shows. */
export const accountHashOf = (keyring: Keyring, { rail, account }: PayeeRequest): { accountHash?: string } =>
  account === undefined ? {} : { accountHash: toHex(keyring.identityHash(`payee ${rail}`, account)) };

/** An heir two people agreed to is not put aside by one. @throws 409 `heir_stands` */
export const expectNoHeir = (world: World, personId: string): void => {
  const [heir, payee] = [world.get(heirs, personId), world.get(payees, personId)];
  if (heir?.paidSeq != null && payee?.seq === heir.paidSeq)
    throw conflict('heir_stands', 'An heir is paid for this collector: propose another one instead.');
};

const answer = ({ people: [named] }: AnyFact): PersonAnswer => ({ collectorId: named?.personId ?? null });

/** Where people are paid, and whether they agree to netting; by whoever keeps their particulars. */
export const payeeOperations = (
  keyring: Keyring,
  programme: { timeZone: string; operatorId: string },
): {
  setPayee: Operation<PayeeRequest & Named, PersonAnswer>;
  consentToNetting: Operation<NettingConsentRequest & Named, PersonAnswer>;
} => {
  const shown = (world: World, { caller, now }: DecideContext, siteId: string | null) => ({
    ...actorOf(world, caller, programme),
    data: { ...(siteId === null ? {} : { siteId }), day: dayIn(programme.timeZone, now) },
    private: { keyId: caller.keyId },
  });
  return {
    setPayee: {
      name: 'collector.set-payee',
      roles: KEEPERS,
      status: 201,
      decide(world, { collectorId, id: _, ...payee }, context) {
        // What the fact changes is asked for with the rest: many at once would take a round each.
        world.needAll([
          [payees as AnyTable, [collectorId]],
          [collectors as AnyTable, [collectorId]],
        ]);
        const collector = collectorInPath(world, context.caller, collectorId);
        expectState(collector, 'active', 'closed', 'restricted');
        checkPayee(payee);
        expectNoHeir(world, collectorId);
        return draft({
          type: payeeChanged,
          ...shown(world, context, collector.siteId),
          people: [
            {
              personId: collectorId,
              part: { personId: collectorId, ...payee, ...accountHashOf(keyring, payee) },
            },
          ],
        });
      },
      answer,
    },
    consentToNetting: {
      name: 'collector.netting-consent',
      roles: KEEPERS,
      status: 201,
      decide(world, { collectorId, given, at }, context) {
        // What the fact changes is asked for with the rest: many at once would take a round each.
        world.needAll([
          [payees as AnyTable, [collectorId]],
          [collectors as AnyTable, [collectorId]],
        ]);
        const collector = collectorInPath(world, context.caller, collectorId);
        expectState(collector, 'active', 'closed');
        return draft({
          type: nettingConsentChanged,
          ...shown(world, context, collector.siteId),
          people: [{ personId: collectorId, part: { personId: collectorId, given, at } }],
        });
      },
      answer,
    },
  };
};
