import { conflict, notFound, unprocessable } from '../kernel/errors.ts';
import { type Caller, type DecideContext, draft, type Operation } from '../ledger/fact.ts';
import type { World } from '../ledger/world.ts';
import { mayReach, reachableSite } from './access.ts';
import { actorOf } from './actor.ts';
import * as facts from './equipment.facts.ts';
import type {
  DeviceChange,
  DeviceEnrolment,
  DeviceRequest,
  VesselChange,
  VesselRequest,
} from './equipment.schema.ts';
import { type Device, devices, organisations, type Site, type Vessel, vessels } from './registry.tables.ts';

type Written = { id: string };

/** Who may enrol devices and register vessels. */
export const EQUIPPERS = ['operator', 'station', 'warehouse', 'recycler'] as const;

export type EquipmentOperations = {
  enrolDevice: Operation<DeviceRequest, Written>;
  changeDevice: Operation<DeviceChange & { deviceId: string }, Written>;
  enrolDeviceAgain: Operation<DeviceEnrolment & { deviceId: string }, Written>;
  closeDevice: Operation<{ deviceId: string }, Written>;
  registerVessel: Operation<VesselRequest, Written>;
  changeVessel: Operation<VesselChange & { vesselId: string }, Written>;
  closeVessel: Operation<{ vesselId: string }, Written>;
};

const openSite = (world: World, caller: Caller, siteId: string): Site => {
  const site = reachableSite(world, caller, siteId);
  if (site.state !== 'active') throw conflict('site_closed', 'This site was closed.', { siteId });
  return site;
};

const activeDevice = (world: World, caller: Caller, id: string): Device => {
  const device = world.get(devices, id);
  if (device === undefined || !mayReach(caller, device.organisationId, device.siteId))
    throw notFound('device');
  if (device.state !== 'active') throw conflict('device_closed', 'This device was closed.');
  return device;
};

const activeVessel = (world: World, caller: Caller, id: string): Vessel => {
  const vessel = world.get(vessels, id);
  if (vessel === undefined || !mayReach(caller, vessel.organisationId, null)) throw notFound('vessel');
  if (vessel.state !== 'active') throw conflict('vessel_closed', 'This vessel was closed.');
  return vessel;
};

const ownerOf = (world: World, caller: Caller, organisationId: string): string => {
  const owner = world.get(organisations, organisationId);
  if (owner === undefined || !mayReach(caller, organisationId, null))
    throw unprocessable('unknown_organisation', '/organisationId', 'no such organisation of yours');
  if (owner.state !== 'active')
    throw conflict('organisation_closed', 'This organisation was closed.', { organisationId });
  return organisationId;
};

/** Phones, scales and boats. @param programme whose operator stands for natural persons */
export const equipmentOperations = (programme: { operatorId: string }): EquipmentOperations => {
  /** Who is shown as actor, and which key asked. */
  const asked = (world: World, context: DecideContext) => ({
    shown: actorOf(world, context.caller, programme),
    keyId: context.caller.keyId,
  });
  return { ...deviceOperations(asked), ...vesselOperations(asked) };
};

type Asked = (world: World, context: DecideContext) => { shown: { actor?: string }; keyId: string };

const deviceOperations = (
  asked: Asked,
): Pick<EquipmentOperations, 'enrolDevice' | 'changeDevice' | 'enrolDeviceAgain' | 'closeDevice'> => ({
  enrolDevice: {
    name: 'device.enrol',
    roles: EQUIPPERS,
    status: 201,
    decide(world, { siteId, name, publicKey = null, scale = null }, context) {
      const { organisationId } = openSite(world, context.caller, siteId);
      const { shown, keyId } = asked(world, context);
      return draft({
        type: facts.deviceEnrolled,
        ...shown,
        data: { siteId },
        private: { keyId, deviceId: context.id, organisationId, name, publicKey, scale },
      });
    },
    answer: (fact) => ({ id: fact.private.deviceId }),
  },

  changeDevice: {
    name: 'device.change',
    roles: EQUIPPERS,
    status: 200,
    decide(world, { deviceId, siteId, name, scale }, context) {
      const device = activeDevice(world, context.caller, deviceId);
      const { organisationId } = siteId === undefined ? device : openSite(world, context.caller, siteId);
      const { shown, keyId } = asked(world, context);
      return draft({
        type: facts.deviceChanged,
        ...shown,
        data: { siteId: siteId ?? device.siteId },
        private: {
          keyId,
          deviceId,
          organisationId,
          ...(name === undefined ? {} : { name }),
          ...(scale === undefined ? {} : { scale }),
        },
      });
    },
    answer: (fact) => ({ id: fact.private.deviceId }),
  },

  enrolDeviceAgain: {
    name: 'device.enrol-again',
    roles: EQUIPPERS,
    status: 200,
    decide(world, { deviceId, publicKey }, context) {
      const { siteId } = activeDevice(world, context.caller, deviceId);
      const { shown, keyId } = asked(world, context);
      return draft({
        type: facts.deviceEnrolledAgain,
        ...shown,
        data: { siteId },
        private: { keyId, deviceId, publicKey },
      });
    },
    answer: (fact) => ({ id: fact.private.deviceId }),
  },

  closeDevice: {
    name: 'device.close',
    roles: EQUIPPERS,
    status: 200,
    decide(world, { deviceId }, context) {
      const { siteId } = activeDevice(world, context.caller, deviceId);
      const { shown, keyId } = asked(world, context);
      return draft({ type: facts.deviceClosed, ...shown, data: { siteId }, private: { keyId, deviceId } });
    },
    answer: (fact) => ({ id: fact.private.deviceId }),
  },
});

const vesselOperations = (
  asked: Asked,
): Pick<EquipmentOperations, 'registerVessel' | 'changeVessel' | 'closeVessel'> => ({
  registerVessel: {
    name: 'vessel.register',
    roles: EQUIPPERS,
    status: 201,
    decide(world, { organisationId, siteId, name, number = null }, context) {
      const { caller } = context;
      const site = siteId === undefined ? undefined : openSite(world, caller, siteId);
      const owner = ownerOf(world, caller, organisationId ?? site?.organisationId ?? caller.organisationId);
      const { shown, keyId } = asked(world, context);
      return draft({
        type: facts.vesselRegistered,
        ...shown,
        data: {},
        private: { keyId, vesselId: context.id, organisationId: owner, name, number },
      });
    },
    answer: (fact) => ({ id: fact.private.vesselId }),
  },

  changeVessel: {
    name: 'vessel.change',
    roles: EQUIPPERS,
    status: 200,
    decide(world, { vesselId, name, number }, context) {
      activeVessel(world, context.caller, vesselId);
      const { shown, keyId } = asked(world, context);
      return draft({
        type: facts.vesselChanged,
        ...shown,
        data: {},
        private: {
          keyId,
          vesselId,
          ...(name === undefined ? {} : { name }),
          ...(number === undefined ? {} : { number }),
        },
      });
    },
    answer: (fact) => ({ id: fact.private.vesselId }),
  },

  closeVessel: {
    name: 'vessel.close',
    roles: EQUIPPERS,
    status: 200,
    decide(world, { vesselId }, context) {
      activeVessel(world, context.caller, vesselId);
      const { shown, keyId } = asked(world, context);
      return draft({ type: facts.vesselClosed, ...shown, data: {}, private: { keyId, vesselId } });
    },
    answer: (fact) => ({ id: fact.private.vesselId }),
  },
});
