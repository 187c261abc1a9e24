import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { CardShown } from '../collection/confirmations.schema.ts';
import { Receipt, route, write } from '../http/route.ts';
import { notFound } from '../kernel/errors.ts';
import { Id, Sha256Hex, text } from '../kernel/values.ts';
import type { KeyFiles } from '../ledger/key-files.ts';
import { bearerOf } from '../registry/cards.queries.ts';
import { KEEPERS, reachesCollector } from '../registry/people.operations.ts';
import { findCollector } from '../registry/people.queries.ts';
import { IdParams } from '../registry/registry.schema.ts';
import { issuing, type StatementRequest } from './issuing.ts';
import { jwkOf } from './jws.ts';
import { findPass } from './opening.ts';
import { type PassbookDeps, PassParams } from './passbook.routes.ts';
import {
  personOf,
  STATEMENT_STATES,
  stateAt,
  statementOfCode,
  statementsOf,
  verdictOf,
} from './statements.queries.ts';
import { MOST_DAYS } from './statements.ts';

const tag = 'passbook';
export type StatementDeps = PassbookDeps & { logKeys: KeyFiles; config: { ledgerOrigin: string } };

const Month = z.string().regex(/^\d{4}-(0[1-9]|1[0-2])$/, 'must be a month such as 2026-10');
const asked = {
  lender: text(120).meta({ description: 'Who alone may rely on it, as the collector knows them.' }),
  from: Month,
  to: Month.meta({ description: 'At most 36 months, this month included.' }),
  expiresInDays: z.int().min(1).max(MOST_DAYS).optional().meta({ description: '90 unless said.' }),
};
export const OwnRequest = z.strictObject({ id: Id.optional(), ...asked });
const StationRequest = z
  .strictObject({
    id: Id.optional(),
    ...asked,
    card: CardShown.optional(),
    evidence: z.array(Sha256Hex).min(1).max(20).optional().meta({
      description: 'SHA-256 of photos of the consent that the collector signed, where there is no card.',
    }),
  })
  .refine(
    ({ card, evidence }) => (card === undefined) !== (evidence === undefined),
    'name either card or evidence',
  )
  .refine(({ card }) => card === undefined || card.pin !== undefined, {
    path: ['card', 'pin'],
    message: 'is needed to consent',
  });

const StatementAnswer = z
  .object({
    id: Id,
    jws: z.string().nullable().meta({
      description:
        'RFC 7515 compact, EdDSA with the key of the log. Null when the collector was erased since.',
    }),
    expiresAt: z.string(),
    receipt: Receipt,
  })
  .meta({ id: 'IncomeStatementIssued' });

const Revoked = z.object({ id: Id, state: z.literal('revoked'), receipt: Receipt });

const OwnView = z
  .object({
    id: Id,
    lender: z.string(),
    state: z.enum(STATEMENT_STATES),
    issuedAt: z.string(),
    expiresAt: z.string(),
    jws: z.string().nullable(),
  })
  .meta({ id: 'OwnIncomeStatement' });

const Payload = z
  .object({
    iss: z.string(),
    iat: z.int(),
    exp: z.int(),
    code: z.string(),
    person: z.string(),
    lender: z.string(),
    currency: z.string(),
    months: z.array(z.object({ month: z.string(), paid: z.int() })),
    paid: z.int(),
    ways: z.array(z.object({ way: z.string(), paid: z.int() })),
    overpaid: z.int(),
    asOfSeq: z.int(),
  })
  .meta({ id: 'IncomeStatement' });

const Jwk = z.object({ kty: z.string(), crv: z.string(), x: z.string(), kid: z.string(), alg: z.string() });

const EXAMPLE = { lender: '台州某银行', from: '2025-11', to: '2026-10' };

export const statementRoutes = (app: FastifyInstance, deps: StatementDeps): void => {
  const { issue, jwsOf, revokeStatement, publicKeys } = issuing(deps);
  type From = { request: FastifyRequest; reply: FastifyReply };

  const own = async (personId: string) =>
    Promise.all(
      (await statementsOf(deps, personId, deps.clock())).map(async ({ payload, seq: _, ...shown }) => ({
        ...shown,
        jws: await jwsOf(payload),
      })),
    );
  const ownOne = async (personId: string, id: string): Promise<void> => {
    if ((await personOf(deps, id)) !== personId) throw notFound('statement');
  };

  route(app, {
    method: 'POST',
    url: '/v1/collectors/:id/income-statements',
    operationId: 'issueIncomeStatement',
    tag,
    summary: {
      en: 'Issue a signed statement of what a collector was paid, to one lender, with card and PIN or a signed consent',
      zh: '经收集员持卡输密或签字同意，向一家贷款机构出具签名收入证明',
    },
    access: KEEPERS,
    params: IdParams,
    body: StationRequest,
    response: StatementAnswer,
    status: 201,
    errors: {
      409: 'The collector is restricted or erased, or the card is locked',
      422: 'Months that cannot be',
    },
    example: { ...EXAMPLE, card: { number: '0000079927398713', pin: '4711' } },
    handler: async ({ params, body, ...from }) => {
      const row = await findCollector(deps.db, params.id);
      if (row === undefined || !reachesCollector(from.caller, row)) throw notFound('collector');
      const { card, evidence = [], id: _, ...request } = body;
      const consent =
        card === undefined
          ? { by: 'mark' as const, evidence }
          : { by: 'card' as const, card: await bearerOf(deps, card) };
      return issue(params.id, request, consent, (operation, input) =>
        write(deps, operation, input, from, params.id),
      );
    },
  });
  route(app, {
    method: 'GET',
    url: '/v1/collectors/:id/income-statements',
    operationId: 'listIncomeStatements',
    tag,
    summary: { en: 'To whom statements were issued, and how they stand', zh: '列出收入证明' },
    access: KEEPERS,
    params: IdParams,
    response: z.object({ items: z.array(OwnView.omit({ jws: true })) }),
    handler: async ({ params, caller }) => {
      const row = await findCollector(deps.db, params.id);
      if (row === undefined || !reachesCollector(caller, row)) throw notFound('collector');
      const items = await statementsOf(deps, params.id, deps.clock());
      return { items: items.map(({ payload: _, seq: __, ...shown }) => shown) };
    },
  });
  route(app, {
    method: 'POST',
    url: '/v1/income-statements/:id/revoke',
    operationId: 'revokeIncomeStatement',
    tag,
    summary: { en: 'A collector takes a consent back at the station', zh: '收集员在站点撤回同意' },
    access: KEEPERS,
    params: IdParams,
    response: Revoked,
    errors: { 409: 'Revoked already' },
    handler: async ({ params: { id }, ...from }) => {
      const personId = await personOf(deps, id);
      const row = personId === undefined ? undefined : await findCollector(deps.db, personId);
      if (row === undefined || !reachesCollector(from.caller, row)) throw notFound('statement');
      return write(deps, revokeStatement, { id, personId: row.id, consent: { by: 'mark' } }, from, id);
    },
  });
  route(app, {
    method: 'POST',
    url: '/v1/passbooks/:pass/income-statements',
    operationId: 'issueOwnIncomeStatement',
    tag,
    summary: {
      en: 'Issue a signed statement of what I was paid, to one lender',
      zh: '凭存折向一家贷款机构出具收入证明',
    },
    access: 'public',
    params: PassParams,
    body: OwnRequest,
    response: StatementAnswer,
    status: 201,
    errors: { 403: 'The card was replaced or blocked', 422: 'Months that cannot be' },
    example: EXAMPLE,
    handler: async ({ params, body, request, reply }) => {
      const pass = await findPass(deps, params.pass);
      return issue.through(pass, body satisfies StatementRequest, { request, reply } satisfies From);
    },
  });
  route(app, {
    method: 'GET',
    url: '/v1/passbooks/:pass/income-statements',
    operationId: 'listOwnIncomeStatements',
    tag,
    summary: { en: 'My statements and how they stand', zh: '我的收入证明' },
    access: 'public',
    params: PassParams,
    response: z.object({ items: z.array(OwnView) }),
    handler: async ({ params, reply }) => {
      void reply.header('cache-control', 'no-store');
      return { items: await own((await findPass(deps, params.pass)).personId) };
    },
  });
  route(app, {
    method: 'POST',
    url: '/v1/passbooks/:pass/revocations',
    operationId: 'revokeOwnIncomeStatement',
    tag,
    summary: { en: 'Take the consent to one of my statements back', zh: '撤回对某份收入证明的同意' },
    access: 'public',
    params: PassParams,
    body: z.strictObject({ statementId: Id }),
    response: Revoked,
    errors: { 403: 'The card was replaced or blocked', 409: 'Revoked already' },
    example: { statementId: '0198f3a2-1c7e-7d1a-9c4e-2f60c1b7a001' },
    handler: async ({ params, body: { statementId }, reply }) => {
      const pass = await findPass(deps, params.pass);
      await ownOne(pass.personId, statementId);
      return issue.revokeThrough(pass, statementId, reply);
    },
  });
  route(app, {
    method: 'GET',
    url: '/v1/income-statements/:code',
    operationId: 'checkIncomeStatement',
    tag,
    summary: {
      en: 'Whether a statement still stands, by its code; nothing of it names anybody',
      zh: '凭编号查询收入证明是否有效，不显示任何个人信息',
    },
    access: 'public',
    params: z.object({ code: z.string().min(1).max(100) }),
    response: z.object({
      state: z.enum(STATEMENT_STATES),
      sha256: z.string().meta({ description: 'Of the signed payload.' }),
      expiresAt: z.string(),
    }),
    handler: async ({ params, reply }) => {
      void reply.header('cache-control', 'no-store');
      const row = await statementOfCode(deps, params.code);
      if (row === undefined) throw notFound('statement');
      const expiresAt = new Date(row.expiresAt).toISOString();
      return { state: stateAt(row, deps.clock()), sha256: row.sha256, expiresAt };
    },
  });
  route(app, {
    method: 'POST',
    url: '/v1/income-statements/verification',
    operationId: 'verifyIncomeStatement',
    tag,
    summary: { en: 'Check signature and standing of a statement', zh: '核验收入证明的签名与状态' },
    access: 'public',
    body: z.strictObject({ jws: z.string().min(1).max(40_000) }),
    response: z.object({
      verdict: z.enum([...STATEMENT_STATES, 'tampered', 'unknown']),
      statement: Payload.nullable(),
    }),
    example: { jws: 'eyJhbGciOiJFZERTQSJ9.e30.AA' },
    handler: async ({ body, reply }) => {
      void reply.status(200);
      return verdictOf(deps, body.jws, deps.clock());
    },
  });
  route(app, {
    method: 'GET',
    url: '/v1/income-statements/keys',
    operationId: 'getIncomeStatementKeys',
    tag,
    summary: {
      en: 'The public keys that sign statements, as JSON Web Keys: those of the log',
      zh: '签署收入证明的公钥（JWK），即账本公钥',
    },
    access: 'public',
    response: z.object({ keys: z.array(Jwk) }),
    handler: async () => ({ keys: (await publicKeys()).map(jwkOf) }),
  });
};
