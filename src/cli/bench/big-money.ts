import { setTimeout as sleep } from 'node:timers/promises';
import { collectionOperations } from '../../collection/collection.operations.ts';
import { commandKey } from '../../http/route.ts';
import type { Rail } from '../../rails/rail.ts';
import { WECHAT_LIMITS } from '../../rails/wechat.ts';
import { listen } from './http.ts';
import type { LoadGenerator } from './load.ts';
import type { Place } from './place.ts';
import { median, type Sample } from './rounds.ts';
import { type Row, row } from './rows.ts';
import { weighIn } from './weigh-in.ts';

const NAME = 'Much money at once';
/** Weigh-ins of one upload, and lots of one run. */
const AT_ONCE = 500;
const ASKED_AT_ONCE = 32;
/** Who weighs in meanwhile, and how long one look at them takes. */
const [CALLERS, SLICE_MS] = [4, 1_000];
const P99_MS = 100;
/** What may be held beyond what was held before, at most. */
const FLAT_MB = 300;
const NOBODY = { kind: 'not-believed', code: 'none', reason: 'it tells nothing' } as const;

export type BigMoney = { weighIns: number; people: number };

type Post = (url: string, body: unknown) => Promise<Record<string, unknown>>;

const { callsPerSecond: _, nameFrom: __, ...LIMITS } = WECHAT_LIMITS;
/** Pays at once whatever it is sent, and asks for no pace. */
const readyRail: Rail = {
  limits: { ...LIMITS, maximum: Number.MAX_SAFE_INTEGER },
  submit: async ({ amount }) => ({ kind: 'paid', amount }),
  query: async () => ({ kind: 'paid' }),
  cancel: async () => ({ kind: 'unknown', code: 'none' }),
  verifyNotification: () => NOBODY,
};

const postAs =
  ({ app }: Place, key: string): Post =>
  async (url, body) => {
    const headers = { authorization: `Bearer ${key}` };
    const answer = await app.inject({ method: 'POST', url, headers, payload: body as object });
    if (answer.statusCode >= 300)
      throw new Error(`POST ${url} answered ${answer.statusCode}: ${answer.body}`);
    return answer.json();
  };

/** Does so many things, some at a time. */
const each = async (count: number, work: (i: number) => Promise<unknown>): Promise<void> => {
  let next = 0;
  const hand = async (): Promise<void> => {
    for (let i = next++; i < count; i = next++) await work(i);
  };
  await Promise.all(Array.from({ length: ASKED_AT_ONCE }, hand));
};

const register = async (
  place: Place,
  post: Post,
  people: number,
  progress: (text: string) => void,
): Promise<string[]> => {
  const { siteId } = place;
  const ids: string[] = [];
  const consent = { version: '1', at: '2026-01-01T00:00:00+08:00' };
  await each(people, async (i) => {
    const { id } = await post('/v1/collectors', { siteId, name: 'Bench', consent });
    await post(`/v1/collectors/${id}/payee`, { rail: 'wechat', account: `o-bench-${i}` });
    ids.push(id as string);
    if (i % 500 === 0) progress(`${i} of ${people} people`);
  });
  return ids;
};

/** One consolidating run over these lots; the lot it makes. */
const join = async ({ post, siteId }: Place, lots: readonly { id: string; grams: number }[]) => {
  const grams = lots.reduce((sum, lot) => sum + lot.grams, 0);
  const run = await post('/v1/process-runs', {
    ...{ siteId, step: 'consolidate', inputs: lots.map(({ id: lotId }) => ({ lotId })), losses: [] },
    outputs: [{ material: 'pet', form: 'bottle', grams }],
    lineClean: true,
  });
  return { id: (run.outputs as { lotId: string }[])[0]!.lotId, grams };
};

/** Everybody's weigh-ins in one batch: joined five hundred at a time as they come in, and those again. */
const makeBatch = async (
  place: Place,
  { weighIns, people }: { weighIns: number; people: readonly string[] },
  progress: (text: string) => void,
): Promise<string> => {
  const { deps, siteId, caller } = place;
  const { recordCollection: operation } = collectionOperations(deps.keyring, deps.programme);
  let joined: { id: string; grams: number }[] = [];
  for (let from = 0; from < weighIns; from += AT_ONCE) {
    const commands = Array.from({ length: Math.min(AT_ONCE, weighIns - from) }, (_, i) => {
      const input = { ...weighIn(siteId), collectorId: people[(from + i) % people.length]! };
      const key = commandKey(deps.keyring, operation.name, caller, input, undefined, deps.newId);
      return { operation, input, caller, key };
    });
    const recorded = await Promise.all(deps.door.submit(commands, AT_ONCE * 600));
    joined.push(
      await join(
        place,
        recorded.map(({ answer }) => (answer as { lot: { id: string; grams: number } }).lot),
      ),
    );
    if (from % 10_000 === 0) progress(`${from} of ${weighIns} weigh-ins`);
  }
  while (joined.length > 100) {
    const next: typeof joined = [];
    for (let from = 0; from < joined.length; from += AT_ONCE)
      next.push(await join(place, joined.slice(from, from + AT_ONCE)));
    joined = next;
  }
  const inputs = joined.map(({ id: lotId }) => ({ lotId }));
  const batch = await place.post('/v1/batches', { siteId, inputs });
  progress('the followers read');
  await place.settle();
  const { rows } = await deps.pool.query<{ size: number }>('SELECT size FROM head');
  while (!(await deps.distributions.reaches(rows[0]!.size - 1)));
  return batch.id as string;
};

type Watched = { seconds: number; samples: Sample[]; heldMb: number; grewMb: number };

/** Weighs in, and looks at what is held, for as long as something is going on. */
const meanwhile = async (
  place: Place,
  generator: LoadGenerator,
  port: number,
  isDone: () => Promise<boolean>,
): Promise<Watched> => {
  const megabytes = (): number => process.memoryUsage.rss() / 2 ** 20;
  const before = megabytes();
  let peak = before;
  const start = performance.now();
  let seconds = 0;
  let over = false;
  const look = async (): Promise<void> => {
    while (!over) {
      peak = Math.max(peak, megabytes());
      if (await isDone()) over = true;
      seconds = (performance.now() - start) / 1_000;
      await sleep(50);
    }
  };
  const looking = look();
  const samples: Sample[] = [];
  const ask = { kind: 'post', siteId: place.siteId } as const;
  const { secret: token } = place;
  while (!over) samples.push(await generator.run({ port, token, connections: CALLERS, ms: SLICE_MS, ask }));
  await looking;
  return { seconds, samples, heldMb: peak, grewMb: peak - before };
};

const rowsOf = (what: string, { seconds, samples, heldMb, grewMb }: Watched, note: string): Row[] => {
  const p99s = samples.map(({ p99Ms }) => p99Ms);
  const p99Ms = Math.max(...p99s);
  return [
    row(NAME, what, { ours: seconds, unit: 's', note }),
    row(NAME, `${what}: a weigh-in meanwhile`, {
      callers: CALLERS,
      ours: median(samples.map(({ perSecond }) => perSecond)),
      p50Ms: median(samples.map(({ p50Ms }) => p50Ms)),
      p99Ms,
      goal: `p99 < ${P99_MS} ms`,
      met: p99Ms < P99_MS,
      note: `the worst of ${p99s.length} looks of a second`,
    }),
    row(NAME, `${what}: held beyond before, at most`, {
      ours: Math.max(0, grewMb),
      unit: 'MB',
      goal: `< ${FLAT_MB} MB`,
      met: grewMb < FLAT_MB,
      note: `${Math.round(heldMb)} MB in all, with the load on the same process`,
    }),
  ];
};

const distribute = async (
  place: Place,
  generator: LoadGenerator,
  port: number,
  asOperator: Post,
  batchId: string,
): Promise<Watched> => {
  const { pool } = place.deps;
  const shares = [{ to: 'collectors', basisPoints: 10_000, base: 'margin-after-costs' }];
  await asOperator('/v1/distribution-rules', { shares });
  const { id: buyerOrganisationId } = await asOperator('/v1/organisations', { name: 'Buyer', kind: 'brand' });
  const price = { amount: 1_500, currency: 'CNY', perGrams: 1_000 };
  const sale = await place.post(`/v1/batches/${batchId}/sale`, { buyerOrganisationId, price });
  const amount = (sale.total ?? sale.outstanding) as { amount: number; currency: string };
  await place.post(`/v1/batches/${batchId}/payments`, { amount, receivedAt: new Date().toISOString() });
  return meanwhile(place, generator, port, async () => {
    const { rows } = await pool.query<{ written: boolean }>(
      'SELECT parts = written AS written FROM distributions WHERE batch_id = $1',
      [batchId],
    );
    return rows[0]?.written === true;
  });
};

const payOut = async (
  place: Place,
  generator: LoadGenerator,
  port: number,
  asOperator: Post,
): Promise<Watched> => {
  const { pool, payouts } = place.deps;
  payouts.rails.set('wechat', readyRail);
  payouts.runMaximum = Number.MAX_SAFE_INTEGER;
  const { id: organisationId } = await asOperator('/v1/organisations', { name: 'Payer', kind: 'payer' });
  const key = async (holder: string): Promise<Post> => {
    const { secret } = await asOperator('/v1/api-keys', { organisationId, role: 'payer', holder });
    return postAs(place, secret as string);
  };
  const [maker, checker] = [await key('maker'), await key('checker')];
  await maker('/v1/transfers', {
    ...{ from: { kind: 'capital' }, to: { kind: 'rail' } },
    amount: { amount: 10 ** 13, currency: 'CNY' },
  });
  const stateOf = async (id: string): Promise<string> =>
    (await pool.query<{ state: string }>('SELECT state FROM payout_runs WHERE id = $1', [id])).rows[0]!.state;
  const open = async (): Promise<string> => {
    const { id } = await maker('/v1/payout-runs', { rail: 'wechat', minimum: 10 });
    return id as string;
  };
  let id: string | undefined;
  const running = open().then(async (made) => {
    id = made;
    while ((await stateOf(made)) === 'drafting') await sleep(50);
    await checker(`/v1/payout-runs/${made}/approve`, {});
    await maker(`/v1/payout-runs/${made}/submit`, {});
  });
  const watched = await meanwhile(place, generator, port, async () => {
    if (id === undefined || (await stateOf(id)) !== 'submitted') return false;
    const { rows } = await pool.query<{ open: number }>(
      "SELECT count(*)::int8 AS open FROM payout_orders WHERE run_id = $1 AND state <> 'paid'",
      [id],
    );
    return rows[0]!.open === 0;
  });
  await running;
  return watched;
};

/**
 * A second distribution over a batch of so many weigh-ins, then a payout run over everybody, while four callers go on
 * weighing in over HTTP. The API, the door, the followers and the payouts are one process; the load comes from another.
 */
export const measureBigMoney = async (
  place: Place,
  generator: LoadGenerator,
  { weighIns, people: count }: BigMoney,
  progress: (text: string) => void,
): Promise<Row[]> => {
  const asOperator = postAs(place, place.env.BOOTSTRAP_API_KEY!);
  const people = await register(place, asOperator, count, progress);
  const batchId = await makeBatch(place, { weighIns, people }, progress);
  const port = await listen(place.app);
  progress('the second distribution');
  const shared = await distribute(place, generator, port, asOperator, batchId);
  progress('the payout run');
  const paid = await payOut(place, generator, port, asOperator);
  return [
    ...rowsOf(`a second distribution over ${weighIns} weigh-ins`, shared, `to ${count} people`),
    ...rowsOf(
      `a payout run over ${count} people`,
      paid,
      'drafted, approved, submitted, paid by a rail that answers at once',
    ),
  ];
};
