import { z } from 'zod';
import { Id } from '../kernel/values.ts';
import type { FactType } from '../ledger/fact.ts';
import { MaybeSiteAndDay } from '../registry/site-and-day.ts';

const Issued = z.strictObject({
  id: Id,
  keyId: Id,
  /** Milliseconds since 1970. */
  expiresAt: z.int(),
});

export const passbookLinkIssued: FactType<MaybeSiteAndDay, z.infer<typeof Issued>> = {
  type: 'passbook.link-issued.v1',
  title: { en: 'One-time link to a passbook issued', zh: '发出存折一次性链接' },
  data: MaybeSiteAndDay,
  private: Issued,
  person: z.strictObject({ personId: Id }),
  grams: 'none',
  fen: 'none',
  backPointers: [],
  apply: () => undefined,
};

export const passbookFacts = [passbookLinkIssued];
