import { type AddressInfo, isIPv6 } from 'node:net';
import closeWithGrace from 'close-with-grace';
import { buildApp } from '../app.ts';
import type { Config } from '../config.ts';
import { durabilityFaults } from '../db/durability.ts';
import { buildDeps, type Deps } from '../deps.ts';
import { answer, Failed, type Io, write } from './io.ts';

/** A server in this process. */
export type Served = {
  /** Where it answers from this machine, such as `http://127.0.0.1:3000`. */
  url: string;
  deps: Deps;
  /** Stops listening, finishes what is in flight, then stops door, follower, pools and the embedded PostgreSQL. */
  close(): Promise<void>;
};

/**
 * Opens the database, founds or continues the programme, and listens. No signal handler is installed.
 * @throws {Failed} when the database could lose acknowledged writes.
 */
export const serve = async (config: Config): Promise<Served> => {
  const deps = await buildDeps(config);
  try {
    const faults = await durabilityFaults(deps.pool);
    if (faults.length > 0) throw new Failed(faults.join('\n'));
    const app = await buildApp(deps);
    try {
      await app.listen({ port: config.port, host: config.host });
    } catch (error) {
      await app.close();
      throw listenFailure(error as NodeJS.ErrnoException, config);
    }
    const { port } = app.server.address() as AddressInfo;
    let closing: Promise<void> | undefined;
    const close = async (): Promise<void> => {
      try {
        await app.close();
      } finally {
        await deps.close();
      }
    };
    return { url: `http://${reachable(config.host)}:${port}`, deps, close: () => (closing ??= close()) };
  } catch (error) {
    await deps.close();
    throw error;
  }
};

/** An address that listens everywhere is reached here on the loopback. */
const reachable = (host: string): string => {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return isIPv6(host) ? `[${host}]` : host;
};

const listenFailure = (error: NodeJS.ErrnoException, { host, port }: Config): Error => {
  if (error.code === 'EADDRINUSE')
    return new Failed(
      `Port ${port} on ${host} is in use: stop what uses it, or set another PORT (0 takes any free one).`,
    );
  if (error.code === 'EACCES')
    return new Failed(`Port ${port} may not be used by this user: set a PORT above 1023.`);
  return error;
};

/** `blue-cycle serve`: until SIGTERM or SIGINT, then within 10 s an orderly end. */
export const runServe = async (options: { json?: boolean }, config: Config, io: Io): Promise<never> => {
  const served = await serve(config);
  const { deps } = served;
  closeWithGrace({ delay: 10_000, logger: false }, async ({ err, signal }) => {
    if (err !== undefined) deps.logger.fatal({ err }, 'ending');
    else deps.logger.info({ signal }, 'ending');
    await served.close();
  });
  const { size } = await deps.pool
    .query('SELECT size FROM head')
    .then(({ rows }) => rows[0] as { size: number });
  const { url } = served;
  await answer(io, options.json, { url, origin: config.ledgerOrigin, size }, [
    `Blue Cycle serves ${url} (documents: ${url}/docs)`,
  ]);
  if (deps.firstKey !== undefined) await write(io.stderr, firstKeyText(deps.firstKey, url));
  return new Promise<never>(() => undefined);
};

const firstKeyText = (key: string, url: string): string => `
The programme was founded. Its operator's key, shown this once:

  ${key}

Send it as "Authorization: Bearer <key>", or to the command line:

  export BLUE_CYCLE_URL=${url} BLUE_CYCLE_API_KEY=${key}
  npx blue-cycle key list

`;
