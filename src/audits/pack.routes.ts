import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { route } from '../http/route.ts';
import { Id } from '../kernel/values.ts';
import type { Bilingual } from '../ledger/fact.ts';
import { languageAsked, pageHeaders } from '../web/kit.ts';
import type { AuditDeps } from './audits.routes.ts';
import { packCsv } from './pack.csv.ts';
import { packPage } from './pack.page.ts';
import { COLUMNS } from './pack.ts';
import { makePack } from './packing.ts';

const Kind = { material: z.string(), form: z.string() };
const signed = z.int().meta({ description: 'Grams, signed.' });
const PackView = z
  .object({
    auditId: Id,
    body: z.string(),
    site: z.object({ id: Id, name: z.string() }),
    firstDay: z.string(),
    lastDay: z.string(),
    fromSeq: z.int(),
    untilSeq: z.int().meta({ description: 'The first entry after the period.' }),
    stock: z.array(
      z.object({
        ...Kind,
        opening: z.int(),
        in: signed,
        made: signed,
        used: signed,
        out: signed,
        losses: signed,
        counts: signed,
        corrected: signed,
        closing: z.int(),
        difference: z
          .int()
          .meta({ description: 'Opening and all changes, less closing: 0 unless a table was touched.' }),
      }),
    ),
    flows: z.array(
      z.object({ type: z.string(), ...Kind, column: z.enum(COLUMNS), grams: signed, facts: z.int() }),
    ),
    processLosses: z.array(z.object({ kind: z.string(), grams: z.int() })),
    processDifference: z.int(),
    loads: z.array(
      z.object({
        shipmentId: Id,
        fromSiteId: Id,
        seq: z.int(),
        bookedGrams: z.int(),
        measuredGrams: z.int().nullable(),
        lossGrams: z.int().nullable(),
        surplusGrams: z.int().nullable(),
      }),
    ),
    counts: z.array(
      z.object({ countId: Id, seq: z.int(), ...Kind, bookedGrams: z.int(), countedGrams: z.int() }),
    ),
    weighIns: z.array(
      z.object({
        seq: z.int(),
        leafHash: z.string(),
        day: z.string(),
        ...Kind,
        grossGrams: z.int(),
        tareGrams: z.int(),
        marks: z.array(z.string()),
        evidence: z
          .array(z.string().nullable())
          .meta({ description: 'SHA-256; null where a person’s part is closed to the reader or erased.' }),
      }),
    ),
    marks: z.array(
      z.object({
        seq: z.int(),
        code: z.string(),
        subjectKind: z.string(),
        subjectId: Id,
        state: z.string(),
      }),
    ),
    cases: z.array(
      z.object({
        seq: z.int(),
        id: Id,
        kind: z.string(),
        grams: z.int(),
        lossGrams: z.int().nullable(),
        state: z.string(),
      }),
    ),
  })
  .meta({ id: 'AuditPack', description: 'At most 5,000 of each list, oldest first.' });

export type PackDeps = AuditDeps & { titles: ReadonlyMap<string, Bilingual> };

export const packRoutes = (app: FastifyInstance, deps: PackDeps): void => {
  const shared = {
    method: 'GET',
    tag: 'audits',
    access: ['operator', 'auditor'],
    params: z.object({ id: Id }),
    errors: { 403: 'The role may not, or the time of the audit is over', 422: 'Not a site of the audit' },
  } as const;
  const query = z.strictObject({ siteId: Id });
  route(app, {
    ...shared,
    url: '/v1/audits/:id/pack',
    operationId: 'getAuditPack',
    summary: {
      en: 'What one site of the audit is checked by: its grams, the weigh-ins drawn, marks and cases',
      zh: '审计对账资料（按站点与期间）',
    },
    query,
    response: PackView,
    handler: ({ params, query: { siteId }, caller }) => makePack(deps, caller, params.id, siteId),
  });
  route(app, {
    ...shared,
    url: '/v1/audits/:id/pack/file',
    operationId: 'downloadAuditPack',
    summary: { en: 'The same as CSV, a figure a line', zh: '下载审计对账资料（CSV）' },
    query,
    response: z.string(),
    produces: 'text/csv',
    handler: async ({ params, query: { siteId }, caller, reply }) => {
      const csv = packCsv(await makePack(deps, caller, params.id, siteId));
      void reply
        .header('content-type', 'text/csv; charset=utf-8')
        .header('content-disposition', `attachment; filename="audit-pack-${siteId}.csv"`)
        .header('cache-control', 'no-store');
      return csv;
    },
  });
  route(app, {
    ...shared,
    url: '/v1/audits/:id/pack/page',
    operationId: 'printAuditPack',
    summary: { en: 'The same as a page to print', zh: '打印审计对账资料' },
    query: query.extend({ lang: z.enum(['en', 'zh']).optional() }),
    response: z.string(),
    produces: 'text/html',
    handler: async ({ params, query: { siteId }, caller, reply, request }) => {
      const pack = await makePack(deps, caller, params.id, siteId);
      pageHeaders(reply, 'no-store');
      const path = `/v1/audits/${params.id}/pack/page?siteId=${siteId}`;
      return packPage(pack, languageAsked(request), path, (type) => deps.titles.get(type));
    },
  });
};
