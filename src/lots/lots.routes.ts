import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Reader } from '../db/reader.ts';
import { route } from '../http/route.ts';
import { notFound, unprocessable } from '../kernel/errors.ts';
import { Id, MAX_INTEGER, queryInteger } from '../kernel/values.ts';
import { ROLES } from '../kernel/vocabulary.ts';
import { unavailable } from '../ledger/record.ts';
import { maySee } from '../registry/access.ts';
import { findById } from '../registry/registry.queries.ts';
import { containerOf, findLot, inventoryAsOf } from './lots.queries.ts';
import type { Lot } from './lots.tables.ts';

const tag = 'lots';
const IdParams = z.object({ id: Id });

const LotView = z
  .object({
    id: Id,
    kind: z.string(),
    siteId: Id.nullable().meta({ description: 'Null while it travels.' }),
    shipmentId: Id.nullable(),
    material: z.string(),
    form: z.string(),
    originClass: z.string().nullable().meta({ description: 'Null when its sources differ.' }),
    grams: z.int().meta({ description: 'What is left.' }),
    claimableGrams: z.int().meta({ description: 'Of these, what could be claimed.' }),
    onHold: z.boolean(),
    caseId: Id.nullable().meta({ description: 'The open case that holds it.' }),
    container: z
      .object({ containerId: Id, fillingId: Id.nullable() })
      .nullable()
      .meta({ description: 'The container it lies in, and what the public ledger calls its filling.' }),
    seq: z.int(),
    lastSeq: z.int(),
  })
  .meta({ id: 'Lot' });

const Inventory = z
  .object({
    asOfSeq: z.int(),
    items: z.array(
      z.object({
        material: z.string(),
        form: z.string(),
        originClass: z.string().nullable().meta({ description: 'Null when the sources of a lot differ.' }),
        grams: z.int(),
        claimableGrams: z.int().meta({ description: 'Of these, what could be claimed.' }),
        lots: z.int().meta({ description: 'How many lots.' }),
      }),
    ),
  })
  .meta({ id: 'Inventory' });

export type LotsDeps = {
  db: Reader;
  /** Claimable grams of what is left of a lot, and the origin class its sources share; provenance knows them. */
  standingOf: (lot: Lot) => Promise<{ claimableGrams: number; originClass: string | null }>;
  follower: { position: number; catchUp(): Promise<void>; reaches(seq: number): Promise<boolean> };
};

export const lotsRoutes = (app: FastifyInstance, { db, standingOf, follower }: LotsDeps): void => {
  route(app, {
    method: 'GET',
    url: '/v1/lots/:id',
    operationId: 'getLot',
    tag,
    summary: { en: 'Read one lot', zh: '查询物料批' },
    access: ROLES,
    params: IdParams,
    response: LotView,
    handler: async ({ params, caller }) => {
      const lot = await findLot(db, caller, params.id);
      if (lot === undefined) throw notFound('lot');
      const standing = await standingOf(lot);
      const container = await containerOf(db, lot);
      return { ...lot, ...standing, container, onHold: lot.heldBy !== null, caseId: lot.heldBy };
    },
  });
  route(app, {
    method: 'GET',
    url: '/v1/sites/:id/inventory',
    operationId: 'getInventory',
    tag,
    summary: { en: 'What stands at a site, now or after any entry', zh: '站点库存，可查任一账本位置' },
    access: ROLES,
    params: IdParams,
    query: z.strictObject({ asOfSeq: queryInteger(0, MAX_INTEGER).optional() }),
    response: Inventory,
    errors: { 422: 'asOfSeq lies beyond the end of the ledger' },
    handler: async ({ params, query, caller }) => {
      const site = await findById(db, 'sites', params.id);
      if (site === undefined || !maySee(caller, site.organisationId, site.id)) throw notFound('site');
      const { asOfSeq } = query;
      await (asOfSeq === undefined ? follower.catchUp() : follower.reaches(asOfSeq));
      const inventory = await inventoryAsOf(db, site.id, asOfSeq ?? follower.position - 1);
      if (inventory === null)
        throw unprocessable('beyond_head', '/querystring/asOfSeq', 'lies beyond the end of the ledger');
      if (follower.position <= inventory.asOfSeq)
        throw unavailable('not_ready', 'That entry is still being read; ask again in a second.');
      return inventory;
    },
  });
};
