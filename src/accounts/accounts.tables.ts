import { journal, table } from '../db/table.ts';
import type { AccountKind } from '../kernel/vocabulary.ts';

/** An amount of one currency in minor units (fen), on the two sides of double entry. */
export type Account = {
  id: string;
  kind: AccountKind;
  currency: string;
  /** Whose it is, where that is an organisation or a site. A person's account names nobody. */
  organisationId: string | null;
  siteId: string | null;
  /** The fact that opened it, and the last that changed it. */
  seq: number;
  lastSeq: number;
  /** Debits less credits: what the programme has is positive, what it owes negative. */
  balance: number;
  /** Of what is owed, what a payout order has set aside. */
  held: number;
};
export const accounts = table<Account>('accounts', 'id', {
  id: 'uuid',
  kind: 'text',
  currency: 'text',
  organisationId: 'uuid',
  siteId: 'uuid',
  seq: 'int8',
  lastSeq: 'int8',
  balance: 'int8',
  held: 'int8',
});

/** How a person was paid: at the scale in cash or goods, later in cash, or over a rail. */
export type PaidBy = 'scale-cash' | 'scale-goods' | 'cash' | 'wechat' | 'bank' | 'cash-list';

/**
 * What was paid of what is owed on an account, in minor units; negative where a payment came back. `amount` is what it
 * covers, `sent` the money or goods that were handed over: less where a part was set off against what was overpaid.
 */
export type Payment = {
  accountId: string;
  seq: number;
  at: number;
  by: PaidBy;
  amount: number;
  sent: number;
};
export const payments = journal<Payment>('payments', {
  accountId: 'uuid',
  seq: 'int8',
  at: 'int8',
  by: 'text',
  amount: 'int8',
  sent: 'int8',
});
