import { journal } from '../db/table.ts';

/** What stands at one site in one material, form and origin class (null when the sources of a lot differ). */
export type StockKind = { siteId: string; material: string; form: string; originClass: string | null };

/** `id` in the order in which the ledger first had some. */
export type StockAccount = StockKind & { id: number };
export const stockAccounts = journal<StockAccount>('stock_accounts', {
  id: 'int4',
  siteId: 'uuid',
  material: 'text',
  form: 'text',
  originClass: 'text',
});

/** What stood there after the fact `seq`: grams, what could be claimed of them, and in how many lots. */
export type StockPosting = {
  accountId: number;
  seq: number;
  grams: number;
  claimableGrams: number;
  lots: number;
};
export const stockPostings = journal<StockPosting>('stock_postings', {
  accountId: 'int4',
  seq: 'int8',
  grams: 'int8',
  claimableGrams: 'int8',
  lots: 'int4',
});
