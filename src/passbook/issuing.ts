import type { FastifyReply, FastifyRequest } from 'fastify';
import type { VoiceDeps } from '../collection/confirmations.routes.ts';
import { canonicalJson } from '../kernel/canonical.ts';
import { notFound } from '../kernel/errors.ts';
import { sha256, toHex } from '../kernel/hash.ts';
import { dayIn } from '../kernel/time.ts';
import type { Operation } from '../ledger/fact.ts';
import { type KeyFiles, newestSigner, readNamedKeys } from '../ledger/key-files.ts';
import type { NoteSigner } from '../ledger/log-key.ts';
import { unavailable } from '../ledger/record.ts';
import { signJws } from './jws.ts';
import type { OpeningDeps, Pass } from './opening.ts';
import { type PassbookReader, readAccount } from './passbook.queries.ts';
import { writeAs } from './speaking.ts';
import {
  type Consent,
  type IssueAnswer,
  type IssueInput,
  statementOperations,
} from './statements.operations.ts';
import { monthsBetween, paidIn, STATEMENT_DAYS, type StatementPayload } from './statements.ts';

export type StatementRequest = {
  id?: string | undefined;
  lender: string;
  from: string;
  to: string;
  expiresInDays?: number | undefined;
};
type Deps = VoiceDeps &
  OpeningDeps &
  PassbookReader & { logKeys: KeyFiles; config: { ledgerOrigin: string } };

const DAY_MS = 86_400_000;
const CODE_BYTES = 12;

/** Makes, signs and revokes statements of what somebody was paid. */
export const issuing = (deps: Deps) => {
  const { issueStatement, revokeStatement } = statementOperations(deps.programme);

  /** The log's newest key that is here and not retired. 503 `no_key` without one. */
  const signer = async (): Promise<NoteSigner> => {
    const newest = await newestSigner(deps.logKeys, deps.pool);
    if (newest === undefined) throw unavailable('no_key', 'The key that signs statements is not here.');
    return newest;
  };
  const publicKeys = async () => (await readNamedKeys(deps.pool)).map(({ key }) => key);
  const jwsOf = async (payload: string | null): Promise<string | null> =>
    payload === null ? null : signJws(payload, await signer());

  /** What is signed, worked out before the door from what the person was paid by then. */
  const inputOf = async (
    personId: string,
    { lender, from, to, expiresInDays = STATEMENT_DAYS }: StatementRequest,
    consent: Consent,
  ): Promise<IssueInput> => {
    const now = deps.clock();
    const months = monthsBetween(from, to, dayIn(deps.programme.timeZone, now));
    const account = await readAccount(deps, personId);
    if (account === undefined) throw notFound('collector');
    const { currency } = deps.programme;
    const { money, overpaid } = account.accounts.find((one) => one.currency === currency)!;
    const code = Buffer.from(deps.random(CODE_BYTES)).toString('base64url');
    const iat = Math.floor(now / 1_000);
    const exp = iat + (expiresInDays * DAY_MS) / 1_000;
    const { name: person, asOfSeq } = account;
    const said: StatementPayload = {
      ...{ iss: deps.config.ledgerOrigin, iat, exp, code, person, lender, currency },
      ...{ ...paidIn(money, months), overpaid, asOfSeq },
    };
    const payload = canonicalJson(said);
    return {
      ...{ personId, consent, lender, payload, expiresAt: exp * 1_000 },
      codeHash: deps.keyring.bearerHash('statement', code),
      sha256: toHex(sha256(Buffer.from(payload))),
    };
  };

  type Written = IssueAnswer & { receipt: { seq: number; leafHash: string } };
  const signed = async ({ payload, ...answer }: Written) => ({ ...answer, jws: await jwsOf(payload) });

  const issue = async (
    personId: string,
    request: StatementRequest,
    consent: Consent,
    writeIt: (operation: Operation<IssueInput, IssueAnswer>, input: IssueInput) => Promise<Written>,
  ) => {
    await signer();
    return signed(await writeIt(issueStatement, await inputOf(personId, request, consent)));
  };
  const through = (
    pass: Pass,
    request: StatementRequest,
    { reply }: { request?: FastifyRequest; reply?: FastifyReply },
  ) => {
    const consent: Consent = { by: 'passbook', card: pass.card };
    return issue(pass.personId, request, consent, (operation, input) =>
      writeAs(deps, operation, input, pass, request, reply, 'new'),
    );
  };
  const revokeThrough = (pass: Pass, id: string, reply?: FastifyReply) => {
    const consent = { by: 'passbook' as const, card: pass.card };
    // The name of the write is what is revoked, not an id of a new thing.
    return writeAs(
      deps,
      revokeStatement,
      { id, personId: pass.personId, consent },
      pass,
      { revoke: id },
      reply,
    );
  };
  return { issue: Object.assign(issue, { through, revokeThrough }), jwsOf, revokeStatement, publicKeys };
};
