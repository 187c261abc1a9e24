import { type AccountIds, type AccountRef, idOfAccount, openBook } from '../accounts/book.ts';
import { owedIncome } from '../accounts/income.ts';
import { conflict, DomainError, notFound, unprocessable } from '../kernel/errors.ts';
import { dayIn, monthIn } from '../kernel/time.ts';
import { type AnyFact, draft, type Operation } from '../ledger/fact.ts';
import { people } from '../ledger/tables.ts';
import type { World } from '../ledger/world.ts';
import { lots } from '../lots/lots.tables.ts';
import { actorOf } from '../registry/actor.ts';
import { collectors, sites } from '../registry/registry.tables.ts';
import { bookTax, type Owing, saleOf, type TaxChange, taxOf, withholdOf } from '../taxes/withholding.ts';
import { WEIGHERS } from './collection.operations.ts';
import { type Original, weighInAt } from './corrections.operations.ts';
import { weighIns } from './corrections.tables.ts';
import { collectionNamed, premiumDecided, suspenseReleased } from './deciding.facts.ts';
import { accountsOf, type Earned, type Pricing, spend } from './earning.ts';
import { namedWeighIns, provisionalEarnings } from './earnings.tables.ts';
import { standing } from './re-earning.ts';

export type DecidePremium = {
  original: Original;
  outcome: 'owed' | 'refused' | 'undecided';
  reason?: string | undefined;
};
export type PremiumAnswer = { id: string; outcome: 'owed' | 'refused' | 'undecided' };
export type NameCollection = { original: Original; collectorId: string; reason: string };
export type NamedAnswer = { id: string; collectorId: string | null };

/** Who may decide what is owed provisionally: never the station (domain, rule 4). */
export const DECIDERS = ['operator', 'payer', 'certifier', 'regulator'] as const;

/** What is withheld of what waited and is owed now, as the rest of the weigh-in was taxed. */
const taxOn = (
  world: World,
  owing: Owing,
  { data: { lotId, marks }, private: more }: AnyFact,
  accountId: string,
  amount: number,
): TaxChange | undefined => {
  const earned: Earned[] = world.get(weighIns, lotId)?.earned ?? more.earned;
  const part = earned.find((e) => e.accountId === accountId)!;
  const { base, premium } = marks.includes('possible-duplicate') ? part : { base: 0, premium: amount };
  const income = owedIncome(more.pricing, { base, premium, waits: 0 });
  return withholdOf(world, owing, accountId, income, saleOf(world, lotId, accountId));
};

/**
 * @param ids names the accounts
 * @param programme whose operator stands for natural persons, whose time zone days are told in, and whose currency holds
 *   where nothing was earned
 */
export const decidingOperations = (
  ids: AccountIds,
  programme: { operatorId: string; timeZone: string; currency: string },
): {
  decidePremium: Operation<DecidePremium, PremiumAnswer>;
  nameCollection: Operation<NameCollection, NamedAnswer>;
  releaseSuspense: Operation<{ personId: string; currency: string }, { personId: string }>;
} => ({
  decidePremium: {
    name: 'premium.decide',
    roles: [...DECIDERS, 'programme'],
    status: 201,
    decide(world, { original, outcome, reason }, { caller, now }) {
      if (original?.type !== 'collection.recorded.v1') throw notFound('weigh-in');
      const { lotId, siteId } = original.data;
      const waiting = world.get(provisionalEarnings, lotId);
      if (waiting === undefined)
        throw conflict('nothing_waits', 'All of this weigh-in was owed at once.', { lotId });
      if (waiting.state !== 'open')
        throw conflict('already_decided', 'This was decided.', {
          outcome: waiting.state,
          seq: waiting.lastSeq,
        });
      const site = world.get(sites, siteId)!;
      if ([site.organisationId, world.get(lots, lotId)!.organisationId].includes(caller.organisationId))
        throw new DomainError(
          'forbidden',
          'profits',
          'Your organisation weighed or holds these grams; others must decide.',
        );
      const pricing = original.private.pricing as Pricing;
      const { buyerId, currency } = pricing;
      const owing = { buyerId, currency, now, month: monthIn(programme.timeZone, now) };
      const premiumWaits = !original.data.marks.includes('possible-duplicate');
      const book = openBook(world, ids);
      const taxes: TaxChange[] = [];
      let total = 0;
      for (const { accountId, provisionalId, amount } of waiting.parts) {
        const account = (kind: AccountRef['kind'], id: string): AccountRef => ({
          kind,
          currency,
          of: { accountId: id },
        });
        book.debit(account('provisional', provisionalId), amount);
        // What the programme pays because nobody decided is no sale to the buyer of record.
        const tax = outcome === 'owed' ? taxOn(world, owing, original, accountId, amount) : undefined;
        if (tax !== undefined) taxes.push(tax);
        bookTax(book, currency, tax);
        if (outcome !== 'refused') book.credit(account('payable', accountId), amount - taxOf(tax));
        total += amount;
      }
      const spent = premiumWaits ? { base: 0, premium: total } : { base: total, premium: 0 };
      if (outcome !== 'owed')
        spend(book, { buyerId, currency }, { base: 0 - spent.base, premium: 0 - spent.premium });
      // Left undecided it is no cost of the buyer.
      if (outcome === 'undecided') spend(book, { buyerId: programme.operatorId, currency }, spent);
      const entry = book.close();
      return draft({
        type: premiumDecided,
        ...actorOf(world, caller, programme),
        data: { siteId, day: dayIn(programme.timeZone, now) },
        private: {
          ...{
            keyId: caller.keyId,
            holder: caller.holder,
            collectionId: waiting.collectionId,
            lotId,
            outcome,
          },
          ...(reason === undefined ? {} : { reason }),
          ...(taxes.length === 0 ? {} : { tax: taxes }),
          ...(entry === undefined ? {} : { book: entry }),
        },
      });
    },
    answer: ({ private: { collectionId, outcome } }) => ({ id: collectionId, outcome }),
  },
  nameCollection: {
    name: 'collection.name',
    roles: WEIGHERS,
    status: 201,
    decide(world, { original: fact, collectorId, reason }, { caller, now }) {
      const { original, now: stands, lot, site } = weighInAt(world, caller, fact);
      const named = world.get(namedWeighIns, lot.id);
      if (named !== undefined)
        throw conflict('already_named', 'Whoever brought it was found.', {
          lotId: lot.id,
          seq: named.lastSeq,
        });
      if (original.people.length > 0)
        throw conflict('names_somebody', 'This weigh-in names who brought it; dispute it instead.', {
          lotId: lot.id,
        });
      const collector = world.get(collectors, collectorId);
      const person = world.get(people, collectorId);
      if (collector?.state !== 'active' || person?.wrappedKey == null)
        throw unprocessable(
          'unknown_collector',
          '/collectorId',
          'no such active collector; register them first',
        );
      const currency = stands.earning?.currency ?? programme.currency;
      const collectionId = stands.collectionId;
      const of = { collectionId, siteId: site.id, currency };
      const to = accountsOf({ personId: collectorId, registered: true }, of);
      const book = openBook(world, ids);
      for (const part of standing(world, ids, original, stands.earned)) {
        const from: AccountRef = { kind: 'suspense', currency, of: { accountId: part.accountId } };
        const { balance } = book.standing(from);
        book.debit(from, 0 - balance);
        book.credit(to.owed, 0 - balance);
      }
      const entry = book.close();
      return draft({
        type: collectionNamed,
        ...actorOf(world, caller, programme),
        data: { siteId: site.id, day: dayIn(programme.timeZone, now) },
        private: {
          ...{ keyId: caller.keyId, holder: caller.holder, collectionId, lotId: lot.id, seq: original.seq },
          accountId: idOfAccount(ids, to.owed),
          provisionalId: idOfAccount(ids, to.provisional),
          overpaidId: idOfAccount(ids, to.overpaid),
          reason,
          ...(entry === undefined ? {} : { book: entry }),
        },
        people: [{ personId: collectorId, part: { collectorId } }],
      });
    },
    answer: ({ private: { collectionId }, people: [named] }) => ({
      id: collectionId,
      collectorId: named?.personId ?? null,
    }),
  },
  releaseSuspense: {
    name: 'suspense.release',
    roles: ['programme'],
    status: 201,
    decide(world, { personId, currency }, { now }) {
      const collector = world.get(collectors, personId);
      const person = world.get(people, personId);
      const refs = accountsOf({ personId, registered: false }, { collectionId: '', siteId: '', currency });
      const to = accountsOf({ personId, registered: true }, { collectionId: '', siteId: '', currency });
      const book = openBook(world, ids, [refs.owed, to.owed]);
      const { balance } = book.standing(refs.owed);
      const unknown =
        collector === undefined || collector.state === 'unresolved' || collector.siteId === null;
      if (balance === 0 || unknown || person?.wrappedKey == null)
        throw conflict('nothing_waits', 'Nothing of a registered person waits in suspense.');
      book.debit(refs.owed, 0 - balance);
      book.credit(to.owed, 0 - balance);
      return draft({
        type: suspenseReleased,
        data: { siteId: collector.siteId!, day: dayIn(programme.timeZone, now) },
        private: { book: book.close()! },
        people: [{ personId, part: { personId } }],
      });
    },
    answer: ({ people: [named] }) => ({ personId: named?.personId ?? '' }),
  },
});
