import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { idOfAccount } from '../accounts/book.ts';
import type { Reader } from '../db/reader.ts';
import { confirmedInside } from '../http/prepared.ts';
import { route, type WriteDeps, write } from '../http/route.ts';
import { sha256 } from '../kernel/hash.ts';
import { Id } from '../kernel/values.ts';
import { type Queryable, readFactsAt } from '../ledger/store.ts';
import type { IdRow } from '../ledger/tables.ts';
import { maySee } from '../registry/access.ts';
import { findById } from '../registry/registry.queries.ts';
import { setMark } from '../supervision/marks.operations.ts';
import { MarkAnswer, MarkRequest } from '../supervision/marks.schema.ts';
import { collectionRecorded } from './collection.facts.ts';
import { WEIGHERS } from './collection.operations.ts';
import { correctionOperations, type Original, type Prepared } from './corrections.operations.ts';
import { CorrectionAnswer, CorrectionRequest, VoidAnswer, VoidRequest } from './corrections.schema.ts';
import type { Earned, Pricing } from './earning.ts';
import type { NamedWeighIn } from './earnings.tables.ts';
import type { EarnedSince } from './re-earning.ts';

const tag = 'collection';
const Params = z.object({ id: Id });

export type CorrectionDeps = WriteDeps & {
  db: Reader;
  pool: Queryable;
  programme: { operatorId: string };
};

/** The fact recorded under this id; null when there is none. It never changes, so it may be read before the door. */
export const factOf = async (deps: CorrectionDeps, id: string): Promise<Original> => {
  const known = await deps.db
    .withTables<{ ids: IdRow }>()
    .selectFrom('ids')
    .select('seq')
    .where('id', '=', id)
    .executeTakeFirst();
  if (known === undefined) return null;
  const found = await readFactsAt(deps.pool, sha256, deps.keyring, [known.seq]);
  return found.get(known.seq)?.fact ?? null;
};

/** What was earned last on each account of the weigh-in, so that its own unpaid part can be told. */
const earnedSince = async (deps: CorrectionDeps, original: Original): Promise<EarnedSince> => {
  if (original?.type !== collectionRecorded.type || original.private.pricing === undefined) return {};
  const { currency } = original.private.pricing as Pricing;
  const named = await deps.db
    .withTables<{ namedWeighIns: NamedWeighIn }>()
    .selectFrom('namedWeighIns')
    .select('accountId')
    .where('lotId', '=', original.data.lotId)
    .execute();
  const ids = [
    ...(original.private.earned as Earned[]).map(({ accountId }) => accountId),
    // Somebody may have been registered, or found, since.
    ...original.people.flatMap((person) =>
      person === null
        ? []
        : [idOfAccount(deps.keyring, { kind: 'payable', currency, of: { personId: person.personId } })],
    ),
    ...named.map(({ accountId }) => accountId),
  ];
  const { rows } = await deps.pool.query<{ id: string; lastSeq: number; credited: number }>(
    // What a correction or a void of a later weigh-in took off again is no credit that stands.
    `SELECT a.id, a.last_seq AS "lastSeq", coalesce(-sum(p.delta), 0)::int8 AS credited FROM accounts a
     LEFT JOIN postings p ON p.account = a.id AND p.seq > $2 AND (p.delta < 0 OR EXISTS (
       SELECT FROM earning_changes c JOIN lots l ON l.id = c.lot_id WHERE c.seq = p.seq AND l.seq > $2))
     WHERE a.id = ANY($1::uuid[]) GROUP BY a.id`,
    [ids, original.seq],
  );
  return Object.fromEntries(rows.map(({ id, ...row }) => [id, row]));
};

/** What a change of the weigh-in is prepared with. */
const prepared = async (deps: CorrectionDeps, id: string): Promise<Prepared> => {
  const original = await factOf(deps, id);
  return { original, since: await earnedSince(deps, original) };
};

export const correctionRoutes = (app: FastifyInstance, deps: CorrectionDeps): void => {
  const { correctCollection, voidCollection } = correctionOperations(deps.keyring, deps.programme);
  route(app, {
    method: 'POST',
    url: '/v1/collections/:id/correction',
    operationId: 'correctCollection',
    tag,
    summary: { en: 'Correct a weigh-in: weights, deductions, origin', zh: '更正称重：重量、扣杂、来源' },
    access: WEIGHERS,
    params: Params,
    body: CorrectionRequest,
    response: CorrectionAnswer,
    status: 201,
    errors: { 409: 'Voided already', 422: 'Weights that cannot be, or nothing changed' },
    example: { grossGrams: 10_000, reason: '多打了一个零' },
    handler: ({ params, body, ...from }) =>
      confirmedInside(async () => {
        const input = { ...body, ...(await prepared(deps, params.id)) };
        return write(deps, correctCollection, input, from, params.id);
      }),
  });
  route(app, {
    method: 'POST',
    url: '/v1/collections/:id/void',
    operationId: 'voidCollection',
    tag,
    summary: { en: 'Void a weigh-in that never was', zh: '作废称重' },
    access: WEIGHERS,
    params: Params,
    body: VoidRequest,
    response: VoidAnswer,
    status: 201,
    errors: { 409: 'Voided already' },
    example: { reason: '同一袋登记了两次' },
    handler: ({ params, body, ...from }) =>
      confirmedInside(async () => {
        const input = { ...body, ...(await prepared(deps, params.id)) };
        return write(deps, voidCollection, input, from, params.id);
      }),
  });
  route(app, {
    method: 'POST',
    url: '/v1/collections/:id/marks',
    operationId: 'markCollection',
    tag,
    summary: { en: 'Mark a weigh-in as doubtful', zh: '标记称重存疑' },
    access: setMark.roles.filter((role) => role !== 'programme'),
    params: Params,
    body: MarkRequest,
    response: MarkAnswer,
    status: 201,
    errors: { 409: 'The id was used with another content' },
    example: { code: 'review', note: '照片与上月一袋相同' },
    handler: async ({ params, body, ...from }) => {
      const fact = await factOf(deps, params.id);
      const site =
        fact?.type === collectionRecorded.type
          ? await findById(deps.db, 'sites', fact.data.siteId)
          : undefined;
      const visible = site !== undefined && maySee(from.caller, site.organisationId, site.id);
      const marked = visible ? { seq: fact!.seq, lotId: fact!.data.lotId } : null;
      return write(deps, setMark, { ...body, marked }, from, params.id);
    },
  });
};
