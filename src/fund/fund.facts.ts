import { z } from 'zod';
import { BookEntry, post } from '../accounts/book.ts';
import { NIL } from '../kernel/ids.ts';
import { Currency, Day, Id, MAX_INTEGER, note, text } from '../kernel/values.ts';
import { FUND_SOURCES } from '../kernel/vocabulary.ts';
import type { FactType } from '../ledger/fact.ts';
import { fundDeposits, fundHolder, fundHolders } from './fund.tables.ts';

const HolderNamed = z.strictObject({
  day: Day,
  organisationId: Id,
  /** Published with the organisation's consent, which the private part names. */
  publicName: text(120).optional(),
});
const HolderNamedPrivate = z.strictObject({
  keyId: Id,
  holder: text(120),
  consent: text(200).optional(),
});

export const fundHolderNamed: FactType<z.infer<typeof HolderNamed>, z.infer<typeof HolderNamedPrivate>> = {
  type: 'fund.holder-named.v1',
  title: { en: 'Legal holder of the fund named', zh: '共富基金持有主体指定' },
  data: HolderNamed,
  private: HolderNamedPrivate,
  grams: 'none',
  fen: 'None move: who holds the fund by law changes.',
  backPointers: [],
  apply(world, { seq, data: { organisationId, publicName = null } }) {
    world.get(fundHolder, NIL);
    world.put(fundHolder, { id: NIL, organisationId, seq, lastSeq: seq });
    world.add(fundHolders, { seq, organisationId, publicName });
  },
};

/** Deposits of the fund are published on purpose, one by one. */
const Deposited = z.strictObject({
  day: Day,
  source: z.enum(FUND_SOURCES),
  currency: Currency,
  amount: z.int().min(1).max(MAX_INTEGER),
});
const DepositedPrivate = z.strictObject({
  id: Id,
  keyId: Id,
  holder: text(120),
  /** Whose bank it came to. */
  organisationId: Id,
  payer: text(120).optional(),
  reference: text(120).optional(),
  note: note(2_000).optional(),
  book: BookEntry,
});

export const fundDeposited: FactType<z.infer<typeof Deposited>, z.infer<typeof DepositedPrivate>> = {
  type: 'fund.deposited.v1',
  title: { en: 'Money came to the fund from outside', zh: '共富基金外部入账' },
  data: Deposited,
  private: DepositedPrivate,
  grams: 'none',
  fen: 'It came to the bank of the holder, and is the fund’s.',
  backPointers: [],
  apply(world, { seq, data, private: { id, book } }) {
    post(world, seq, book);
    world.put(fundDeposits, { id, seq, lastSeq: seq, ...data });
  },
};

export const fundFacts = [fundHolderNamed, fundDeposited];
