import { z } from 'zod';
import { Id, Seq, Sha256Hex, text } from '../kernel/values.ts';
import { PAYOUT_RAILS } from '../kernel/vocabulary.ts';
import type { FactType } from '../ledger/fact.ts';
import { personFact } from '../registry/people.facts.ts';
import { MaybeSiteAndDay } from '../registry/site-and-day.ts';
import { By } from './orders.facts.ts';
import { heirs, payees } from './payouts.tables.ts';

/**
 * Whom to pay in somebody's place, sealed under the key of the one who died. It says where as a payee does, since an order
 * finds the account in the fact its payee names.
 */
export const HeirPart = z.strictObject({
  personId: Id,
  rail: z.enum(PAYOUT_RAILS),
  account: text(64).optional(),
  name: text(120),
  /** HMAC of rail and account under a key outside the database, hex. */
  accountHash: z.string().optional(),
  relation: text(120),
  /** Of the paper that shows it, such as a notary's certificate of succession. */
  evidenceHash: Sha256Hex,
  by: By,
});
export type HeirPart = z.infer<typeof HeirPart>;

export const heirProposed = personFact({
  type: 'collector.heir-proposed.v1',
  title: { en: 'Heir of a collector proposed', zh: '继承收款人提名' },
  part: HeirPart,
  apply(world, { seq, part: { personId, rail, accountHash = null, by } }) {
    const paidSeq = world.get(heirs, personId)?.paidSeq ?? null;
    const proposed = { personId, rail, accountHash, maker: by, state: 'proposed' } as const;
    world.put(heirs, { ...proposed, paidSeq, seq, lastSeq: seq });
  },
});

const DecidedPart = z.strictObject({ personId: Id, proposalSeq: Seq, approve: z.boolean(), by: By });
const Asked = z.strictObject({ keyId: Id });

/** Approved, the heir is paid what the person is owed, after the same rest as any payee that changed. */
export const heirDecided: FactType<MaybeSiteAndDay, z.infer<typeof Asked>> = {
  type: 'collector.heir-decided.v1',
  title: { en: 'Heir of a collector approved or rejected', zh: '继承收款人批准或驳回' },
  data: MaybeSiteAndDay,
  private: Asked,
  person: DecidedPart,
  grams: 'none',
  fen: 'None move; what is owed is paid to the heir from now on.',
  backPointers: [],
  apply(world, { seq, at, people: [named] }) {
    if (named == null) return;
    const { personId, proposalSeq, approve } = named.part as z.infer<typeof DecidedPart>;
    const heir = world.get(heirs, personId)!;
    const decided = approve
      ? { state: 'approved' as const, paidSeq: proposalSeq }
      : { state: 'rejected' as const };
    world.put(heirs, { ...heir, ...decided, lastSeq: seq });
    if (!approve) return;
    world.put(payees, {
      personId,
      rail: heir.rail,
      accountHash: heir.accountHash,
      named: true,
      changedAt: at,
      // Who agreed to netting is not who is paid now.
      netting: false,
      seq: proposalSeq,
      lastSeq: seq,
    });
  },
};

export const heirFacts = [heirProposed, heirDecided];
