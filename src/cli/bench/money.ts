import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { transferFunds } from '../../accounts/transfers.ts';
import { registerOrganisation } from '../../registry/registry.operations.ts';
import { BASELINE_CONNECTIONS } from './baseline.ts';
import { listen } from './http.ts';
import type { LoadGenerator } from './load.ts';
import type { Place } from './place.ts';
import { closedLoop, type Effort, interleave, ratioOf } from './rounds.ts';
import { atLeast, type Row, row } from './rows.ts';

const NAME = 'Money';
const ACCOUNTS = 500;
const CALLERS = [1, 16, 64] as const;

/** What a transfer is without us: a function that locks both rows, moves the balances and writes both postings. */
const SCHEMA = `
  CREATE SCHEMA bench_money;
  CREATE TABLE bench_money.accounts (id int PRIMARY KEY, balance int8 NOT NULL);
  CREATE TABLE bench_money.postings (
    transfer uuid NOT NULL, account int NOT NULL, delta int8 NOT NULL, after int8 NOT NULL, PRIMARY KEY (transfer, account));
  INSERT INTO bench_money.accounts SELECT i, 0 FROM generate_series(0, ${2 * ACCOUNTS}) i;
  CREATE FUNCTION bench_money.transfer(id uuid, giver int, taker int, amount int8) RETURNS void LANGUAGE plpgsql AS $$
  DECLARE g int8; t int8;
  BEGIN
    PERFORM FROM bench_money.accounts a WHERE a.id IN (giver, taker) ORDER BY a.id FOR UPDATE;
    UPDATE bench_money.accounts a SET balance = balance - amount WHERE a.id = giver RETURNING balance INTO g;
    UPDATE bench_money.accounts a SET balance = balance + amount WHERE a.id = taker RETURNING balance INTO t;
    INSERT INTO bench_money.postings VALUES (id, giver, -amount, g), (id, taker, amount, t);
  END $$;`;

const pick = (n: number): number => Math.floor(Math.random() * n);

/** Transfers through the door beside a function with row locks, spread and on one hot account. */
const measureTransfers = async (
  place: Place,
  effort: Effort,
  progress: (text: string) => void,
): Promise<Row[]> => {
  const { deps, operator } = place;
  const { door, keyring, newId, programme } = deps;
  const key = () => ({ id: newId(), fingerprint: keyring.fingerprint('bench') });
  const owners = await Promise.all(
    Array.from({ length: ACCOUNTS }, async () => {
      const input = { name: 'Bench', kind: 'station' as const };
      return (await door.record(registerOrganisation, input, operator, key())).answer.id;
    }),
  );
  const operation = transferFunds(keyring, programme);
  const transfer = (hot: boolean) => () =>
    door.record(
      operation,
      {
        from: { kind: 'capital', organisationId: owners[pick(ACCOUNTS)]! },
        to: { kind: 'creditors', organisationId: hot ? owners[0]! : owners[pick(ACCOUNTS)]! },
        amount: { amount: 1 + pick(1_000), currency: 'CNY' },
      },
      operator,
      key(),
    );
  const pool = new pg.Pool({ connectionString: place.ownerUrl, max: BASELINE_CONNECTIONS });
  pool.on('error', () => undefined);
  try {
    await pool.query(SCHEMA);
    const locked = (hot: boolean) => () =>
      pool.query({
        name: 'transfer',
        text: 'SELECT bench_money.transfer($1, $2, $3, $4)',
        values: [randomUUID(), pick(ACCOUNTS), ACCOUNTS + (hot ? 0 : pick(ACCOUNTS)), 1 + pick(1_000)],
      });
    const variants = CALLERS.flatMap((callers) =>
      [false, true].flatMap((hot) => {
        const where = `${hot ? 'hot' : 'spread'} ${callers}`;
        return [
          { name: `door ${where}`, run: (ms: number) => closedLoop(callers, ms, transfer(hot)) },
          { name: `locks ${where}`, run: (ms: number) => closedLoop(callers, ms, locked(hot)) },
        ];
      }),
    );
    const found = await interleave(effort, variants, progress);
    return CALLERS.flatMap((callers) =>
      [false, true].map((hot) => {
        const where = `${hot ? 'hot' : 'spread'} ${callers}`;
        const [ours, theirs] = [found[`door ${where}`]!, found[`locks ${where}`]!];
        const ratio = ratioOf(ours, theirs);
        const goal = hot ? 20 : 5;
        return row(NAME, `transfers, ${hot ? 'one hot account' : 'spread'} ÷ a function with row locks`, {
          callers,
          ours: ours.perSecond,
          baseline: theirs.perSecond,
          p50Ms: ours.p50Ms,
          p99Ms: ours.p99Ms,
          ...(callers === 64 ? atLeast(ratio, goal) : { ratio }),
        });
      }),
    );
  } finally {
    await pool.end();
  }
};

const DEARER = 1.3;

/** What an earning costs a weigh-in over HTTP: the same bag with and without a price. */
const measureEarning = async (
  place: Place,
  generator: LoadGenerator,
  effort: Effort,
  progress: (text: string) => void,
): Promise<Row> => {
  const port = await listen(place.app);
  const { siteId, secret: token } = place;
  const connections = 64;
  const post = (unpriced: boolean) => async (ms: number) => {
    const ask = { kind: 'post' as const, siteId, unpriced };
    const sample = await generator.run({ port, token, connections, ms, ask });
    await place.settle();
    return sample;
  };
  const found = await interleave(
    effort,
    [
      { name: 'with' as const, run: post(false) },
      { name: 'without' as const, run: post(true) },
    ],
    progress,
  );
  const cost = ratioOf(found.without, found.with);
  return row(NAME, 'a weigh-in without an earning ÷ with one, over HTTP', {
    callers: connections,
    ours: found.with.perSecond,
    baseline: found.without.perSecond,
    p50Ms: found.with.p50Ms,
    p99Ms: found.with.p99Ms,
    ratio: cost,
    goal: `≤ ${DEARER} ×`,
    met: cost <= DEARER,
  });
};

export const measureMoney = async (
  place: Place,
  generator: LoadGenerator,
  effort: Effort,
  progress: (text: string) => void,
): Promise<Row[]> => [
  await measureEarning(place, generator, effort, progress),
  ...(await measureTransfers(place, effort, progress)),
];
