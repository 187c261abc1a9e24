import { z } from 'zod';
import { Id, Sha256Hex } from '../kernel/values.ts';
import type { FactType } from '../ledger/fact.ts';
import { SiteAndDay } from '../registry/site-and-day.ts';
import { confirmationKey, confirmations } from './confirmations.tables.ts';

const Confirmed = z.strictObject({
  keyId: Id,
  collectionId: Id,
  lotId: Id,
  /** The place among the parties of the weigh-in. */
  party: z.int().min(0),
  method: z.enum(['pin', 'card', 'sms', 'mark']),
  seenSha256: Sha256Hex,
});

export const collectionConfirmed: FactType<SiteAndDay, z.infer<typeof Confirmed>> = {
  type: 'collection.confirmed.v1',
  title: { en: 'Weigh-in confirmed by its collector', zh: '收集员确认称重' },
  data: SiteAndDay,
  private: Confirmed,
  person: z.strictObject({ personId: Id, evidence: z.array(Sha256Hex).optional() }),
  grams: 'none',
  fen: 'none',
  backPointers: [],
  apply(world, { seq, at, private: { lotId, party, method, seenSha256 } }) {
    const key = confirmationKey(lotId, party);
    world.get(confirmations, key);
    world.put(confirmations, { key, lotId, party, seq, at, method, seenSha256 });
  },
};

const LinkIssued = z.strictObject({
  id: Id,
  keyId: Id,
  collectionId: Id,
  party: z.int().min(0),
  /** Milliseconds since 1970. */
  expiresAt: z.int(),
});

export const linkIssued: FactType<SiteAndDay, z.infer<typeof LinkIssued>> = {
  type: 'collection.link-issued.v1',
  title: { en: 'One-time link issued to a collector', zh: '向收集员发出一次性链接' },
  data: SiteAndDay,
  private: LinkIssued,
  person: z.strictObject({ personId: Id }),
  grams: 'none',
  fen: 'none',
  backPointers: [],
  apply: () => undefined,
};

export const confirmationFacts = [collectionConfirmed, linkIssued];
