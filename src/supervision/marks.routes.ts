import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Reader } from '../db/reader.ts';
import { PageQuery, pageOf, readCursor, toPage } from '../http/page.ts';
import { route, type WriteDeps, write } from '../http/route.ts';
import { sha256 } from '../kernel/hash.ts';
import { Id } from '../kernel/values.ts';
import { MARKS, RECEPTION_MARKS, ROLES } from '../kernel/vocabulary.ts';
import type { Keyring } from '../ledger/private-store.ts';
import { type Queryable, readFactsAt } from '../ledger/store.ts';
import { type ClearingGuard, clearMark } from './marks.operations.ts';
import { findMark, listMarks } from './marks.queries.ts';
import { ClearingAnswer, ClearingRequest, MarkView } from './marks.schema.ts';
import { type Mark, type MarkSubject, POLLUTANT_SUBJECTS } from './marks.tables.ts';

const tag = 'supervision';

export type MarkDeps = WriteDeps & {
  db: Reader;
  pool: Queryable;
  keyring: Keyring;
  follower: { catchUp(): Promise<void> };
};

/** Of lots, loads and containers others answer: what happened to them last is not what is in doubt. */
const RECORDED_ONCE: readonly MarkSubject[] = [
  'collection',
  'process-run',
  'outside-material',
  ...POLLUTANT_SUBJECTS,
];

/** The key that recorded what is in doubt, where that is one fact. */
const recorderOf = async ({ pool, keyring }: MarkDeps, mark: Mark): Promise<string | undefined> => {
  if (!RECORDED_ONCE.includes(mark.subjectKind)) return undefined;
  const facts = await readFactsAt(pool, sha256, keyring, [mark.seq]);
  return facts.get(mark.seq)!.fact.private.keyId;
};

/** @param guard what later rooms know that forbids the clearing of a mark */
export const markRoutes = (app: FastifyInstance, deps: MarkDeps, guard: ClearingGuard): void => {
  const clear = clearMark(guard);
  route(app, {
    method: 'GET',
    url: '/v1/marks',
    operationId: 'listMarks',
    tag,
    summary: { en: 'List marks: what is in doubt', zh: '列出标记：哪些存疑' },
    access: ROLES,
    query: PageQuery.extend({
      state: z.enum(['open', 'cleared']).optional(),
      siteId: Id.optional(),
      code: z.enum([...new Set([...MARKS, ...RECEPTION_MARKS])]).optional(),
      subjectId: Id.optional(),
      lotId: Id.optional().meta({ description: 'Marks on the lot, or on a load it travelled in.' }),
    }),
    response: pageOf(MarkView),
    handler: async ({ query, caller, ...http }) => {
      const { after, limit } = readCursor(query);
      await deps.follower.catchUp();
      const rows = await listMarks(deps.db, caller, query, after, limit);
      return toPage(
        rows,
        limit,
        (row) => row.place,
        (row) => row,
        http,
      );
    },
  });
  route(app, {
    method: 'POST',
    url: '/v1/marks/:id/clearings',
    operationId: 'clearMark',
    tag,
    summary: {
      en: 'Propose to clear a mark, or as a second person clear it',
      zh: '提请消除标记，或作为第二人消除',
    },
    access: clear.roles.filter((role) => role !== 'programme'),
    params: z.object({ id: Id }),
    body: ClearingRequest,
    response: ClearingAnswer,
    status: 201,
    errors: { 409: 'Cleared already, or never claimable any more' },
    example: { note: '现场复核，称重录像相符' },
    handler: async ({ params, body, ...from }) => {
      await deps.follower.catchUp();
      const mark = (await findMark(deps.db, params.id)) ?? null;
      const recordedBy = mark === null ? undefined : await recorderOf(deps, mark);
      return write(
        deps,
        clear,
        { ...body, mark: mark === null ? null : { ...mark, recordedBy } },
        from,
        params.id,
      );
    },
  });
};
