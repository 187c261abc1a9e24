import { z } from 'zod';
import { Id, Sha256Hex, text } from '../kernel/values.ts';
import type { FactType } from '../ledger/fact.ts';
import { MaybeSiteAndDay } from '../registry/site-and-day.ts';
import { incomeStatements } from './passbook.tables.ts';

const Issued = z.strictObject({
  id: Id,
  keyId: Id,
  codeHash: Sha256Hex,
  sha256: Sha256Hex,
  /** Milliseconds since 1970. */
  expiresAt: z.int(),
});

/** The consent and the statement are one fact: there is none without the other. */
export const incomeStatementIssued: FactType<MaybeSiteAndDay, z.infer<typeof Issued>> = {
  type: 'income-statement.issued.v1',
  title: { en: 'Income statement issued to a lender with consent', zh: '经本人同意出具收入证明' },
  data: MaybeSiteAndDay,
  private: Issued,
  person: z.strictObject({
    personId: Id,
    lender: text(120),
    /** How the person agreed. */
    way: z.enum(['pin', 'sms', 'mark']),
    evidence: z.array(Sha256Hex).optional(),
    /** RFC 8785 bytes of what is signed, as text. */
    payload: z.string().max(16_000),
  }),
  grams: 'none',
  fen: 'none',
  backPointers: [],
  apply(world, { seq, private: { id, codeHash, sha256, expiresAt } }) {
    world.put(incomeStatements, { id, codeHash, sha256, expiresAt, revokedAt: null, seq, lastSeq: seq });
  },
};

const Revoked = z.strictObject({ id: Id, keyId: Id });

export const incomeStatementRevoked: FactType<MaybeSiteAndDay, z.infer<typeof Revoked>> = {
  type: 'income-statement.revoked.v1',
  title: { en: 'Consent to an income statement revoked', zh: '收入证明同意撤回' },
  data: MaybeSiteAndDay,
  private: Revoked,
  person: z.strictObject({ personId: Id }),
  grams: 'none',
  fen: 'none',
  backPointers: [],
  apply(world, { seq, at, private: { id } }) {
    world.put(incomeStatements, { ...world.get(incomeStatements, id)!, revokedAt: at, lastSeq: seq });
  },
};

export const statementFacts = [incomeStatementIssued, incomeStatementRevoked];
