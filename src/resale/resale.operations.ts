import { expandContainers } from '../containers/containers.ts';
import { conflict, unprocessable } from '../kernel/errors.ts';
import { type Caller, draft, type Operation } from '../ledger/fact.ts';
import type { World } from '../ledger/world.ts';
import { containers } from '../lots/containers.tables.ts';
import { lots } from '../lots/lots.tables.ts';
import { commonOrigin, sumGrams, usableLots } from '../lots/lots.ts';
import { reachableSite } from '../registry/access.ts';
import { actorOf } from '../registry/actor.ts';
import type { Site } from '../registry/registry.tables.ts';
import { batchSealed } from './resale.facts.ts';
import type { BatchRequest } from './resale.schema.ts';
import { batchCode, CODE_BYTES, oneKind } from './resale.ts';

/** Who may seal batches. */
export const SEALERS = ['operator', 'station', 'warehouse', 'recycler'] as const;

export type SealAnswer = {
  id: string;
  code: string;
  lot: { id: string; grams: number; material: string; form: string };
};

/** The site named, else the one where the first input lies. */
const siteOf = (world: World, caller: Caller, { siteId, inputs, containers: named }: BatchRequest): Site => {
  if (siteId !== undefined) return reachableSite(world, caller, siteId);
  if (inputs === undefined) return siteOfContainer(world, caller, named![0]!.containerId);
  const lot = world.get(lots, inputs[0]!.lotId);
  if (lot === undefined) throw unprocessable('unknown_lot', '/inputs/0/lotId', 'no such lot of yours');
  if (lot.siteId === null)
    throw conflict('not_here', 'This lot travels; receive it first.', { lotId: lot.id });
  return reachableSite(world, caller, lot.siteId, '/inputs/0/lotId');
};

const siteOfContainer = (world: World, caller: Caller, containerId: string): Site => {
  const container = world.get(containers, containerId);
  if (container === undefined)
    throw unprocessable('unknown_container', '/containers/0', 'no such container of yours');
  if (container.siteId === null)
    throw conflict('not_here', 'This container travels; receive it first.', { containerId });
  return reachableSite(world, caller, container.siteId, '/containers/0');
};

/** @param programme whose operator stands for natural persons */
export const resaleOperations = (programme: {
  operatorId: string;
}): { sealBatch: Operation<BatchRequest, SealAnswer> } => ({
  sealBatch: {
    name: 'batch.seal',
    roles: SEALERS,
    status: 201,
    decide(world, input, { caller, id, newId, random }) {
      const site = siteOf(world, caller, input);
      const loose = usableLots(world, caller, site, input.inputs ?? [], 'inputs');
      const inside = expandContainers(world, caller, site, input.containers ?? [], loose, newId);
      const used = [...loose, ...inside.used];
      const inputs = used.map(({ use }) => use);
      const kind = oneKind(used.map(({ lot }) => lot));
      return draft({
        type: batchSealed,
        ...actorOf(world, caller, programme),
        data: {
          batchId: id,
          siteId: site.id,
          organisationId: site.organisationId,
          siteSeq: site.lastSeq,
          code: batchCode(random(CODE_BYTES)),
          inputs,
          lotId: newId(),
          ...kind,
          grams: sumGrams(inputs),
          originClass: commonOrigin(used.map(({ lot }) => lot)),
          custodyModel: site.custodyModel,
          ...(inside.named.length === 0 ? {} : { containers: inside.named }),
        },
        private: {
          keyId: caller.keyId,
          ...(input.note === undefined ? {} : { note: input.note }),
          ...(inside.named.length === 0 ? {} : { containerIds: inside.containerIds }),
        },
      });
    },
    answer({ data }) {
      const { batchId: id, code, lotId, grams, material, form } = data;
      return { id, code, lot: { id: lotId, grams, material, form } };
    },
  },
});
