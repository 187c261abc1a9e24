import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { FastifyInstance, InjectOptions } from 'fastify';
import pg from 'pg';
import type { Test } from 'tap';
import { buildApp } from '../../src/app.ts';
import { readConfig } from '../../src/config.ts';
import { buildDeps, type Deps } from '../../src/deps.ts';
import { verifyDatabase } from '../../src/ledger/check.ts';
import { replayAndCompare } from '../../src/replay.ts';
import { type Cluster, cloneDatabase, inherited, startCluster } from './cluster.ts';

// biome-ignore lint/suspicious/noExplicitAny: tests read answers freely
export type Answer = { status: number; body: any; headers: Record<string, unknown> };

/** A caller with one key. */
export type Client = {
  secret: string;
  get(url: string): Promise<Answer>;
  post(url: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  put(url: string, body: unknown): Promise<Answer>;
  patch(url: string, body: unknown): Promise<Answer>;
  delete(url: string): Promise<Answer>;
};

export type TestApp = {
  app: FastifyInstance;
  deps: Deps;
  operator: Client;
  client(secret: string): Client;
  /** A key of the role for the organisation, and its client. */
  keyFor(organisationId: string, role: string, more?: object): Promise<Client & { id: string }>;
  /** An organisation of the kind with one site, and a client of the same role. */
  site(
    kind: 'station' | 'warehouse' | 'recycler',
    more?: object,
  ): Promise<{ organisationId: string; siteId: string; client: Client }>;
  /** The whole-ledger check; throws the first fault. */
  verify(): Promise<{ size: number }>;
  /** A second process on the same database, with the same files beside it. */
  restart(): Promise<{ app: FastifyInstance; deps: Deps; close(): Promise<void> }>;
  /** A connection as the cluster's superuser, to tamper with. */
  superuser: () => Promise<pg.Client>;
  urls: { ownerUrl: string; apiUrl: string; superuserUrl: string };
};

let own: Promise<Cluster & { stop(): Promise<void> }> | undefined;

/** The whole API on a database of its own. After the test the whole ledger is verified, then all is closed. */
export const startTestApp = async (
  t: Test,
  env: Record<string, string> = {},
  /** The log's signing key, where a test must know it beforehand. */
  seed?: Buffer,
): Promise<TestApp> => {
  let cluster = inherited();
  if (cluster === undefined) {
    own ??= startCluster();
    const started = await own;
    cluster = started;
    t.teardown(async () => {
      own = undefined;
      await started.stop();
    });
  }
  const urls = await cloneDatabase(cluster);
  const dataDir = await mkdtemp(path.join(os.tmpdir(), 'blue-cycle-keys-'));
  const secret = `bck_test_${randomUUID()}`;
  if (seed !== undefined) await writeFile(path.join(dataDir, 'ledger-key'), `${seed.toString('hex')}\n`);
  const config = readConfig({
    DATABASE_URL: urls.apiUrl,
    DATABASE_OWNER_URL: urls.ownerUrl,
    BLUE_CYCLE_DATA_DIR: dataDir,
    BOOTSTRAP_API_KEY: secret,
    LOG_LEVEL: 'silent',
    ...env,
  });
  const start = async () => {
    const deps = await buildDeps(config);
    return { deps, app: await buildApp(deps) };
  };
  const { deps, app } = await start();
  const verify = () => verifyDatabase(deps.pool, deps.keyring);
  /** Every account stands where its postings left it, and both sides of the books are equal after each fact. */
  const checkBooks = async (): Promise<void> => {
    const { rows } = await deps.pool.query(`
      SELECT a.id, a.kind, a.balance, p.after, p.sum FROM accounts a
      LEFT JOIN LATERAL (SELECT sum(delta) AS sum, (array_agg(after ORDER BY seq DESC))[1] AS after
        FROM postings WHERE account = a.id) p ON true
      WHERE a.balance IS DISTINCT FROM coalesce(p.after, 0) OR a.balance IS DISTINCT FROM coalesce(p.sum, 0)`);
    if (rows.length > 0)
      throw new Error(`an account is not where its postings left it: ${JSON.stringify(rows[0])}`);
    const { rows: uneven } = await deps.pool.query(`
      SELECT p.seq, a.currency, sum(p.delta) FROM postings p JOIN accounts a ON a.id = p.account
      GROUP BY 1, 2 HAVING sum(p.delta) <> 0`);
    if (uneven.length > 0) throw new Error(`debits and credits differ: ${JSON.stringify(uneven[0])}`);
  };
  /** The whole-ledger check, and the replay of every table. */
  const checkAll = async (): Promise<void> => {
    await verify();
    await checkShares();
    await checkBooks();
    const { schema, keyring } = { schema: deps.config.databaseSchema, keyring: deps.keyring };
    const { tables } = await replayAndCompare({ url: urls.ownerUrl, schema, keyring });
    const [wrong] = tables.filter((table) => table.differences > 0);
    if (wrong !== undefined)
      throw new Error(`replay differs in ${wrong.table}: ${JSON.stringify(wrong.first)}`);
  };
  /** Every lot's shares sum to what its postings left of it, no more is claimable than it holds, and stock is what stands. */
  const checkShares = async (): Promise<void> => {
    const { rows: heads } = await deps.pool.query<{ size: number }>('SELECT size FROM head');
    if (!(await deps.follower.reaches(heads[0]!.size - 1, 60_000)))
      throw new Error('the follower stands still');
    const { rows } = await deps.pool.query(`
      SELECT l.id, l.kind, l.grams, coalesce(v.grams, o.grams) AS shares, v.claimable_grams FROM lots l
      LEFT JOIN LATERAL (
        SELECT grams, claimable_grams FROM lot_vectors WHERE lot_id = l.id ORDER BY seq DESC LIMIT 1) v ON true
      LEFT JOIN sources o ON o.key = l.seq * 128 + l.place
      WHERE l.grams > 0 AND (coalesce(v.grams, o.grams) IS DISTINCT FROM l.grams OR v.claimable_grams > l.grams)`);
    if (rows.length > 0) throw new Error(`shares do not sum to the lot: ${JSON.stringify(rows[0])}`);
    const { rows: stock } = await deps.pool.query(`
      WITH standing AS (
        SELECT l.site_id, l.material, l.form,
          CASE WHEN o.key IS NULL THEN m.origin_class ELSE o.origin_class END AS origin_class,
          sum(l.grams)::int8 AS grams, count(*)::int4 AS lots,
          sum(coalesce(v.claimable_grams, o.claimable_grams))::int8 AS claimable_grams
        FROM lots l
        LEFT JOIN LATERAL (
          SELECT claimable_grams FROM lot_vectors WHERE lot_id = l.id ORDER BY seq DESC LIMIT 1) v ON true
        LEFT JOIN sources o ON o.key = l.seq * 128 + l.place
        LEFT JOIN lot_models m ON m.lot_id = l.id
        WHERE l.grams > 0 AND l.site_id IS NOT NULL GROUP BY 1, 2, 3, 4
      ), kept AS (
        SELECT DISTINCT ON (a.id) a.site_id, a.material, a.form, a.origin_class, p.grams, p.lots, p.claimable_grams
        FROM stock_accounts a JOIN stock_postings p ON p.account_id = a.id ORDER BY a.id, p.seq DESC
      )
      SELECT to_jsonb(s) AS standing, to_jsonb(k) AS kept FROM standing s
      FULL JOIN (SELECT * FROM kept WHERE lots <> 0) k ON to_jsonb(s) = to_jsonb(k)
      WHERE s IS NULL OR k IS NULL LIMIT 3`);
    if (stock.length > 0) throw new Error(`stock is not what stands there: ${JSON.stringify(stock)}`);
  };
  let tampered = false;
  t.teardown(async () => {
    const fault = tampered
      ? undefined
      : await checkAll().then(
          () => undefined,
          (error: Error) => error,
        );
    await app.close();
    await deps.close();
    await urls.drop();
    await rm(dataDir, { recursive: true, force: true });
    if (fault !== undefined) throw fault;
  });
  const operator = clientOf(app, secret);
  return {
    app,
    deps,
    operator,
    client: (s) => clientOf(app, s),
    keyFor: (organisationId, role, more) => keyFor(app, operator, organisationId, role, more),
    site: (kind, more) => siteOf(app, operator, kind, more),
    verify,
    urls,
    restart: async () => {
      const other = await start();
      const close = async (): Promise<void> => {
        await other.app.close();
        await other.deps.close();
      };
      return { ...other, close };
    },
    superuser: async () => {
      tampered = true;
      const client = new pg.Client({
        connectionString: urls.superuserUrl,
        options: '-c search_path=blue_cycle',
      });
      await client.connect();
      t.teardown(() => client.end());
      return client;
    },
  };
};

const clientOf = (app: FastifyInstance, secret: string): Client => {
  const send = async (
    method: string,
    url: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer> => {
    const request: InjectOptions = {
      method: method as 'GET',
      url,
      headers: { authorization: `Bearer ${secret}`, ...headers },
    };
    if (body !== undefined) request.payload = body as object;
    const response = await app.inject(request);
    const json = /json/.test(String(response.headers['content-type']));
    return {
      status: response.statusCode,
      body: json ? response.json() : response.body,
      headers: response.headers,
    };
  };
  return {
    secret,
    get: (url) => send('GET', url),
    post: (url, body, headers) => send('POST', url, body, headers),
    put: (url, body) => send('PUT', url, body),
    patch: (url, body) => send('PATCH', url, body),
    delete: (url) => send('DELETE', url),
  };
};

const expect = (answer: Answer, status: number): Answer => {
  if (answer.status !== status)
    throw new Error(`expected ${status}, got ${answer.status}: ${JSON.stringify(answer.body)}`);
  return answer;
};

const keyFor = async (
  app: FastifyInstance,
  operator: Client,
  organisationId: string,
  role: string,
  more = {},
) => {
  const answer = expect(
    await operator.post('/v1/api-keys', { organisationId, role, holder: `${role} ${randomUUID()}`, ...more }),
    201,
  );
  return { ...clientOf(app, answer.body.secret), id: answer.body.id as string };
};

const siteOf = async (app: FastifyInstance, operator: Client, kind: string, more = {}) => {
  const organisation = expect(await operator.post('/v1/organisations', { name: `${kind} 组织`, kind }), 201);
  const organisationId = organisation.body.id as string;
  const site = expect(
    await operator.post('/v1/sites', {
      organisationId,
      kind,
      name: `${kind} 站`,
      location: { latE7: 286_600_000, lonE7: 1_214_400_000 },
      ...more,
    }),
    201,
  );
  const client = await keyFor(app, operator, organisationId, kind);
  return { organisationId, siteId: site.body.id as string, client };
};
