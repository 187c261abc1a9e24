import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Reader } from '../db/reader.ts';
import { PageQuery, pageOf, readCursor, toPage } from '../http/page.ts';
import { Receipt, route, type WriteDeps, write } from '../http/route.ts';
import { conflict, notFound, unprocessable } from '../kernel/errors.ts';
import { dayIn } from '../kernel/time.ts';
import { Day, Id, note, PositiveGrams, Time, TotalGrams } from '../kernel/values.ts';
import { ROLES } from '../kernel/vocabulary.ts';
import { draft, type FactType, type Operation } from '../ledger/fact.ts';
import { mayReach, maySee } from '../registry/access.ts';
import { actorOf } from '../registry/actor.ts';
import { findById } from '../registry/registry.queries.ts';
import { devices } from '../registry/registry.tables.ts';
import { type CheckWeight, checkWeights } from './check-weights.tables.ts';
import { inServiceErrorGrams } from './custody.ts';

/** As of any device, the public sees the site alone. */
const CheckWeighed = z.strictObject({ siteId: Id });
const CheckWeighedPrivate = z.strictObject({
  keyId: Id,
  checkId: Id,
  deviceId: Id,
  /** The fact that last changed the device, its scale's interval among the rest. */
  deviceSeq: z.int(),
  day: Day,
  checkedAt: Time,
  nominalGrams: TotalGrams,
  readGrams: TotalGrams,
  toleranceGrams: TotalGrams,
  passed: z.boolean(),
  note: note(2_000).optional(),
});

export const deviceCheckWeighed: FactType<
  z.infer<typeof CheckWeighed>,
  z.infer<typeof CheckWeighedPrivate>
> = {
  type: 'device.check-weighed.v1',
  title: { en: 'Scale checked with a known mass', zh: '砝码核查' },
  data: CheckWeighed,
  private: CheckWeighedPrivate,
  grams: 'none',
  fen: 'none',
  backPointers: [],
  apply(
    world,
    { seq, private: { checkId: id, deviceId, day, nominalGrams, readGrams, toleranceGrams, passed } },
  ) {
    world.add(checkWeights, { id, deviceId, seq, day, nominalGrams, readGrams, toleranceGrams, passed });
  },
};

const CheckRequest = z.strictObject({
  id: Id.optional(),
  nominalGrams: PositiveGrams.meta({ description: 'The known mass.' }),
  readGrams: TotalGrams.meta({ description: 'What the scale said of it.' }),
  checkedAt: Time,
  note: note(2_000).optional(),
});
type CheckRequest = z.infer<typeof CheckRequest>;
type CheckAnswer = { id: string; toleranceGrams: number; passed: boolean };

/**
 * A scale passes within the error it may have in service, equal is within (domain, "Measured and booked"). One that
 * does not is recorded like any other: what a scale says is never refused.
 */
export const checkWeightOperation = (programme: {
  operatorId: string;
  timeZone: string;
}): Operation<CheckRequest & { deviceId: string }, CheckAnswer> => ({
  name: 'device.check-weigh',
  roles: ['operator', 'station', 'warehouse', 'recycler'],
  status: 201,
  decide(world, { deviceId, nominalGrams, readGrams, checkedAt, note: said }, context) {
    const { caller, id } = context;
    const device = world.get(devices, deviceId);
    if (device === undefined || !mayReach(caller, device.organisationId, device.siteId))
      throw notFound('device');
    if (device.scale === null)
      throw conflict('no_scale', 'This device has no scale; tell of it first with PATCH /v1/devices/{id}.', {
        deviceId,
      });
    if (Date.parse(checkedAt) > context.now + 600_000)
      throw unprocessable('in_the_future', '/checkedAt', 'must not lie in the future');
    const toleranceGrams = inServiceErrorGrams(device.scale.eGrams, nominalGrams);
    return draft({
      type: deviceCheckWeighed,
      ...actorOf(world, caller, programme),
      data: { siteId: device.siteId },
      private: {
        keyId: caller.keyId,
        checkId: id,
        deviceId,
        deviceSeq: device.lastSeq,
        day: dayIn(programme.timeZone, Date.parse(checkedAt)),
        checkedAt,
        nominalGrams,
        readGrams,
        toleranceGrams,
        passed: Math.abs(readGrams - nominalGrams) <= toleranceGrams,
        ...(said === undefined ? {} : { note: said }),
      },
    });
  },
  answer: ({ private: { checkId: id, toleranceGrams, passed } }) => ({ id, toleranceGrams, passed }),
});

const CheckView = z
  .object({
    id: Id,
    day: Day,
    nominalGrams: z.int(),
    readGrams: z.int(),
    toleranceGrams: z.int(),
    passed: z.boolean(),
    seq: z.int(),
  })
  .meta({ id: 'CheckWeight' });

export const checkWeightRoutes = (
  app: FastifyInstance,
  deps: WriteDeps & { db: Reader; programme: { operatorId: string; timeZone: string } },
): void => {
  const checkWeigh = checkWeightOperation(deps.programme);
  const params = z.object({ id: Id });
  route(app, {
    method: 'POST',
    url: '/v1/devices/:id/check-weights',
    operationId: 'checkWeigh',
    tag: 'equipment',
    summary: { en: 'Record what a scale says of a known mass', zh: '登记砝码核查' },
    access: checkWeigh.roles.filter((role) => role !== 'programme'),
    params,
    body: CheckRequest,
    response: z
      .object({
        id: Id,
        toleranceGrams: z.int().meta({ description: 'The error the scale may have in service.' }),
        passed: z.boolean(),
        receipt: Receipt,
      })
      .meta({ id: 'CheckWeighed' }),
    status: 201,
    errors: { 409: 'The device has no scale', 422: 'In the future' },
    example: { nominalGrams: 20_000, readGrams: 19_990, checkedAt: '2026-11-24T06:00:00+08:00' },
    handler: ({ params: { id }, body, ...from }) =>
      write(deps, checkWeigh, { ...body, deviceId: id }, from, id),
  });
  route(app, {
    method: 'GET',
    url: '/v1/devices/:id/check-weights',
    operationId: 'listCheckWeights',
    tag: 'equipment',
    summary: { en: 'List what a scale said of known masses', zh: '列出砝码核查' },
    access: ROLES,
    params,
    query: PageQuery,
    response: pageOf(CheckView),
    handler: async ({ params: { id }, query, caller, ...http }) => {
      const device = await findById(deps.db, 'devices', id);
      if (device === undefined || !maySee(caller, device.organisationId, device.siteId))
        throw notFound('device');
      const { after, limit } = readCursor(query);
      const rows = await deps.db
        .withTables<{ checkWeights: CheckWeight }>()
        .selectFrom('checkWeights')
        .selectAll()
        .where('deviceId', '=', id)
        .where('seq', '>', after)
        .orderBy('seq')
        .limit(limit + 1)
        .execute();
      return toPage(
        rows,
        limit,
        (row) => row.seq,
        ({ deviceId: _, ...row }) => row,
        http,
      );
    },
  });
};
