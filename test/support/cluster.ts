import { chmod, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { startEmbedded } from '../../src/db/embedded.ts';
import { migrate } from '../../src/db/migrate.ts';
import { ensureRoles } from '../../src/db/roles.ts';

const SCHEMA = 'blue_cycle';
const TEMPLATE = 'blue_cycle_template';

/** URLs of the template database, handed to test processes by `test/run.ts` as JSON. */
export type Cluster = { superuserUrl: string; ownerUrl: string; apiUrl: string; apiRole: string };

const silent = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

/** A PostgreSQL of our own with a migrated template database. */
export const startCluster = async (): Promise<Cluster & { stop(): Promise<void> }> => {
  const dataDir = await mkdtemp(path.join(os.tmpdir(), 'blue-cycle-test-'));
  // PostgreSQL runs as another user when we are root.
  await chmod(dataDir, 0o711);
  const embedded = await startEmbedded({ dataDir, log: silent });
  const cluster = await prepareCluster(embedded.superuserUrl);
  return {
    ...cluster,
    stop: async () => {
      await embedded.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
};

/** Roles and a migrated template database on the given server. */
export const prepareCluster = async (superuserUrl: string): Promise<Cluster> => {
  const urls = await ensureRoles(superuserUrl, TEMPLATE, SCHEMA);
  await migrate({ ownerUrl: urls.ownerUrl, schema: SCHEMA, apiRole: urls.apiRole });
  return { superuserUrl, ...urls };
};

export const inherited = (): Cluster | undefined => {
  const text = process.env.TEST_CLUSTER;
  return text === undefined ? undefined : (JSON.parse(text) as Cluster);
};

let count = 0;

/** A database of its own, cloned from the template. */
export const cloneDatabase = async (
  cluster: Cluster,
): Promise<{ ownerUrl: string; apiUrl: string; superuserUrl: string; drop(): Promise<void> }> => {
  const name = `bc_${process.pid}_${count++}`;
  const admin = async (text: string): Promise<void> => {
    const client = new pg.Client({ connectionString: cluster.superuserUrl });
    client.on('error', () => undefined);
    await client.connect();
    try {
      await client.query(text);
    } finally {
      await client.end();
    }
  };
  await admin(`CREATE DATABASE ${name} TEMPLATE ${TEMPLATE} OWNER ${SCHEMA}_owner`);
  const at = (url: string): string => Object.assign(new URL(url), { pathname: `/${name}` }).toString();
  return {
    ownerUrl: at(cluster.ownerUrl),
    apiUrl: at(cluster.apiUrl),
    superuserUrl: at(cluster.superuserUrl),
    drop: () => admin(`DROP DATABASE ${name} WITH (FORCE)`),
  };
};
