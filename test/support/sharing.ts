import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { AT, fen, tradeOf } from '../resale/sealed.ts';
import type { TestApp } from './app.ts';
import { ok } from './payouts.ts';

export { ok };

/** Whatever is to be shared out was, by batches and by the fund. */
export const settled = async ({ deps }: TestApp): Promise<void> => {
  for (let i = 0; i < 500; i++) {
    const { rows } = await deps.pool.query(
      `SELECT (SELECT size FROM head) - (SELECT seq FROM followers WHERE name = 'distributions')
         + (SELECT count(*) FROM distribution_pending) + (SELECT count(*) FROM fund_pending) AS open`,
    );
    if (Number(rows[0].open) === 0) return;
    await sleep(20);
  }
  throw new Error('distributions stand still');
};

/** A recycler that weighs in what people bring, seals it, sells it and is paid; and what the books say of it. */
export const sharingOf = async (app: TestApp) => {
  const made = await tradeOf(app, 200);
  const { seller } = made;
  const person = async (name = '渔民'): Promise<string> => {
    const consent = { version: '1', at: new Date().toISOString() };
    return ok(await app.operator.post('/v1/collectors', { siteId: seller.siteId, name, consent })).id;
  };
  const people = async (count: number): Promise<string[]> => {
    const ids: string[] = [];
    for (let i = 0; i < count; i++) ids.push(await person());
    return ids;
  };
  const weighIn = async (
    grossGrams: number,
    more: object = {},
  ): Promise<{ id: string; lotId: string; seq: number }> => {
    const body = ok(
      await seller.client.post('/v1/collections', {
        ...{ id: randomUUID(), siteId: seller.siteId, material: 'pet', form: 'bottle' },
        ...{ originClass: 'sea-recovered', originEvidence: 'position', grossGrams, tareGrams: 0 },
        ...{ basis: 'weighed', collectedAt: new Date().toISOString(), ...more },
      }),
    );
    return { id: body.id, lotId: body.lot.id, seq: body.receipt.seq };
  };
  /** Sells what these weigh-ins brought as one batch, and is paid so many fen. */
  const tradeIn = async (lots: { lotId: string }[], paid: number): Promise<{ id: string; code: string }> => {
    const batch = await made.seal(lots.map(({ lotId }) => ({ lotId })));
    ok(await made.sell(batch.id));
    ok(await made.post(batch.id, 'payments', { amount: fen(paid), receivedAt: AT }));
    return batch;
  };
  const owed = async (id: string): Promise<number> =>
    ok(await app.operator.get(`/v1/collectors/${id}/statement`), 200).balances[0]?.owed ?? 0;
  const balances = async (): Promise<Record<string, number>> => {
    const sums: Record<string, number> = {};
    for (const { kind, balance } of ok(await app.operator.get('/v1/accounts?limit=500'), 200).items)
      sums[kind] = (sums[kind] ?? 0) + balance;
    return sums;
  };
  return { ...made, person, people, weighIn, tradeIn, owed, balances };
};
