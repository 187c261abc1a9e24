import { z } from 'zod';
import { Id, text } from '../kernel/values.ts';
import { PAYOUT_RAILS } from '../kernel/vocabulary.ts';
import type { FactType } from '../ledger/fact.ts';
import { personFact } from '../registry/people.facts.ts';
import { MaybeSiteAndDay } from '../registry/site-and-day.ts';
import { payees } from './payouts.tables.ts';

const NOTHING = 'none';

/** Where somebody is paid, sealed under their own key. */
export const PayeePart = z.strictObject({
  personId: Id,
  rail: z.enum(PAYOUT_RAILS),
  account: text(64).optional(),
  name: text(120).optional(),
  /** HMAC of rail and account under a key outside the database, hex. */
  accountHash: z.string().optional(),
});
export type PayeePart = z.infer<typeof PayeePart>;

const Asked = z.strictObject({ keyId: Id });

export const payeeChanged: FactType<MaybeSiteAndDay, z.infer<typeof Asked>> = {
  type: 'collector.payee-changed.v1',
  title: { en: 'Payee of a collector set', zh: '收集员收款方式登记' },
  data: MaybeSiteAndDay,
  private: Asked,
  person: PayeePart,
  grams: NOTHING,
  fen: NOTHING,
  backPointers: [],
  apply(world, { seq, at, people: [named] }) {
    if (named == null) return;
    const { personId, rail, name, accountHash = null } = named.part as PayeePart;
    const before = world.get(payees, personId);
    world.put(payees, {
      personId,
      rail,
      accountHash,
      named: name !== undefined,
      changedAt: before?.seq == null ? null : at,
      netting: before?.netting ?? false,
      seq,
      lastSeq: seq,
    });
  },
};

/** One type for giving and withdrawing: the public part must not tell which. */
export const nettingConsentChanged = personFact({
  type: 'collector.netting-consent-changed.v1',
  title: { en: 'Consent to netting changed', zh: '抵扣多付款项的同意变更' },
  part: z.strictObject({ personId: Id, given: z.boolean(), at: z.string() }),
  apply(world, { seq, part: { personId, given } }) {
    const before = world.get(payees, personId);
    const nowhere = { rail: null, accountHash: null, named: false, changedAt: null, seq: null };
    world.put(payees, { ...(before ?? nowhere), personId, netting: given, lastSeq: seq });
  },
});

export const payeeFacts = [payeeChanged, nettingConsentChanged];
