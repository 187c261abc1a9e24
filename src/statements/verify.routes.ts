import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { route } from '../http/route.ts';
import { NIL } from '../kernel/ids.ts';
import { type Clock, instant } from '../kernel/time.ts';
import type { PublicName } from '../registry/public-names.tables.ts';
import type { Batch } from '../resale/resale.tables.ts';
import type { Sale } from '../resale/sales.tables.ts';
import type { SchemeVersion } from '../schemes/schemes.tables.ts';
import { type CheckDeps, type Checked, checkCodes } from './checking.ts';
import type { Stated } from './stated.ts';
import { type ClaimSums, CodeParams, CodesRequest, VerdictView } from './verify.schema.ts';

const tag = 'verify';

type Tables = { batches: Batch; batchSales: Sale; schemeVersions: SchemeVersion; publicNames: PublicName };

/** What a verdict names beside the statement's own facts, read for all of them together. */
const namedBy = async ({ db }: CheckDeps, stated: readonly Stated[]) => {
  const tables = db.withTables<Tables>();
  const ids = (pick: (one: Stated) => string[]) => [...new Set(stated.flatMap(pick))];
  const batches = await tables
    .selectFrom('batches')
    .select(['id', 'code', 'material', 'form'])
    .where('id', 'in', [NIL, ...ids((one) => [one.batchId])])
    .execute();
  const sales = await tables
    .selectFrom('batchSales')
    .select(['id', 'productGrams'])
    .where('id', 'in', [NIL, ...ids((one) => [one.saleId])])
    .execute();
  const schemes = await tables
    .selectFrom('schemeVersions')
    .selectAll()
    .where('code', 'in', ['', ...ids((one) => [one.scheme])])
    .execute();
  const names = await tables
    .selectFrom('publicNames')
    .select(['organisationId', 'name'])
    .where('organisationId', 'in', [NIL, ...ids((one) => one.approvedBy)])
    .execute();
  return {
    batches: new Map(batches.map((row) => [row.id, row])),
    sales: new Map(sales.map((row) => [row.id, row])),
    schemes: new Map(schemes.map((row) => [`${row.code} ${row.version}`, row])),
    names: new Map(names.map((row) => [row.organisationId, row.name])),
  };
};

/** What claims say of statements; their room comes after this one. */
type ReadSums = (db: CheckDeps['db'], statementIds: readonly string[]) => Promise<Map<string, ClaimSums>>;

type Named = Awaited<ReturnType<typeof namedBy>>;

const toView = (
  { batches, sales, schemes, names }: Named,
  sums: Map<string, ClaimSums>,
  checked: Checked,
): z.input<typeof VerdictView> => {
  const { statement: said, ...verdict } = checked;
  const batch = said && batches.get(said.batchId);
  const scheme = said && schemes.get(`${said.scheme} ${said.schemeVersion}`);
  if (!said || !batch || !scheme) return { ...verdict, statement: null, claim: null };
  const { id, state, custodyModel, grams, ofGrams, issuedAt, validUntil, replacedBy, exclusionGroup } = said;
  const { name, issues, says } = scheme.rules;
  const inProductsGrams = Math.min(grams, sales.get(said.saleId)?.productGrams ?? 0);
  const claims = sums.get(id) ?? null;
  const gone = claims === null ? 0 : claims.retiredGrams + claims.cancelledGrams;
  const used = Math.min(grams, Math.max(inProductsGrams, gone));
  return {
    ...verdict,
    statement: {
      ...{ id, state, custodyModel, grams, ofGrams, issuedAt, replacedBy, batch },
      scheme: { code: scheme.code, version: scheme.version, name, issues, says },
      shareBasisPoints: Number((BigInt(grams) * 10_000n) / BigInt(ofGrams)),
      validUntil: validUntil === null ? null : instant(validUntil),
      approvedBy: said.approvedBy.map((organisationId) => ({
        organisationId,
        name: names.get(organisationId) ?? null,
      })),
    },
    claim: { exclusionGroup, grams, inProductsGrams, remainingGrams: grams - used, claims },
  };
};

/** Answers without a key: whoever holds a code may ask. */
export const verifyCodeRoutes = (
  app: FastifyInstance,
  deps: CheckDeps & { clock: Clock; claimSums: ReadSums },
): void => {
  const verdicts = async (codes: readonly string[]) => {
    const checked = await checkCodes(deps, codes, deps.clock());
    const named = await namedBy(
      deps,
      checked.flatMap(({ statement }) => statement ?? []),
    );
    const ids = checked.flatMap(({ statement }) => statement?.id ?? []);
    const sums = await deps.claimSums(deps.db, ids);
    return checked.map((one) => toView(named, sums, one));
  };
  route(app, {
    method: 'GET',
    url: '/v1/verify/:code',
    operationId: 'verifyCode',
    tag,
    summary: { en: 'Is this statement true, and does it still hold?', zh: '核验声明编码' },
    access: 'public',
    params: CodeParams,
    response: VerdictView,
    handler: async ({ params, reply }) => {
      void reply.header('cache-control', 'no-store');
      return (await verdicts([params.code]))[0]!;
    },
  });
  route(app, {
    method: 'POST',
    url: '/v1/verify',
    operationId: 'verifyCodes',
    tag,
    summary: { en: 'The same for up to 1,000 codes', zh: '批量核验声明编码（最多 1000 个）' },
    access: 'public',
    body: CodesRequest,
    response: z.object({ items: z.array(VerdictView) }),
    example: { codes: ['0123456789ABCDEF'] },
    handler: async ({ body, reply }) => {
      void reply.status(200).header('cache-control', 'no-store');
      return { items: await verdicts(body.codes) };
    },
  });
};
