import { type AccountIds, openBook } from '../accounts/book.ts';
import { fundAccount } from '../distribution/distribution.operations.ts';
import { conflict, forbidden, unprocessable } from '../kernel/errors.ts';
import { NIL } from '../kernel/ids.ts';
import { dayIn } from '../kernel/time.ts';
import { type Caller, draft, type Operation } from '../ledger/fact.ts';
import type { World } from '../ledger/world.ts';
import { organisations } from '../registry/registry.tables.ts';
import { fundDeposited, fundHolderNamed } from './fund.facts.ts';
import type { DepositRequest, HolderRequest } from './fund.schema.ts';
import { type FundHolder, fundHolder } from './fund.tables.ts';

export type Programme = { operatorId: string; timeZone: string };

/** Who may act for the fund: the operator, and keys of whoever holds it by law. */
export const FUND_KEEPERS = ['operator', 'fund'] as const;

/** 409 `fund_without_holder`; 403 for a key of the role `fund` that another organisation was given. */
export const holderFor = (world: World, caller: Caller): FundHolder => {
  const holder = world.get(fundHolder, NIL);
  if (holder === undefined)
    throw conflict(
      'fund_without_holder',
      'Nobody holds the fund yet; the operator names its legal holder with POST /v1/fund/holder first.',
    );
  if (caller.role === 'fund' && caller.organisationId !== holder.organisationId)
    throw forbidden('This key is of another organisation than the one that holds the fund.');
  return holder;
};

/** Names who holds the fund by law. 422 `unknown_organisation`, `not_a_legal_person`. 409 `holds_it_already`. */
export const nameHolder = (
  programme: Programme,
): Operation<HolderRequest, { organisationId: string; publicName: string | null }> => ({
  name: 'fund.name-holder',
  roles: ['operator'],
  status: 201,
  decide(world, { organisationId, publicName, consent }, { caller, now }) {
    const organisation = world.get(organisations, organisationId);
    if (organisation === undefined)
      throw unprocessable(
        'unknown_organisation',
        '/organisationId',
        'no such organisation; register it with POST /v1/organisations first',
      );
    if (organisation.naturalPerson)
      throw unprocessable('not_a_legal_person', '/organisationId', 'must be a legal person');
    if (publicName !== undefined && consent === undefined)
      throw unprocessable('consent_needed', '/consent', 'must name the consent to publish the name');
    return draft({
      type: fundHolderNamed,
      data: {
        day: dayIn(programme.timeZone, now),
        organisationId,
        ...(publicName === undefined ? {} : { publicName }),
      },
      private: {
        keyId: caller.keyId,
        holder: caller.holder,
        ...(consent === undefined ? {} : { consent }),
      },
    });
  },
  answer: ({ data: { organisationId, publicName = null } }) => ({ organisationId, publicName }),
});

/** Money that came to the fund from outside. 409 `fund_without_holder`. */
export const depositToFund = (
  ids: AccountIds,
  programme: Programme,
): Operation<DepositRequest, { id: string; amount: { amount: number; currency: string } }> => ({
  name: 'fund.deposit',
  roles: FUND_KEEPERS,
  status: 201,
  decide(world, { source, amount: { amount, currency }, payer, reference, note }, { caller, id, now }) {
    const { organisationId } = holderFor(world, caller);
    const bank = { kind: 'bank', currency, of: { organisationId } } as const;
    const fund = fundAccount(programme.operatorId, currency);
    const book = openBook(world, ids, [bank, fund]);
    book.debit(bank, amount);
    book.credit(fund, amount);
    return draft({
      type: fundDeposited,
      data: { day: dayIn(programme.timeZone, now), source, currency, amount },
      private: {
        ...{ id, keyId: caller.keyId, holder: caller.holder, organisationId },
        ...(payer === undefined ? {} : { payer }),
        ...(reference === undefined ? {} : { reference }),
        ...(note === undefined ? {} : { note }),
        book: book.close()!,
      },
    });
  },
  answer: ({ data: { amount, currency }, private: { id } }) => ({ id, amount: { amount, currency } }),
});
