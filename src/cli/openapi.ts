import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pino } from 'pino';
import { z } from 'zod';
import { anomalyFollower } from '../anomalies/follower.ts';
import { buildApp } from '../app.ts';
import { FACT_TYPES } from '../catalogue.ts';
import { readConfig } from '../config.ts';
import { createPool } from '../db/pool.ts';
import { createReader } from '../db/reader.ts';
import type { Deps } from '../deps.ts';
import { distributionFollower } from '../distribution/follower.ts';
import { sha256 } from '../kernel/hash.ts';
import { NIL } from '../kernel/ids.ts';
import { newUuidV7, systemRandom } from '../kernel/system.ts';
import { KeyFiles } from '../ledger/key-files.ts';
import { Keyring } from '../ledger/private-store.ts';
import { Publisher } from '../ledger/publisher.ts';
import { Door } from '../ledger/record.ts';
import { openPayouts } from '../payouts/payouts.ts';
import { Follower } from '../provenance/follower.ts';
import { authoriseInDoor } from '../registry/access.ts';

const DIRECTORY = path.resolve(import.meta.dirname, '../../openapi');

/** Everything the routes are built from, not connected to anything: a pool connects when it is first asked. */
const unconnectedDeps = (): Deps => {
  const config = readConfig({});
  const databaseUrl = 'postgresql://nobody@127.0.0.1:1/nowhere';
  const clock = (): number => 0;
  const onError = (): void => undefined;
  const pool = createPool({ url: databaseUrl, schema: config.databaseSchema, max: 1, onError, name: 'none' });
  const keyring = new Keyring(new Uint8Array(32), systemRandom);
  const logKeys = new KeyFiles('');
  const door = new Door({
    pool,
    origin: config.ledgerOrigin,
    keyring,
    clock,
    random: systemRandom,
    newId: newUuidV7,
    authorise: authoriseInDoor,
    onError,
  });
  const programme = {
    id: NIL,
    operatorId: NIL,
    currency: 'CNY',
    timeZone: 'Asia/Shanghai',
    lastSeq: 0,
  };
  return {
    config,
    logger: pino({ level: 'silent' }),
    clock,
    newId: () => newUuidV7(clock()),
    pool,
    db: createReader(pool),
    door,
    keyring,
    follower: new Follower({ pool, keyring, onError }),
    anomalies: anomalyFollower({ pool, keyring, door, onError }),
    distributions: distributionFollower({
      ...{ pool, keyring, door, clock, onError },
      programme: { operatorId: NIL },
    }),
    statements: new Follower({ name: 'statements', pool, keyring, onError }),
    claims: new Follower({ name: 'claims', pool, keyring, onError }),
    payouts: openPayouts({
      pool,
      keyring,
      door,
      clock,
      newId: newUuidV7.bind(null, 0),
      programme,
      config,
      onError,
    }),
    publisher: new Publisher({
      pool,
      origin: config.ledgerOrigin,
      keys: logKeys,
      hash: sha256,
      file: '',
      witnesses: [],
      onFork: onError,
      onError,
    }),
    logKeys,
    programme,
    appendOnly: 'privileges-and-triggers',
    firstKey: undefined,
    databaseUrl,
    close: () => pool.end(),
  };
};

/** `openapi/openapi.json`: the API as it describes itself. */
export const describeApi = async (): Promise<object> => {
  const deps = unconnectedDeps();
  const app = await buildApp(deps);
  try {
    return app.swagger();
  } finally {
    await app.close();
    await deps.close();
  }
};

const schemaOf = (type: z.ZodType): object => {
  const { $schema: _, ...schema } = z.toJSONSchema(type, { io: 'input' });
  return schema;
};

/** `openapi/facts.json`: every type of fact, its shape, and what it does to grams and fen. */
export const describeFacts = (): object => ({
  $comment:
    'The public part of an entry is its `data` without `sealed`; `private` and `person` are what seals commit to.',
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  facts: FACT_TYPES.map(({ type, title, data, private: sealed, person, grams, fen, backPointers }) => ({
    type,
    title,
    visibility: sealed === undefined && person === undefined ? 'public' : 'public and sealed',
    grams,
    fen,
    backPointers,
    data: schemaOf(data),
    ...(sealed === undefined ? {} : { private: schemaOf(sealed) }),
    ...(person === undefined ? {} : { person: schemaOf(person) }),
  })).sort((a, b) => (a.type < b.type ? -1 : 1)),
});

/** Members whose order carries meaning for a reader stand first; the rest by name, so that a change is a small diff. */
const FIRST = [
  'openapi',
  'info',
  '$schema',
  'type',
  'title',
  'operationId',
  'summary',
  'x-summary-zh',
  'in',
  'name',
];

const rank = (name: string): string => {
  const place = FIRST.indexOf(name);
  return place === -1 ? `1${name}` : `0${String(place).padStart(2, '0')}`;
};

const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (rank(a) < rank(b) ? -1 : 1));
  return Object.fromEntries(entries.map(([name, member]) => [name, sorted(member)]));
};

/** The text of a generated file, the same for the same content. */
export const textOf = (content: object): string => `${JSON.stringify(sorted(content), null, 2)}\n`;

/** The generated files by name, as they must be committed. */
export const generate = async (): Promise<Record<string, string>> => ({
  'openapi.json': textOf(await describeApi()),
  'facts.json': textOf(describeFacts()),
});

/** Where two texts begin to differ, or undefined when they are equal. */
export const firstDifference = (committed: string, generated: string): string | undefined => {
  if (committed === generated) return undefined;
  const [ours, theirs] = [committed.split('\n'), generated.split('\n')];
  const line = theirs.findIndex((text, i) => text !== ours[i]);
  const at = line === -1 ? theirs.length : line;
  return `line ${at + 1}\n- ${ours[at] ?? '(nothing)'}\n+ ${theirs[at] ?? '(nothing)'}`;
};

const main = async (check: boolean): Promise<number> => {
  let stale = 0;
  for (const [name, text] of Object.entries(await generate())) {
    const file = path.join(DIRECTORY, name);
    if (!check) {
      await writeFile(file, text);
      continue;
    }
    const difference = firstDifference(await readFile(file, 'utf8').catch(() => ''), text);
    if (difference === undefined) continue;
    stale++;
    process.stderr.write(
      `openapi/${name} is not what the code says, from ${difference}\nRun npm run openapi.\n`,
    );
  }
  return stale === 0 ? 0 : 1;
};

if (import.meta.main) process.exitCode = await main(process.argv.includes('--check'));
