import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { BASELINE_CONNECTIONS, type Baseline } from './baseline.ts';
import type { Counts } from './counts.ts';
import type { LoadGenerator } from './load.ts';
import { openNoDatabase } from './no-database.ts';
import type { Place } from './place.ts';
import { closedLoop, type Effort, interleave, ratioOf, type Sample } from './rounds.ts';
import { atLeast, type Row, row } from './rows.ts';

const NAME = 'Over HTTP (key, validation, weigh-in; the load comes from another process)';
const BATCH = { items: 500, connections: 4 };

export const listen = async (app: FastifyInstance): Promise<number> => {
  if (!app.server.listening) await app.listen({ port: 0, host: '127.0.0.1' });
  return (app.server.address() as AddressInfo).port;
};

/** POST /v1/collections at several numbers of connections, beside the route without a database; then uploads. */
export const measureHttp = async (
  place: Place,
  baseline: Baseline,
  counts: Counts,
  generator: LoadGenerator,
  effort: Effort,
  progress: (text: string) => void,
): Promise<Row[]> => {
  const { siteId, secret: token } = place;
  const noDatabase = await openNoDatabase(place);
  try {
    const [port, portWithout] = [await listen(place.app), await listen(noDatabase)];
    const ours =
      (connections: number) =>
      async (ms: number): Promise<Sample> => {
        const sample = await generator.run({ port, token, connections, ms, ask: { kind: 'post', siteId } });
        counts.acknowledged += sample.count;
        await place.settle();
        return sample;
      };
    const without = (connections: number) => (ms: number) =>
      generator.run({ port: portWithout, token, connections, ms, ask: { kind: 'post', siteId } });
    const uploads = async (ms: number): Promise<Sample> => {
      const ask = { kind: 'batch', siteId, items: BATCH.items } as const;
      const sample = await generator.run({ port, token, connections: BATCH.connections, ms, ask });
      counts.acknowledged += sample.count;
      await place.settle();
      return sample;
    };
    const plain = (callers: number) => (ms: number) => closedLoop(callers, ms, baseline.insert);
    const found = await interleave(
      effort,
      [
        { name: 'plain 1', run: plain(1) },
        { name: 'ours 1', run: ours(1) },
        { name: 'without 1', run: without(1) },
        { name: 'plain 16', run: plain(16) },
        { name: 'ours 16', run: ours(16) },
        { name: 'without 16', run: without(16) },
        { name: 'plain 64', run: plain(BASELINE_CONNECTIONS) },
        { name: 'ours 64', run: ours(64) },
        { name: 'without 64', run: without(64) },
        { name: 'ours 256', run: ours(256) },
        { name: 'without 256', run: without(256) },
        { name: 'batch', run: uploads },
      ],
      progress,
    );
    const line = (
      what: string,
      callers: number,
      a: keyof typeof found,
      b: keyof typeof found,
      goal?: number,
    ): Row => {
      const { perSecond, p50Ms, p99Ms } = found[a];
      const ratio = ratioOf(found[a], found[b]);
      const judged = goal === undefined ? { ratio } : atLeast(ratio, goal);
      return row(NAME, what, {
        callers,
        ours: perSecond,
        baseline: found[b].perSecond,
        p50Ms,
        p99Ms,
        ...judged,
      });
    };
    return [
      line('weigh-ins ÷ plain rows', 1, 'ours 1', 'plain 1'),
      line('weigh-ins ÷ plain rows', 16, 'ours 16', 'plain 16'),
      line('weigh-ins ÷ plain rows', 64, 'ours 64', 'plain 64', 1.2),
      line('weigh-ins ÷ plain rows', 256, 'ours 256', 'plain 64', 1.5),
      line('weigh-ins ÷ route without database', 1, 'ours 1', 'without 1'),
      line('weigh-ins ÷ route without database', 16, 'ours 16', 'without 16'),
      line('weigh-ins ÷ route without database', 64, 'ours 64', 'without 64', 0.4),
      line('weigh-ins ÷ route without database', 256, 'ours 256', 'without 256', 0.6),
      line(`uploads of ${BATCH.items} ÷ single posts at 64`, BATCH.connections, 'batch', 'ours 64', 5),
    ];
  } finally {
    await noDatabase.close();
  }
};
