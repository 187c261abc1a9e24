import { randomUUID } from 'node:crypto';
import type { Test } from 'tap';
import { type Client, startTestApp, type TestApp } from '../support/app.ts';

const LOCATION = { latE7: 286_600_000, lonE7: 1_214_400_000 };

/** A station with its rules, and short words for what a test says. */
export const anomalyTest = async (t: Test) => {
  const app = await startTestApp(t);
  const { operator, deps } = app;
  const station = await app.site('station');
  /** Lets both followers read everything, what they themselves wrote included. */
  const settle = async (): Promise<number> => {
    for (;;) {
      const size = await headOf(app);
      if (!(await deps.follower.reaches(size - 1, 10_000))) throw new Error('provenance stands still');
      if (!(await deps.anomalies.reaches(size - 1, 10_000))) throw new Error('anomalies stand still');
      const { rows } = await deps.pool.query<{ n: number }>(
        'SELECT count(*)::int4 AS n FROM anomaly_pending',
      );
      if (rows[0]!.n === 0 && (await headOf(app)) === size) return size - 1;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  const rule = async (code: string, parameters: object = {}, more: object = {}) => {
    const answer = await operator.put(`/v1/anomaly-rules/${code}`, { enabled: true, parameters, ...more });
    if (answer.status !== 200) throw new Error(`${code}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  const weighIn = async (more: object = {}, client: Client = station.client) => {
    const answer = await client.post('/v1/collections', {
      id: randomUUID(),
      siteId: station.siteId,
      bagTag: 'S-1',
      material: 'pet',
      form: 'bottle',
      originClass: 'sea-recovered',
      grossGrams: 1_000,
      tareGrams: 0,
      basis: 'weighed',
      collectedAt: '2026-11-20T10:00:00+08:00',
      quote: { price: { amount: 1, currency: 'CNY', perGrams: 1 } },
      ...more,
    });
    if (answer.status !== 201) throw new Error(`weigh-in: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  const collector = async (more: object = {}): Promise<string> => {
    const consent = { version: '1', at: '2026-11-01T00:00:00+08:00' };
    const answer = await operator.post('/v1/collectors', {
      siteId: station.siteId,
      name: '王海生',
      consent,
      ...more,
    });
    if (answer.status !== 201) throw new Error(`collector: ${JSON.stringify(answer.body)}`);
    return answer.body.id;
  };
  const hits = async (query = ''): Promise<Hit[]> => {
    await settle();
    return (await operator.get(`/v1/anomalies?limit=1000${query}`)).body.items;
  };
  return { ...app, station, settle, rule, weighIn, collector, hits, LOCATION };
};

// biome-ignore lint/suspicious/noExplicitAny: tests read answers freely
export type Hit = Record<string, any>;

const headOf = async ({ deps }: TestApp): Promise<number> =>
  (await deps.pool.query<{ size: number }>('SELECT size FROM head')).rows[0]!.size;
