import { randomUUID } from 'node:crypto';
import type { Answer, TestApp } from '../support/app.ts';

export const CNY = (amount: number) => ({ amount, currency: 'CNY' });

export const ok = ({ status, body }: Answer, expected = 201): Answer['body'] => {
  if (status !== expected) throw new Error(`${status} ${JSON.stringify(body)}`);
  return body;
};

/** A station with registered collectors, a rule by 公告2024年第5号, and what is withheld by it. */
export const taxed = async (app: TestApp, people = 1) => {
  const { siteId, client } = await app.site('station');
  const collectors: string[] = [];
  for (let i = 0; i < people; i++) {
    const consent = { version: '1', at: new Date().toISOString() };
    const person = {
      siteId,
      name: `渔民 ${i}`,
      identity: { kind: 'cn-id', number: `33100219700101000${i}` },
      consent,
    };
    collectors.push(ok(await client.post('/v1/collectors', person)).id);
  }
  /** Ten kilograms at a fen a gram: a hundred yuan. */
  const weighIn = (more: object): Promise<Answer> =>
    client.post('/v1/collections', {
      ...{ id: randomUUID(), siteId, material: 'pet', form: 'bottle', originClass: 'sea-recovered' },
      ...{ originEvidence: 'position', grossGrams: 10_000, tareGrams: 0, basis: 'weighed' },
      ...{ collectedAt: new Date().toISOString(), quote: { price: { ...CNY(1), perGrams: 1 } } },
      ...more,
    });
  const rule = async (
    { issuers, reverse, ...more }: { issuers?: object[]; reverse?: object; [member: string]: unknown } = {},
    status = 201,
  ): Promise<Answer['body']> =>
    ok(
      await app.operator.post('/v1/tax-rules', {
        ...{ source: '国家税务总局公告2024年第5号', startsAt: new Date().toISOString() },
        reverseInvoicing: {
          issuers: issuers ?? [
            { organisationId: app.deps.programme.operatorId, registration: '台商再生备 2024-017' },
          ],
          kinds: ['purchase', 'price-supplement'],
          ...{ vatBasisPoints: 100, vatFreeUpTo: 10_000_000, incomeTaxBasisPoints: 50, limit: 500_000_000 },
          ...reverse,
        },
        ...more,
      }),
      status,
    );
  const consent = async (collectorId: string, given = true): Promise<Answer['body']> =>
    ok(
      await client.post(`/v1/collectors/${collectorId}/invoicing-consent`, {
        given,
        at: new Date().toISOString(),
      }),
    );
  const owed = async (collectorId: string): Promise<Answer['body']> =>
    ok(await client.get(`/v1/collectors/${collectorId}/statement`), 200).balances[0];
  const balances = async (): Promise<Record<string, number>> => {
    const sums: Record<string, number> = {};
    for (const { kind, balance } of ok(await app.operator.get('/v1/accounts'), 200).items)
      sums[kind] = (sums[kind] ?? 0) + balance;
    return sums;
  };
  const trial = async (): Promise<object[]> =>
    ok(await app.operator.get('/v1/accounts/trial-balance'), 200).items;
  return { siteId, client, collectors, weighIn, rule, consent, owed, balances, trial };
};
