import { gzipSync } from 'node:zlib';
import type { Reader } from '../db/reader.ts';
import { canonicalJson } from '../kernel/canonical.ts';
import { conflict, notFound } from '../kernel/errors.ts';
import { sha256 } from '../kernel/hash.ts';
import { type Clock, instant } from '../kernel/time.ts';
import type { Bundle } from '../ledger/bundle.ts';
import { makeBundle } from '../ledger/bundling.ts';
import { type KeyFiles, newestSigner } from '../ledger/key-files.ts';
import { parseLogKey } from '../ledger/key-history.ts';
import type { NoteSigner } from '../ledger/log-key.ts';
import type { Keyring } from '../ledger/private-store.ts';
import { unavailable } from '../ledger/record.ts';
import { readHead } from '../ledger/store.ts';
import { type CheckDeps, checkCodes } from '../statements/checking.ts';
import type { Stated } from '../statements/stated.ts';
import { STATEMENT_STATES, type Statement } from '../statements/statements.tables.ts';
import { LIST_BITS } from './bitstring.ts';
import { credentialOf, isSet, listNumber, PURPOSES, STATEMENT_FORMAT, statusListOf } from './credential.ts';
import { kidOf } from './did.ts';
import { toBase64url } from './encoding.ts';
import { signingInput } from './jwt.ts';

export type SigningDeps = CheckDeps & {
  db: Reader;
  clock: Clock;
  logKeys: KeyFiles;
  keyring: Keyring;
  config: { ledgerOrigin: string };
};

const noKey = () => unavailable('no_key', 'The key that signs credentials is not here.');

/** The key that signs credentials: the log's newest that is here and not retired. 503 `no_key` without one. */
export const credentialSigner = async (deps: SigningDeps): Promise<NoteSigner> => {
  const signer = await newestSigner(deps.logKeys, deps.pool);
  if (signer === undefined) throw noKey();
  return signer;
};

const signed = (deps: SigningDeps, signer: NoteSigner, credential: object): string => {
  const input = signingInput(canonicalJson(credential), kidOf(deps.config.ledgerOrigin, signer.key));
  return `${input}.${toBase64url(signer.signature(input).bytes)}`;
};

/** The statement of a code as the log has it. 404 where there is none; 409 `tampered` where tables or log do not agree. */
export const statedUnder = async (deps: SigningDeps, code: string): Promise<Stated> => {
  const [checked] = await checkCodes(deps, [code], deps.clock());
  const { verdict, statement, reasons } = checked!;
  if (verdict === 'unknown') throw notFound('statement');
  if (verdict === 'tampered' || statement === null)
    throw conflict(
      'tampered',
      'What is kept of this statement is not what the log says; nothing is signed.',
      {
        reasons,
      },
    );
  return statement;
};

/** The credential of a statement in whatever state: the status lists say whether it holds. */
export const signCredential = (deps: SigningDeps, signer: NoteSigner, stated: Stated): string =>
  signed(deps, signer, credentialOf(deps.config.ledgerOrigin, stated));

/** The status list of that number, as things stand now. 404 for one beyond the ledger's end. */
export const signStatusList = async (deps: SigningDeps, signer: NoteSigner, n: number): Promise<string> => {
  const from = Math.floor(n / 2) * LIST_BITS;
  if (from >= (await readHead(deps.pool)).size) throw notFound('status list');
  const purpose = PURPOSES[n % 2]!;
  const states = STATEMENT_STATES.filter((state) => isSet(purpose, state));
  const rows = await deps.db
    .withTables<{ statements: Statement }>()
    .selectFrom('statements')
    .select('seq')
    .where('seq', '>=', from)
    .where('seq', '<', from + LIST_BITS)
    .where('state', 'in', states)
    .where('code', 'is not', null)
    .execute();
  const bits = Buffer.alloc(LIST_BITS / 8);
  for (const { seq } of rows) bits[Math.floor((seq - from) / 8)]! |= 0x80 >> ((seq - from) % 8);
  const encodedList = `u${gzipSync(bits).toString('base64url')}`;
  return signed(deps, signer, statusListOf(deps.config.ledgerOrigin, n, encodedList, instant(deps.clock())));
};

/** Nobody's private part goes into it. */
const PUBLIC = { mayOpen: async () => new Set<number>(), hiddenPeople: async () => new Set<string>() };

/**
 * The bundle of a statement: its facts and what proves them, its credential and its status lists, as one text. All are signed with
 * a key that signed the bundle's checkpoint. 404, 409 `tampered` as `statedUnder`; 503 `not_ready` while nothing is signed
 * over its last fact.
 */
export const statementBundle = async (deps: SigningDeps, code: string): Promise<string> => {
  const stated = await statedUnder(deps, code);
  const text = await makeBundle({ ...deps, ...PUBLIC }, { kind: 'statement', seq: stated.seq }, null);
  if (text == null)
    throw unavailable('not_ready', 'No checkpoint is over the statement yet; ask again in a second.');
  const bundle = JSON.parse(text) as Bundle;
  const keys = bundle.log.keys.map((key) => parseLogKey(sha256, key));
  const signers = await Promise.all(keys.map((key) => deps.logKeys.signerOf(key)));
  const signer = signers.findLast((one) => one !== undefined);
  if (signer === undefined) throw noKey();
  const lists = PURPOSES.map((purpose) => signStatusList(deps, signer, listNumber(purpose, stated.madeSeq)));
  return canonicalJson({
    ...{ format: STATEMENT_FORMAT, version: 1, bundle },
    credential: signCredential(deps, signer, stated),
    statusLists: await Promise.all(lists),
  });
};
