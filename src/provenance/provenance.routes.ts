import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Reader } from '../db/reader.ts';
import { PageQuery, readCursor, toPage } from '../http/page.ts';
import { route } from '../http/route.ts';
import { notFound } from '../kernel/errors.ts';
import { Id } from '../kernel/values.ts';
import { ROLES } from '../kernel/vocabulary.ts';
import type { Caller } from '../ledger/fact.ts';
import { unavailable } from '../ledger/record.ts';
import type { Lot } from '../lots/lots.tables.ts';
import type { Source } from '../lots/sources.tables.ts';
import { maySee } from '../registry/access.ts';
import type { CustodyModel } from './custody-model.ts';
import type { Follower } from './follower.ts';
import { claimableNow, modelOfSources } from './labels.ts';
import {
  findBatchSummary,
  findLot,
  findModel,
  findSources,
  findStanding,
  findVector,
  walkBack,
  walkOn,
} from './provenance.queries.ts';
import { sourceSeq } from './shares.ts';
import { batchSummary } from './summary.ts';

const tag = 'provenance';

const Summary = z
  .object({
    grams: z.int(),
    claimableGrams: z.int(),
    custodyModel: z.string(),
    byOriginClass: z.array(z.object({ originClass: z.string(), grams: z.int() })),
    bySite: z.array(z.object({ siteId: Id, grams: z.int() })),
    byDay: z.array(z.object({ day: z.string(), grams: z.int() })),
    sources: z.int(),
    people: z.int().nullable().meta({ description: 'People behind the grams; null for fewer than five.' }),
    lossesOnTheWay: z.array(z.object({ kind: z.string(), grams: z.int() })),
  })
  .meta({ id: 'ProvenanceSummary', description: 'Every figure is a sum over the exact shares.' });

const Share = z.object({
  seq: z.int().meta({ description: 'The fact that brought the grams in.' }),
  kind: z.string(),
  lotId: Id,
  siteId: Id,
  day: z.string(),
  material: z.string(),
  form: z.string(),
  originClass: z.string(),
  grams: z.int(),
});

const Amounts = z.array(z.object({ lotId: Id, grams: z.int() }));
const Step = z.object({ seq: z.int(), inputs: Amounts, outputs: Amounts, losses: Amounts });

export type ProvenanceDeps = { db: Reader; follower: Follower };

/** Whether the caller bought of the batch, or of the batch of this lot, or has it reserved; resale knows. */
type IsBuyerOf = (caller: Caller, of: { batchId: string } | { lotId: string }) => Promise<boolean>;

export const provenanceRoutes = (
  app: FastifyInstance,
  deps: ProvenanceDeps & { isBuyerOf: IsBuyerOf },
): void => {
  /** Who holds grams, and who bought of them or is about to, may ask where they come from. */
  const mayAsk = async (
    caller: Caller,
    organisationId: string,
    of: Parameters<IsBuyerOf>[1],
  ): Promise<boolean> => maySee(caller, organisationId, null) || deps.isBuyerOf(caller, of);
  const IdParams = z.object({ id: Id });
  const visibleLot = async (caller: Caller, id: string): Promise<Lot> => {
    const lot = await findLot(deps.db, id);
    if (lot === undefined || !(await mayAsk(caller, lot.organisationId, { lotId: id })))
      throw notFound('lot');
    if (!(await deps.follower.reaches(lot.lastSeq))) throw notReady();
    await deps.follower.catchUp();
    return lot;
  };
  route(app, {
    method: 'GET',
    url: '/v1/batches/:id/provenance',
    operationId: 'getBatchProvenance',
    tag,
    summary: { en: 'Where a batch comes from, gram by gram', zh: '批次来源，逐克可查' },
    access: ROLES,
    params: IdParams,
    response: Summary.extend({ batchId: Id, seq: z.int() }),
    handler: async ({ params, caller }) => {
      await deps.follower.catchUp();
      const found = (await findBatchSummary(deps.db, params.id)) ?? (await awaitSummary(deps, params.id));
      if (!(await mayAsk(caller, found.organisationId, { batchId: params.id }))) throw notFound('batch');
      return { batchId: params.id, seq: found.seq, ...found.summary };
    },
  });
  route(app, {
    method: 'GET',
    url: '/v1/lots/:id/provenance',
    operationId: 'getLotProvenance',
    tag,
    summary: {
      en: 'Where a lot comes from: summary and exact shares, paged',
      zh: '批料来源：汇总与逐条份额',
    },
    access: ROLES,
    params: IdParams,
    query: PageQuery,
    response: z.object({
      lotId: Id,
      summary: Summary.omit({ people: true, lossesOnTheWay: true }),
      items: z.array(Share),
      nextCursor: z.string().nullable(),
    }),
    handler: async ({ params, query, caller, ...http }) => {
      const lot = await visibleLot(caller, params.id);
      return lotProvenance(deps.db, lot, readCursor(query), http);
    },
  });
  const walk = (name: 'trail' | 'destinations', operationId: string, summary: { en: string; zh: string }) =>
    route(app, {
      method: 'GET',
      url: `/v1/lots/:id/${name}`,
      operationId,
      tag,
      summary,
      access: ROLES,
      params: IdParams,
      query: PageQuery,
      response: z.object({ items: z.array(Step), nextCursor: z.string().nullable() }),
      handler: async ({ params, query, caller, ...http }) => {
        const lot = await visibleLot(caller, params.id);
        const { after, limit } = readCursor(query);
        const steps =
          name === 'trail'
            ? await walkBack(deps.db, lot.id, after === -1 ? Number.MAX_SAFE_INTEGER : after, limit)
            : await walkOn(deps.db, lot.id, after, limit);
        return toPage(
          steps,
          limit,
          (step) => step.seq,
          (step) => step,
          http,
        );
      },
    });
  walk('trail', 'getLotTrail', { en: 'The facts behind a lot, latest first', zh: '批料溯源：由近及远' });
  walk('destinations', 'getLotDestinations', {
    en: 'The facts that took from a lot, earliest first',
    zh: '批料去向：由远及近',
  });
};

const notReady = () => unavailable('not_ready', 'Its provenance is being computed; ask again in a second.');

/** Right after sealing the follower may not have read the batch yet: wait for it, up to a second. */
const awaitSummary = async (deps: ProvenanceDeps, batchId: string) => {
  const seq = await batchSeq(deps.db, batchId);
  if (seq === undefined) throw notFound('batch');
  if (!(await deps.follower.reaches(seq))) throw notReady();
  const found = await findBatchSummary(deps.db, batchId);
  // Unsealed: there is no such batch any more.
  if (found === undefined) throw notFound('batch');
  return found;
};

const batchSeq = async (db: Reader, id: string): Promise<number | undefined> => {
  const row = await db
    .withTables<{ batches: { id: string; seq: number } }>()
    .selectFrom('batches')
    .select('seq')
    .where('id', '=', id)
    .executeTakeFirst();
  return row?.seq;
};

/** Claimable grams of what is left of a lot, and its origin class. Waits for the follower, up to a second; throws `not_ready`. */
export const standingOf = async ({ db, follower }: ProvenanceDeps, lot: Lot) => {
  if (!(await follower.reaches(lot.lastSeq))) throw notReady();
  await follower.catchUp();
  const standing = await findStanding(db, lot);
  if (standing === undefined) throw notReady();
  return standing;
};

/** A lot's vector with its sources and what follows from them. */
const stateOf = async (db: Reader, lot: Lot) => {
  const vector = await findVector(db, lot);
  if (vector === undefined) throw notReady();
  const sources = await findSources(db, [...vector.keys]);
  const byKey = new Map(sources.map((source) => [source.key, source]));
  const sourceOf = (key: number): Source => byKey.get(key)!;
  const model = await findModel(db, lot.id);
  const custodyModel: CustodyModel = model?.custodyModel ?? modelOfSources(vector, sourceOf);
  const claimableGrams = claimableNow(lot, vector, model ?? null, sourceOf);
  return { vector, sourceOf, custodyModel, claimableGrams };
};

const lotProvenance = async (
  db: Reader,
  lot: Lot,
  { after, limit }: { after: number; limit: number },
  http: Parameters<typeof toPage>[4],
) => {
  const { vector, sourceOf, custodyModel, claimableGrams } = await stateOf(db, lot);
  const {
    people: _,
    lossesOnTheWay: __,
    ...summary
  } = batchSummary(vector, sourceOf, {
    claimableGrams,
    custodyModel,
    people: 0,
    losses: [],
  });
  const shares = [...vector.keys]
    .map((key, i) => ({ key, grams: vector.grams[i]! }))
    .filter(({ key }) => key > after)
    .slice(0, limit + 1);
  const page = toPage(
    shares,
    limit,
    ({ key }) => key,
    ({ key, grams }) => shareOf(sourceOf(key), grams),
    http,
  );
  return { lotId: lot.id, summary, ...page };
};

const shareOf = ({ key, kind, lotId, siteId, day, material, form, originClass }: Source, grams: number) => ({
  seq: sourceSeq(key),
  kind,
  lotId,
  siteId,
  day,
  material,
  form,
  originClass,
  grams,
});
