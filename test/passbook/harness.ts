import { randomUUID } from 'node:crypto';
import type { Test } from 'tap';
import { type Answer, startTestApp } from '../support/app.ts';

export const cny = (amount: number) => ({ amount, currency: 'CNY' });
export const ok = ({ status, body }: Answer, expected = 201): Answer['body'] => {
  if (status !== expected) throw new Error(`${status} ${JSON.stringify(body)}`);
  return body;
};

/** A station with a price of 1.50 yuan a kilogram and 2.00 more from the sea, and people with cards. */
export const quay = async (t: Test, env: Record<string, string> = {}) => {
  const app = await startTestApp(t, env);
  const { client, siteId, organisationId } = await app.site('station', { name: '大陈岛站' });
  const perKilo = (amount: number) => ({ ...cny(amount), perGrams: 1_000 });
  ok(
    await app.operator.post('/v1/tariffs', {
      ...{ source: '第 4 号价目', startsAt: new Date().toISOString() },
      prices: [{ material: 'pet', base: perKilo(150), originPremium: perKilo(200) }],
    }),
  );
  const collector = async (name = '林阿海') => {
    const consent = { version: '1', at: new Date().toISOString() };
    const { id } = ok(await client.post('/v1/collectors', { siteId, name, consent }));
    const { cardNumber } = ok(await client.post(`/v1/collectors/${id}/card`, { pin: '4711' }));
    return { id: id as string, card: { number: cardNumber as string, pin: '4711' } };
  };
  const weigh = async (collectorId: string, more: object = {}) =>
    ok(
      await client.post('/v1/collections', {
        ...{ id: randomUUID(), siteId, material: 'pet', form: 'bottle', originClass: 'sea-recovered' },
        ...{ originEvidence: 'position', grossGrams: 12_600, tareGrams: 600, basis: 'weighed' },
        deductions: [{ kind: 'water', grams: 2_000, basis: 'sample' }],
        ...{ collectedAt: new Date().toISOString(), collectorId, ...more },
      }),
    );
  const anyone = app.client('x');
  const open = async (key: object) => ok(await anyone.post('/v1/passbooks', key), 200).pass as string;
  const read = async (pass: string, query = '') => ok(await anyone.get(`/v1/passbooks/${pass}${query}`), 200);
  const link = async (id: string) =>
    ok(await client.post(`/v1/collectors/${id}/passbook-links`, {})) as { token: string; path: string };
  return { app, client, siteId, organisationId, collector, weigh, anyone, open, read, link };
};
