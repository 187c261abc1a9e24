import { z } from 'zod';
import { Id, Sha256Hex, Time } from '../kernel/values.ts';
import type { FactType } from '../ledger/fact.ts';
import { MaybeSiteAndDay } from '../registry/site-and-day.ts';
import { consentKey, invoicingConsents } from './taxes.tables.ts';

/** The account names nobody, and stays when the person is erased: what was withheld under the consent stays too. */
const Asked = z.strictObject({ keyId: Id, accountId: Id, buyerId: Id, given: z.boolean() });

/** One type for giving and withdrawing: the public part must not tell which. */
export const invoicingConsentChanged: FactType<MaybeSiteAndDay, z.infer<typeof Asked>> = {
  type: 'collector.invoicing-consent-changed.v1',
  title: { en: 'Consent to reverse invoices changed', zh: '反向开票同意变更' },
  data: MaybeSiteAndDay,
  private: Asked,
  person: z.strictObject({ personId: Id, at: Time, evidence: Sha256Hex.optional() }),
  grams: 'none',
  fen: 'None move; of what is owed after it tax is withheld for the invoices of that buyer, or no longer.',
  backPointers: [],
  apply(world, { seq, private: { accountId, buyerId, given }, people: [named] }) {
    const id = consentKey(accountId, buyerId);
    // Read first: a consent may change one that stands.
    world.get(invoicingConsents, id);
    const personId = named?.personId ?? null;
    world.put(invoicingConsents, { id, accountId, buyerId, personId, given, lastSeq: seq });
  },
};
