import { conflict, notFound } from '../kernel/errors.ts';
import { type AnyFact, type Caller, draft, type Operation } from '../ledger/fact.ts';
import type { World } from '../ledger/world.ts';
import { type Container, containers, containerTags } from '../lots/containers.tables.ts';
import { usableLots } from '../lots/lots.ts';
import { mayReach, reachableSite } from '../registry/access.ts';
import { actorOf } from '../registry/actor.ts';
import { type Site, sites } from '../registry/registry.tables.ts';
import * as facts from './containers.facts.ts';
import type { ContainerLots, ContainerRequest, SealRequest } from './containers.schema.ts';
import { namedFilling, weightDoubt } from './containers.ts';

/** Who may register, fill, seal and open containers. */
export const FILLERS = ['operator', 'station', 'warehouse', 'recycler'] as const;

type Written = { id: string; fillingId: string | null; mark?: { id: string; code: string } };
type Named = { containerId: string };
export type ContainerOperations = {
  registerContainer: Operation<ContainerRequest, Written>;
  fillContainer: Operation<ContainerLots & Named, Written>;
  takeOut: Operation<ContainerLots & Named, Written>;
  sealContainer: Operation<SealRequest & Named, Written>;
  openContainer: Operation<Named, Written>;
  closeContainer: Operation<Named, Written>;
};

const own = (world: World, caller: Caller, id: string): Container => {
  const container = world.get(containers, id);
  if (container === undefined || !mayReach(caller, container.organisationId, container.siteId))
    throw notFound('container');
  if (container.state === 'closed') throw conflict('container_closed', 'This container was closed.');
  return container;
};

/** The caller's container where it stands; 409 `container_travels` while it does not. */
const standing = (world: World, caller: Caller, id: string): { container: Container; site: Site } => {
  const container = own(world, caller, id);
  if (container.siteId === null)
    throw conflict('container_travels', 'This container travels; receive its shipment first.', {
      shipmentId: container.shipmentId,
    });
  return { container, site: world.get(sites, container.siteId)! };
};

const standingOpen = (world: World, caller: Caller, id: string) => {
  const found = standing(world, caller, id);
  if (found.container.state === 'sealed')
    throw conflict('container_sealed', 'This container is sealed; open it first.', {
      seq: found.container.lastSeq,
    });
  return found;
};

const answer = (fact: AnyFact): Written => ({
  id: fact.private.containerId,
  fillingId: fact.data.container ?? null,
});

/** @param programme whose operator stands for natural persons */
export const containerOperations = (programme: { operatorId: string }): ContainerOperations => ({
  ...fillings(programme),
  registerContainer: {
    name: 'container.register',
    roles: FILLERS,
    status: 201,
    decide(world, { siteId, kind, tag, tareGrams }, { caller, id, newId }) {
      const site = reachableSite(world, caller, siteId);
      if (site.state === 'closed') throw conflict('site_closed', 'This site was closed.', { siteId });
      const taken = world.get(containerTags, facts.tagKey(site.organisationId, tag));
      if (taken?.containerId != null)
        throw conflict('tag_taken', 'A container in use bears this tag; close it, or write another.', {
          containerId: taken.containerId,
        });
      return draft({
        type: facts.containerRegistered,
        ...actorOf(world, caller, programme),
        data: { siteId: site.id, kind, container: newId() },
        private: {
          keyId: caller.keyId,
          containerId: id,
          tag,
          ...(tareGrams === undefined ? {} : { tareGrams }),
        },
      });
    },
    answer,
  },
  sealContainer: {
    name: 'container.seal',
    roles: FILLERS,
    status: 201,
    decide(world, { containerId, measuredGrams, sealNumber, deviceId }, { caller, newId }) {
      const { container, site } = standingOpen(world, caller, containerId);
      if (container.lots === 0) throw conflict('container_empty', 'Nothing is in this container.');
      const doubt = weightDoubt(world, site, container, { measuredGrams, deviceId });
      return draft({
        type: facts.containerSealed,
        ...actorOf(world, caller, programme),
        data: {
          siteId: site.id,
          ...namedFilling(container, newId),
          lots: container.lots,
          bookedGrams: container.grams,
          ...(measuredGrams === undefined ? {} : { measuredGrams }),
          ...(doubt === undefined
            ? {}
            : {
                mark: {
                  markId: newId(),
                  code: 'container-weight' as const,
                  toleranceGrams: doubt.toleranceGrams,
                  lots: doubt.lots.map(({ id: lotId, lastSeq: seq }) => ({ lotId, seq })),
                },
              }),
        },
        private: {
          keyId: caller.keyId,
          containerId,
          ...(sealNumber === undefined ? {} : { sealNumber }),
          ...(deviceId === undefined ? {} : { deviceId }),
          ...(doubt === undefined
            ? {}
            : { organisationIds: [...new Set([container.ownerId, caller.organisationId])] }),
        },
      });
    },
    answer: (fact) => ({
      ...answer(fact),
      ...(fact.data.mark === undefined
        ? {}
        : { mark: { id: fact.data.mark.markId, code: fact.data.mark.code } }),
    }),
  },
  openContainer: {
    name: 'container.open',
    roles: FILLERS,
    status: 201,
    decide(world, { containerId }, { caller, newId }) {
      const { container, site } = standing(world, caller, containerId);
      if (container.state !== 'sealed') throw conflict('container_open', 'This container is open already.');
      return draft({
        type: facts.containerOpened,
        ...actorOf(world, caller, programme),
        data: { siteId: site.id, ...namedFilling(container, newId) },
        private: { keyId: caller.keyId, containerId },
      });
    },
    answer: (fact) => ({ id: fact.private.containerId, fillingId: null }),
  },
  closeContainer: {
    name: 'container.close',
    roles: FILLERS,
    status: 200,
    decide(world, { containerId }, { caller }) {
      const container = own(world, caller, containerId);
      if (container.lots > 0)
        throw conflict('container_holds', 'Something is in this container; take it out first.', {
          lots: container.lots,
          grams: container.grams,
        });
      const { siteId, fillingId, lastSeq } = container;
      return draft({
        type: facts.containerClosed,
        ...actorOf(world, caller, programme),
        data: {
          ...(siteId === null ? {} : { siteId }),
          ...(fillingId === null ? {} : { container: fillingId, seq: lastSeq }),
        },
        private: { keyId: caller.keyId, containerId },
      });
    },
    answer: (fact) => ({ id: fact.private.containerId, fillingId: null }),
  },
});

const fillings = (programme: {
  operatorId: string;
}): Pick<ContainerOperations, 'fillContainer' | 'takeOut'> => ({
  fillContainer: {
    name: 'container.fill',
    roles: FILLERS,
    status: 201,
    decide(world, input, { caller, newId }) {
      const { container, site } = standingOpen(world, caller, input.containerId);
      const used = usableLots(world, caller, site, input.lots);
      const inOne = used.find(({ lot }) => lot.containerId !== null);
      if (inOne !== undefined)
        throw conflict('in_container', 'This lot lies in a container; take it out first.', {
          lotId: inOne.lot.id,
          containerId: inOne.lot.containerId,
        });
      return draft({
        type: facts.containerFilled,
        ...actorOf(world, caller, programme),
        data: {
          siteId: site.id,
          ...namedFilling(container, newId),
          lots: used.map(({ use }) => use),
        },
        private: { keyId: caller.keyId, containerId: container.id },
      });
    },
    answer,
  },
  takeOut: {
    name: 'container.take-out',
    roles: FILLERS,
    status: 201,
    decide(world, input, { caller, newId }) {
      const { container, site } = standingOpen(world, caller, input.containerId);
      const used = usableLots(world, caller, site, input.lots);
      const outside = used.findIndex(({ lot }) => lot.containerId !== container.id);
      if (outside !== -1)
        throw conflict('not_in_container', 'This lot is not in the container.', {
          lotId: used[outside]!.lot.id,
          containerId: used[outside]!.lot.containerId,
        });
      return draft({
        type: facts.containerLotsTaken,
        ...actorOf(world, caller, programme),
        data: {
          siteId: site.id,
          ...namedFilling(container, newId),
          lots: used.map(({ use }) => use),
        },
        private: { keyId: caller.keyId, containerId: container.id },
      });
    },
    answer,
  },
});
