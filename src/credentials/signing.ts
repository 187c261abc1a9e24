import { gzipSync } from 'node:zlib';
import type { Reader } from '../db/reader.ts';
import { canonicalJson } from '../kernel/canonical.ts';
import { conflict, notFound } from '../kernel/errors.ts';
import { type Clock, instant } from '../kernel/time.ts';
import { type KeyFiles, newestSigner } from '../ledger/key-files.ts';
import type { NoteSigner } from '../ledger/log-key.ts';
import { unavailable } from '../ledger/record.ts';
import { readHead } from '../ledger/store.ts';
import { type CheckDeps, checkCodes } from '../statements/checking.ts';
import type { Stated } from '../statements/stated.ts';
import { STATEMENT_STATES, type Statement } from '../statements/statements.tables.ts';
import { LIST_BITS } from './bitstring.ts';
import { credentialOf, isSet, PURPOSES, statusListOf } from './credential.ts';
import { kidOf } from './did.ts';
import { toBase64url } from './encoding.ts';
import { signingInput } from './jwt.ts';

export type SigningDeps = CheckDeps & {
  db: Reader;
  clock: Clock;
  logKeys: KeyFiles;
  config: { ledgerOrigin: string };
};

/** The key that signs credentials: the log's newest that is here and not retired. 503 `no_key` without one. */
export const credentialSigner = async (deps: SigningDeps): Promise<NoteSigner> => {
  const signer = await newestSigner(deps.logKeys, deps.pool);
  if (signer === undefined) throw unavailable('no_key', 'The key that signs credentials is not here.');
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
