import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { Receipt, route, type WriteDeps, write } from '../http/route.ts';
import { notFound } from '../kernel/errors.ts';
import { Id, note, Seq, Sha256Hex, Time, text } from '../kernel/values.ts';
import { draft, type FactType, type Operation } from '../ledger/fact.ts';
import { mayReach } from '../registry/access.ts';
import { actorOf } from '../registry/actor.ts';
import { lots } from './lots.tables.ts';
import { changeLot } from './lots.ts';

const Sampled = z.strictObject({
  lotId: Id,
  /** The last fact that changed the lot. */
  seq: Seq,
  kind: z.literal('moisture'),
  basisPoints: z.int().min(0).max(10_000),
});
const SampledPrivate = z.strictObject({
  keyId: Id,
  sampledAt: Time.optional(),
  laboratory: text(200).optional(),
  reportSha256: Sha256Hex.optional(),
  note: note(2_000).optional(),
});

export const lotSampled: FactType<z.infer<typeof Sampled>, z.infer<typeof SampledPrivate>> = {
  type: 'lot.sampled.v1',
  title: { en: 'Lot sampled', zh: '物料取样' },
  data: Sampled,
  private: SampledPrivate,
  grams: 'None move; claimable are at most the grams without their water.',
  fen: 'none',
  backPointers: ['seq'],
  apply(world, { seq, data }) {
    changeLot(world, data.lotId, seq, {});
  },
};

const SampleRequest = z.strictObject({
  id: Id.optional(),
  kind: z.literal('moisture'),
  basisPoints: z.int().min(0).max(10_000).meta({ description: 'Water in the lot: 80 is 0.8 %.' }),
  sampledAt: Time.optional(),
  laboratory: text(200).optional(),
  reportSha256: Sha256Hex.optional(),
  note: note(2_000).optional(),
});
type SampleRequest = z.infer<typeof SampleRequest>;
type SampleAnswer = { lotId: string; kind: 'moisture'; basisPoints: number };

/** @param programme whose operator stands for natural persons */
export const sampleOperation = (programme: {
  operatorId: string;
}): Operation<SampleRequest & { lotId: string }, SampleAnswer> => ({
  name: 'lot.sample',
  roles: ['operator', 'station', 'warehouse', 'recycler'],
  status: 201,
  decide(world, { lotId, kind, basisPoints, id: _, ...more }, { caller }) {
    const lot = world.get(lots, lotId);
    if (lot === undefined || !mayReach(caller, lot.organisationId, lot.siteId)) throw notFound('lot');
    return draft({
      type: lotSampled,
      ...actorOf(world, caller, programme),
      data: { lotId, seq: lot.lastSeq, kind, basisPoints },
      private: { keyId: caller.keyId, ...more },
    });
  },
  answer: ({ data }) => ({ lotId: data.lotId, kind: data.kind, basisPoints: data.basisPoints }),
});

export const sampleRoutes = (
  app: FastifyInstance,
  deps: WriteDeps & { programme: { operatorId: string } },
): void => {
  const sampleLot = sampleOperation(deps.programme);
  route(app, {
    method: 'POST',
    url: '/v1/lots/:id/samples',
    operationId: 'sampleLot',
    tag: 'lots',
    summary: { en: 'Record a sample of a lot: its moisture', zh: '登记物料取样：含水率' },
    access: sampleLot.roles.filter((role) => role !== 'programme'),
    params: z.object({ id: Id }),
    body: SampleRequest,
    response: z
      .object({ lotId: Id, kind: z.literal('moisture'), basisPoints: z.int(), receipt: Receipt })
      .meta({ id: 'Sample' }),
    status: 201,
    errors: { 409: 'The id was used with another content' },
    example: { kind: 'moisture', basisPoints: 80 },
    handler: ({ params, body, ...from }) =>
      write(deps, sampleLot, { ...body, lotId: params.id }, from, params.id),
  });
};
