import type { FastifyInstance } from 'fastify';
import { sql } from 'kysely';
import { z } from 'zod';
import type { Reader } from '../db/reader.ts';
import { PageQuery, pageOf, readCursor, toPage } from '../http/page.ts';
import { route, type WriteDeps, write } from '../http/route.ts';
import { DomainError, notFound } from '../kernel/errors.ts';
import { Id } from '../kernel/values.ts';
import { ROLES } from '../kernel/vocabulary.ts';
import { maySee } from '../registry/access.ts';
import { findById } from '../registry/registry.queries.ts';
import { COUNTERS, kindOf, type Prepared, stockCountOperation } from './stock-counts.operations.ts';
import { StockCountAnswer, StockCountRequest, StockCountView } from './stock-counts.schema.ts';
import type { StockCount } from './stock-counts.tables.ts';

const tag = 'custody';
const SiteParams = z.object({ id: Id });
/** How often stock that moved meanwhile is read again before the caller is told. */
const READINGS = 3;

export type StockCountDeps = WriteDeps & {
  db: Reader;
  programme: { timeZone: string; operatorId: string };
};

/**
 * Lots in stock, with the position they are read at: one snapshot. What is on hold, sealed into a batch or in a sealed
 * container stands under a seal of its own and is not counted.
 */
const readStock = async (db: Reader, siteId: string): Promise<Prepared> => {
  type Row = { asOfSeq: number; id: string | null; material: string; form: string };
  const { rows } = await sql<Row>`
    SELECT h.size - 1 AS as_of_seq, l.id, l.material, l.form FROM head h
    LEFT JOIN lots l ON l.site_id = ${siteId} AND l.grams > 0 AND l.held_by IS NULL AND l.kind <> 'batch'
      AND NOT EXISTS (SELECT FROM containers c WHERE c.id = l.container_id AND c.state = 'sealed')
    ORDER BY l.seq, l.place`.execute(db);
  const lotIds = new Map<string, string[]>();
  for (const { id, ...kind } of rows) {
    if (id === null) continue;
    const ids = lotIds.get(kindOf(kind));
    if (ids === undefined) lotIds.set(kindOf(kind), [id]);
    else ids.push(id);
  }
  return { asOfSeq: rows[0]!.asOfSeq, lotIds };
};

export const stockCountRoutes = (app: FastifyInstance, deps: StockCountDeps): void => {
  const countStock = stockCountOperation(deps.programme);
  route(app, {
    method: 'POST',
    url: '/v1/sites/:id/stock-counts',
    operationId: 'countStock',
    tag,
    summary: { en: 'Count what stands at a site', zh: '库存盘点' },
    access: COUNTERS,
    params: SiteParams,
    body: StockCountRequest,
    response: StockCountAnswer,
    status: 201,
    errors: { 409: 'The stock moved meanwhile', 422: 'Too many lots for one fact' },
    example: {
      cutOffAt: '2026-11-24T18:00:00+08:00',
      items: [{ material: 'pet', form: 'bottle', countedGrams: 1_204_000 }],
    },
    handler: async ({ params, body, ...from }) => {
      for (let reading = 1; ; reading++) {
        const prepared = await readStock(deps.db, params.id);
        try {
          return await write(deps, countStock, { ...body, siteId: params.id, prepared }, from, params.id);
        } catch (error) {
          const moved = error instanceof DomainError && error.code === 'stock_moved';
          if (!moved || reading === READINGS) throw error;
        }
      }
    },
  });
  route(app, {
    method: 'GET',
    url: '/v1/sites/:id/stock-counts',
    operationId: 'listStockCounts',
    tag,
    summary: { en: 'List the counts of a site', zh: '列出站点盘点' },
    access: ROLES,
    params: SiteParams,
    query: PageQuery,
    response: pageOf(StockCountView),
    handler: async ({ params, query, caller, ...http }) => {
      const site = await findById(deps.db, 'sites', params.id);
      if (site === undefined || !maySee(caller, site.organisationId, site.id)) throw notFound('site');
      const { after, limit } = readCursor(query);
      const rows = await deps.db
        .withTables<{ stockCounts: StockCount }>()
        .selectFrom('stockCounts')
        .selectAll()
        .where('siteId', '=', site.id)
        .where('seq', '>', after)
        .orderBy('seq')
        .limit(limit + 1)
        .execute();
      return toPage(
        rows,
        limit,
        (row) => row.seq,
        (row) => row,
        http,
      );
    },
  });
};
