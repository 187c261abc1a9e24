import { type Call, type Place, until } from './client.ts';
import { demoId } from './jiaojiang.ts';

/** Fen for a kilogram of pellets, and the recycler's costs in parts of what it is paid. */
const PRICE_FEN = 1_000;
const COSTS_IN_PERCENT = 60;
const AT = '2026-11-20T10:00:00+08:00';

const RULE = {
  shares: [
    { to: 'collectors', basisPoints: 6_000, base: 'margin-after-costs' },
    { to: 'fund', basisPoints: 2_000, base: 'margin-after-costs' },
    { to: 'operator', basisPoints: 2_000, base: 'margin-after-costs' },
  ],
};

export type Sale = {
  /** All in fen. */
  paid: number;
  margin: number;
  collectors: number;
  people: number;
};

/** A brand buys the batch and pays; what is left after costs is shared out, most of it over the very grams of the batch. */
export const sellAndShare = async (operator: Call, { call }: Place, batch: { id: string }): Promise<Sale> => {
  const cny = (amount: number) => ({ amount, currency: 'CNY' });
  const buyerOrganisationId = demoId('organisation brand');
  await operator('POST', '/v1/organisations', { id: buyerOrganisationId, name: '海岸衣橱', kind: 'brand' });
  await operator('POST', '/v1/distribution-rules', { id: demoId('rule'), ...RULE });
  const on = `/v1/batches/${batch.id}`;
  const price = { ...cny(PRICE_FEN), perGrams: 1_000 };
  const sale = await call('POST', `${on}/sale`, { id: demoId('sale'), buyerOrganisationId, price });
  const { amount } = sale.total;
  const costs = cny(Math.floor((amount * COSTS_IN_PERCENT) / 100));
  await call('POST', `${on}/costs`, {
    id: demoId('costs'),
    kind: 'processing',
    amount: costs,
    incurredAt: AT,
  });
  const paid = { saleId: sale.id, amount: cny(amount), receivedAt: AT };
  await call('POST', `${on}/payments`, { id: demoId('payment'), ...paid });
  const { items } = await until(
    () => call('GET', `${on}/distributions`),
    ({ items }) => items[0]?.state === 'credited',
  );
  const [{ money, people }] = items;
  return { paid: amount, margin: money.total, collectors: money.collectors, people };
};
