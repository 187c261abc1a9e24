import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { FastifyInstance } from 'fastify';
import { buildApp } from '../../app.ts';
import { readConfig } from '../../config.ts';
import { startEmbedded } from '../../db/embedded.ts';
import { ensureRoles } from '../../db/roles.ts';
import { buildDeps, type Deps } from '../../deps.ts';
import type { Caller } from '../../ledger/fact.ts';
import { findCaller } from '../../registry/registry.queries.ts';
import { collectorsOf } from './weigh-in.ts';

/** A PostgreSQL of the benchmark's own, in a temporary directory. */
export type Cluster = { superuserUrl: string; directory: string; stop(): Promise<void> };

const silent = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

export const openCluster = async (): Promise<Cluster> => {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'blue-cycle-bench-'));
  // PostgreSQL runs as another user when we are root.
  await chmod(directory, 0o711);
  const remove = () => rm(directory, { recursive: true, force: true });
  try {
    const embedded = await startEmbedded({ dataDir: directory, log: silent });
    const stop = async (): Promise<void> => {
      await embedded.stop();
      await remove();
    };
    return { superuserUrl: embedded.superuserUrl, directory, stop };
  } catch (error) {
    await remove();
    throw error;
  }
};

/** The API on a database of its own, with one site that weighs in. */
export type Place = {
  deps: Deps;
  app: FastifyInstance;
  ownerUrl: string;
  /** The environment another process needs to serve the same database. */
  env: Record<string, string>;
  siteId: string;
  /** The key of the site's organisation, and who that is. */
  secret: string;
  caller: Caller;
  operator: Caller;
  post(url: string, body: unknown): Promise<Record<string, unknown>>;
  /** Waits until the follower has read all. */
  settle(): Promise<void>;
  close(): Promise<void>;
};

export const openPlace = async (
  cluster: Cluster,
  name: string,
  kind: 'station' | 'recycler',
): Promise<Place> => {
  // Roles belong to the cluster and each place gives them new passwords, hence a schema, and so roles, of its own.
  const urls = await ensureRoles(cluster.superuserUrl, name, name);
  const operatorKey = `bck_${randomBytes(24).toString('base64url')}`;
  const env = {
    DATABASE_URL: urls.apiUrl,
    DATABASE_OWNER_URL: urls.ownerUrl,
    DATABASE_SCHEMA: name,
    BLUE_CYCLE_DATA_DIR: path.join(cluster.directory, `${name}-keys`),
    BOOTSTRAP_API_KEY: operatorKey,
    LOG_LEVEL: 'silent',
  };
  const deps = await buildDeps(readConfig(env));
  try {
    const app = await buildApp(deps);
    const post = (key: string) => async (url: string, body: unknown) => {
      const headers = { authorization: `Bearer ${key}` };
      const answer = await app.inject({ method: 'POST', url, headers, payload: body as object });
      if (answer.statusCode >= 300)
        throw new Error(`POST ${url} answered ${answer.statusCode}: ${answer.body}`);
      return answer.json() as Record<string, unknown>;
    };
    const asOperator = post(operatorKey);
    const { id: organisationId } = await asOperator('/v1/organisations', { name: 'Bench', kind });
    const location = { latE7: 286_600_000, lonE7: 1_214_400_000 };
    const site = await asOperator('/v1/sites', { organisationId, kind, name: 'Bench', location });
    const key = await asOperator('/v1/api-keys', { organisationId, role: kind, holder: 'bench' });
    const secret = key.secret as string;
    const settle = async (): Promise<void> => {
      const { rows } = await deps.pool.query<{ size: number }>('SELECT size FROM head');
      while (!(await deps.follower.reaches(rows[0]!.size - 1)))
        await deps.follower.reaches(rows[0]!.size - 1);
    };
    const close = async (): Promise<void> => {
      await app.close();
      await deps.close();
    };
    const caller = (await findCaller(deps.db, secret, Date.now()))!;
    const asOwner = (await findCaller(deps.db, operatorKey, Date.now()))!;
    const siteId = site.id as string;
    const consent = { version: '1', at: '2026-01-01T00:00:00+08:00' };
    await Promise.all(
      collectorsOf(siteId).map((id) => asOperator('/v1/collectors', { id, siteId, name: 'Bench', consent })),
    );
    return {
      deps,
      app,
      ownerUrl: urls.ownerUrl,
      env,
      siteId,
      secret,
      caller,
      operator: asOwner,
      post: post(secret),
      settle,
      close,
    };
  } catch (error) {
    await deps.close();
    throw error;
  }
};
