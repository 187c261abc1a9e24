import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Reader } from '../db/reader.ts';
import { PageQuery, pageOf, readCursor, toPage } from '../http/page.ts';
import { Receipt, route, type WriteDeps, write } from '../http/route.ts';
import { conflict, notFound, unprocessable } from '../kernel/errors.ts';
import { Id, note } from '../kernel/values.ts';
import { ROLES } from '../kernel/vocabulary.ts';
import { draft, type FactType, type Operation } from '../ledger/fact.ts';
import type { World } from '../ledger/world.ts';
import { mayReach, maySee } from './access.ts';
import { organisations } from './registry.tables.ts';
import { pairOf, RELATION_KINDS, type Relation, relations } from './relations.tables.ts';

const Kind = z.enum(RELATION_KINDS);
/** Who is related to whom is nobody's business but theirs and the programme's; that something was declared is public. */
const Declared = z.strictObject({ relationId: Id });
const DeclaredPrivate = z.strictObject({
  keyId: Id,
  oneId: Id,
  otherId: Id,
  kind: Kind,
  note: note(2_000).optional(),
});

export const relationDeclared: FactType<z.infer<typeof Declared>, z.infer<typeof DeclaredPrivate>> = {
  type: 'organisation.relation-declared.v1',
  title: { en: 'Relation of organisations declared', zh: '组织关联关系申报' },
  data: Declared,
  private: DeclaredPrivate,
  grams: 'none',
  fen: 'none',
  backPointers: [],
  apply(world, { seq, data: { relationId }, private: { oneId, otherId, kind } }) {
    const id = pairOf(oneId, otherId);
    world.get(relations, id);
    world.put(relations, { ...{ id, relationId, oneId, otherId, kind }, seq, lastSeq: seq });
  },
};

/** Of these organisations, those declared to be related to the one. */
export const relatedTo = (world: World, organisationId: string, others: readonly string[]): string[] => {
  const pairs = others.filter((other) => other !== organisationId);
  world.need(
    relations,
    pairs.map((other) => pairOf(organisationId, other)),
  );
  return pairs.filter(
    (other) => (world.get(relations, pairOf(organisationId, other))?.kind ?? 'none') !== 'none',
  );
};

const RelationRequest = z.strictObject({
  id: Id.optional(),
  organisationId: Id.meta({ description: 'The other one.' }),
  kind: Kind.meta({ description: 'none: it ended.' }),
  note: note(2_000).optional(),
});
type RelationRequest = z.infer<typeof RelationRequest>;
type RelationAnswer = { id: string; kind: Relation['kind'] };

/** 422 `unknown_organisation`, also for itself; 409 `nothing_changed`. */
const declareRelation: Operation<RelationRequest & { oneId: string }, RelationAnswer> = {
  name: 'organisation.declare-relation',
  roles: ROLES,
  status: 201,
  decide(world, { oneId, organisationId: otherId, kind, note: more }, { caller, id }) {
    world.need(organisations, [oneId, otherId]);
    if (world.get(organisations, oneId) === undefined || !mayReach(caller, oneId, null))
      throw notFound('organisation');
    if (world.get(organisations, otherId) === undefined || otherId === oneId)
      throw unprocessable('unknown_organisation', '/organisationId', 'no such other organisation');
    const known = world.get(relations, pairOf(oneId, otherId));
    if ((known?.kind ?? 'none') === kind)
      throw conflict('nothing_changed', 'This is declared already.', { kind });
    return draft({
      type: relationDeclared,
      data: { relationId: id },
      private: {
        ...{ keyId: caller.keyId, oneId, otherId, kind },
        ...(more === undefined ? {} : { note: more }),
      },
    });
  },
  answer: ({ data, private: { kind } }) => ({ id: data.relationId, kind }),
};

const RelationView = z
  .object({ id: Id, organisationId: Id.meta({ description: 'The other one.' }), kind: Kind, seq: z.int() })
  .meta({ id: 'Relation' });

const tag = 'registry';
const params = z.object({ id: Id });

/** Whoever gains with another is no judge of it: what organisations are to one another is declared, and shown where it matters. */
export const relationRoutes = (app: FastifyInstance, deps: WriteDeps & { db: Reader }): void => {
  route(app, {
    method: 'POST',
    url: '/v1/organisations/:id/relations',
    operationId: 'declareRelation',
    tag,
    summary: { en: 'Declare that two organisations are related, or no longer', zh: '申报组织关联关系' },
    access: ROLES,
    params,
    body: RelationRequest,
    response: z.object({ id: Id, kind: Kind, receipt: Receipt }).meta({ id: 'RelationDeclared' }),
    status: 201,
    errors: { 409: 'Declared already', 422: 'Unknown organisation' },
    example: { organisationId: '0198f3a2-1c7e-7d1a-9c4e-2f60c1b7a001', kind: 'ownership' },
    handler: ({ params: { id }, body, ...from }) =>
      write(deps, declareRelation, { ...body, oneId: id }, from, id),
  });
  route(app, {
    method: 'GET',
    url: '/v1/organisations/:id/relations',
    operationId: 'listRelations',
    tag,
    summary: { en: 'Declared relations of an organisation', zh: '组织关联关系列表' },
    access: ROLES,
    params,
    query: PageQuery,
    response: pageOf(RelationView),
    handler: async ({ params: { id }, query, caller, ...http }) => {
      if (!maySee(caller, id, null)) throw notFound('organisation');
      const { after, limit } = readCursor(query);
      const rows = await deps.db
        .withTables<{ relations: Relation }>()
        .selectFrom('relations')
        .selectAll()
        .where(({ or, eb }) => or([eb('oneId', '=', id), eb('otherId', '=', id)]))
        .where('seq', '>', after)
        .orderBy('seq')
        .limit(limit + 1)
        .execute();
      const toView = ({ relationId, oneId, otherId, kind, seq }: Relation) => ({
        ...{ id: relationId, kind, seq },
        organisationId: oneId === id ? otherId : oneId,
      });
      return toPage(rows, limit, (row) => row.seq, toView, http);
    },
  });
};
