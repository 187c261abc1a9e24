import type { Call, Place } from './client.ts';
import { inLanes } from './client.ts';

const PAID = 25;
const FLOAT_FEN = 5_000_000;
const SHORT_FEN = 500;

export type Money = {
  /** All in fen. */
  earned: number;
  paidInCash: number;
  people: number;
  expected: number;
  counted: number;
};

/**
 * Pays day: the first station gets its float, the keeper pays some of the collectors what they are owed, and the count at
 * the end of the shift is five yuan short, which falls on nobody's earnings.
 */
export const payDay = async (
  operator: Call,
  { siteId, call }: Place,
  collectors: readonly string[],
): Promise<Money> => {
  const cny = (amount: number) => ({ amount, currency: 'CNY' });
  const float = await operator('POST', '/v1/cash-floats', { siteId, amount: cny(FLOAT_FEN) }, 'float');
  await inLanes(4, collectors.slice(0, PAID), async (collectorId, i) => {
    const { balances } = await operator('GET', `/v1/collectors/${collectorId}/statement?limit=1`);
    const { owed } = balances[0];
    if (owed === 0) return;
    const payment = { collectorId, amount: cny(owed), paidAt: '2026-11-20T17:00:00+08:00' };
    await call('POST', `/v1/cash-floats/${float.id}/payments`, { ...payment, slip: `${i}` }, `pay ${i}`);
  });
  // From the float itself: played again, nobody is owed any more what was paid the first time.
  const { items: movements } = await operator('GET', `/v1/cash-floats/${float.id}/movements?limit=100`);
  const payments = movements.filter(({ kind }: { kind: string }) => kind === 'payment');
  const paidInCash = payments.reduce((sum: number, { delta }: { delta: number }) => sum - delta, 0);
  const counted = cny(FLOAT_FEN - paidInCash - SHORT_FEN);
  const count = await call('POST', `/v1/cash-floats/${float.id}/counts`, { counted, shift: '晚班' }, 'count');
  const { items } = await operator('GET', '/v1/accounts?kind=purchases');
  return {
    earned: items.reduce((sum: number, account: { balance: number }) => sum + account.balance, 0),
    paidInCash,
    people: payments.length,
    expected: count.expected.amount,
    counted: count.counted.amount,
  };
};
