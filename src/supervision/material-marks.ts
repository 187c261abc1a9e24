import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Reader } from '../db/reader.ts';
import { route, type WriteDeps, write } from '../http/route.ts';
import { conflict, notFound } from '../kernel/errors.ts';
import { Id } from '../kernel/values.ts';
import { type Bilingual, type Caller, draft, type Operation } from '../ledger/fact.ts';
import type { World } from '../ledger/world.ts';
import { findLot } from '../lots/lots.queries.ts';
import { lots } from '../lots/lots.tables.ts';
import { by } from './marks.operations.ts';
import { MarkAnswer, MaterialMarkRequest, RunMarkRequest } from './marks.schema.ts';
import { type MaterialMarked, materialMarked } from './material-marks.facts.ts';

/** Who may say that material is in doubt: who weighs, works or watches. */
const MARKERS = [
  'operator',
  'station',
  'warehouse',
  'recycler',
  'certifier',
  'auditor',
  'regulator',
] as const;

/** What is marked, as it is by now: the lots in doubt, and who had a part in it beside their owners. */
export type MarkedSubject = Pick<MaterialMarked, 'seq' | 'siteId'> & {
  lotIds?: readonly string[];
  organisationIds?: readonly string[];
};

type Input = MaterialMarkRequest & { subjectId: string; visible: boolean };

/**
 * Sets a mark on a lot, a load or a run by hand: nothing of it is claimable until two who do not profit clear it.
 *
 * @param subjectOf reads it in the world; it was seen to exist before the door
 */
export const markOperation = (
  subjectKind: MaterialMarked['subjectKind'],
  subjectOf: (world: World, id: string) => MarkedSubject,
): Operation<Input, { id: string; code: string }> => ({
  name: `mark.${subjectKind}`,
  roles: MARKERS,
  status: 201,
  decide(world, { subjectId, visible, code, ...grounds }, { caller, id }) {
    if (!visible) throw notFound(NAMES[subjectKind]);
    const { seq, siteId, lotIds, organisationIds } = subjectOf(world, subjectId);
    if (lotIds !== undefined) world.need(lots, lotIds);
    return draft({
      type: materialMarked,
      data: {
        markId: id,
        subjectKind,
        subjectId,
        seq,
        siteId,
        code,
        ...(lotIds === undefined
          ? {}
          : { lots: lotIds.map((lotId) => ({ lotId, seq: world.get(lots, lotId)!.lastSeq })) }),
      },
      private: {
        ...by(caller, grounds),
        ...(organisationIds === undefined ? {} : { organisationIds: [...organisationIds] }),
      },
    });
  },
  answer: ({ data }) => ({ id: data.markId, code: data.code }),
});

const NAMES = { lot: 'lot', shipment: 'shipment', 'process-run': 'process run' } as const;

type MarkRoute = {
  subjectKind: MaterialMarked['subjectKind'];
  url: string;
  operationId: string;
  summary: Bilingual;
  subjectOf: (world: World, id: string) => MarkedSubject;
  /** Whether the caller may see it. */
  sees: (db: Reader, caller: Caller, id: string) => Promise<boolean>;
};

export type MaterialMarkDeps = WriteDeps & { db: Reader };

/** The route that marks one kind of subject. */
export const markRoute = (app: FastifyInstance, deps: MaterialMarkDeps, spec: MarkRoute): void => {
  const { subjectKind, sees, subjectOf, ...documented } = spec;
  const operation = markOperation(subjectKind, subjectOf);
  route(app, {
    ...documented,
    method: 'POST',
    tag: 'supervision',
    access: MARKERS,
    params: z.object({ id: Id }),
    body: subjectKind === 'process-run' ? RunMarkRequest : MaterialMarkRequest,
    response: MarkAnswer,
    status: 201,
    errors: { 409: 'The id was used with another content, or what is marked is elsewhere' },
    example: { code: 'review', note: '与进场照片不符' },
    handler: async ({ params, body, ...from }) => {
      const visible = await sees(deps.db, from.caller, params.id);
      return write(deps, operation, { ...body, subjectId: params.id, visible }, from, params.id);
    },
  });
};

/** A lot at a site; one on its way is marked with its load. */
const lotSubject = (world: World, id: string): MarkedSubject => {
  const lot = world.get(lots, id)!;
  if (lot.siteId === null)
    throw conflict('on_the_way', 'This lot stands at no site; mark the load it travels with.', {
      lotId: id,
      seq: lot.lastSeq,
      shipmentId: lot.shipmentId,
    });
  return { seq: lot.lastSeq, siteId: lot.siteId, lotIds: [id], organisationIds: [lot.organisationId] };
};

export const lotMarkRoutes = (app: FastifyInstance, deps: MaterialMarkDeps): void =>
  markRoute(app, deps, {
    subjectKind: 'lot',
    url: '/v1/lots/:id/marks',
    operationId: 'markLot',
    summary: { en: 'Mark a lot as doubtful', zh: '标记物料存疑' },
    subjectOf: lotSubject,
    sees: async (db, caller, id) => (await findLot(db, caller, id)) !== undefined,
  });
