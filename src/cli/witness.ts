import { mkdir, readFile, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import closeWithGrace from 'close-with-grace';
import { fastify } from 'fastify';
import type { Config } from '../config.ts';
import { sha256, toHex } from '../kernel/hash.ts';
import { systemClock, systemRandom } from '../kernel/system.ts';
import { NoteSigner } from '../ledger/log-key.ts';
import { COSIGNATURE, ED25519, formatKey, NoteFault, type NoteKey, parseKey } from '../ledger/note.ts';
import { Witness } from '../ledger/witness.ts';
import { answer, type Io, Misuse } from './io.ts';

export type WitnessOptions = {
  log: string[];
  name: string;
  state: string;
  port: number;
  host: string;
  json?: boolean;
};

/** More than a checkpoint with its proof can have. */
const BODY_LIMIT = 64 * 1_024;

/** A witness that listens; `key` is what a log is told of it. */
export type Witnessing = { key: string; url: string; close(): Promise<void> };

/**
 * Opens a witness with its state in a directory of its own; its key is made there when it is first opened.
 * @throws {Misuse} for a log that is not named by its verifier key
 */
export const openWitness = async (options: Omit<WitnessOptions, 'json'>): Promise<Witnessing> => {
  const { name, state: directory, port, host } = options;
  const logs = options.log.map(logKey);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const signer = new NoteSigner(name, await seedIn(path.join(directory, 'key')), COSIGNATURE);
  const witness = new Witness({ signer, logs, directory, clock: systemClock });
  const app = fastify({ bodyLimit: BODY_LIMIT, requestTimeout: 10_000, connectionTimeout: 15_000 });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));
  app.post('/add-checkpoint', async (request, reply) => {
    const { status, text, isSize } = await witness.addCheckpoint(String(request.body ?? ''));
    return reply
      .status(status)
      .type(isSize ? 'text/x.tlog.size' : 'text/plain; charset=utf-8')
      .send(text);
  });
  await app.listen({ port, host });
  const { port: taken } = app.server.address() as AddressInfo;
  return { key: formatKey(signer.key), url: `http://${host}:${taken}`, close: () => app.close() };
};

const logKey = (text: string): NoteKey => {
  try {
    const key = parseKey(sha256, text);
    if (key.algorithm === ED25519) return key;
  } catch (error) {
    if (!(error instanceof NoteFault)) throw error;
  }
  throw new Misuse(`--log takes the verifier key of a log, the logKey of its entry 0, not ${text}`);
};

/** 32 random bytes in hex, readable by their owner alone. */
const seedIn = async (file: string): Promise<Buffer> => {
  await writeFile(file, `${toHex(systemRandom(32))}\n`, { flag: 'wx', mode: 0o600 }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    },
  );
  return Buffer.from((await readFile(file, 'utf8')).trim(), 'hex');
};

/** `blue-cycle witness`: until SIGTERM or SIGINT. */
export const runWitness = async (options: WitnessOptions, _config: Config, io: Io): Promise<never> => {
  const { key, url, close } = await openWitness(options);
  closeWithGrace({ delay: 10_000, logger: false }, close);
  await answer(io, options.json, { key, url }, [
    `Witness ${options.name} listens at ${url}. A log asks it with`,
    `  LEDGER_WITNESSES="${key} ${url}"`,
  ]);
  return new Promise<never>(() => undefined);
};
