import { z } from 'zod';
import { Id, text } from '../kernel/values.ts';
import type { FactType } from '../ledger/fact.ts';
import { type Device, devices, type Vessel, vessels } from './registry.tables.ts';

const NOTHING = 'none';

export const ScaleShape = z.strictObject({
  class: text(20),
  eGrams: z.int().min(1).max(1_000_000),
  minGrams: z.int().min(0).max(1_000_000_000),
  maxGrams: z.int().min(1).max(1_000_000_000),
  seal: text(60).optional(),
  certificate: text(120).optional(),
  validUntil: z.iso.date().optional(),
});

/** The site a device stands at is all the public sees of it. */
const AtSite = z.strictObject({ siteId: Id });
type AtSite = z.infer<typeof AtSite>;

const DeviceEnrolled = z.strictObject({
  keyId: Id,
  deviceId: Id,
  organisationId: Id,
  name: text(120),
  publicKey: z.string().nullable(),
  scale: ScaleShape.nullable(),
});
export const deviceEnrolled: FactType<AtSite, z.infer<typeof DeviceEnrolled>> = {
  type: 'device.enrolled.v1',
  title: { en: 'Device enrolled', zh: '设备登记' },
  data: AtSite,
  private: DeviceEnrolled,
  grams: NOTHING,
  fen: NOTHING,
  backPointers: [],
  apply(world, { seq, data, private: { keyId: _, deviceId: id, ...device } }) {
    world.put(devices, {
      id,
      ...data,
      ...device,
      formerKeys: [],
      counter: 0,
      state: 'active',
      seq,
      lastSeq: seq,
    });
  },
};

const DeviceChanged = z.strictObject({
  keyId: Id,
  deviceId: Id,
  organisationId: Id,
  name: text(120).optional(),
  scale: ScaleShape.nullable().optional(),
});
/** The site shown is the one the device stands at from now on. */
export const deviceChanged: FactType<AtSite, z.infer<typeof DeviceChanged>> = {
  type: 'device.changed.v1',
  title: { en: 'Device changed', zh: '设备变更' },
  data: AtSite,
  private: DeviceChanged,
  grams: NOTHING,
  fen: NOTHING,
  backPointers: [],
  apply(world, { seq, data, private: { keyId: _, deviceId, ...changed } }) {
    world.put(devices, { ...world.get(devices, deviceId)!, ...data, ...changed, lastSeq: seq } as Device);
  },
};

const DeviceEnrolledAgain = z.strictObject({ keyId: Id, deviceId: Id, publicKey: z.string() });
/** After a phone lost its key: another key, and its counter begins at 0 again. */
export const deviceEnrolledAgain: FactType<AtSite, z.infer<typeof DeviceEnrolledAgain>> = {
  type: 'device.enrolled-again.v1',
  title: { en: 'Device enrolled again', zh: '设备重新登记' },
  data: AtSite,
  private: DeviceEnrolledAgain,
  grams: NOTHING,
  fen: NOTHING,
  backPointers: [],
  apply(world, { seq, at, private: { deviceId, publicKey } }) {
    const device = world.get(devices, deviceId)!;
    const formerKeys =
      device.publicKey === null
        ? device.formerKeys
        : [...device.formerKeys, { publicKey: device.publicKey, until: at }];
    world.put(devices, { ...device, publicKey, formerKeys, counter: 0, lastSeq: seq });
  },
};

const DeviceNamed = z.strictObject({ keyId: Id, deviceId: Id });
export const deviceClosed: FactType<AtSite, z.infer<typeof DeviceNamed>> = {
  type: 'device.closed.v1',
  title: { en: 'Device closed', zh: '设备停用' },
  data: AtSite,
  private: DeviceNamed,
  grams: NOTHING,
  fen: NOTHING,
  backPointers: [],
  apply(world, { seq, private: { deviceId } }) {
    world.put(devices, { ...world.get(devices, deviceId)!, state: 'closed', lastSeq: seq });
  },
};

/** A vessel's name and number point to its owner: nothing of it is public. */
const Nothing = z.strictObject({});
type Nothing = z.infer<typeof Nothing>;

const VesselRegistered = z.strictObject({
  keyId: Id,
  vesselId: Id,
  organisationId: Id,
  name: text(120),
  number: text(60).nullable(),
});
export const vesselRegistered: FactType<Nothing, z.infer<typeof VesselRegistered>> = {
  type: 'vessel.registered.v1',
  title: { en: 'Vessel registered', zh: '船舶登记' },
  data: Nothing,
  private: VesselRegistered,
  grams: NOTHING,
  fen: NOTHING,
  backPointers: [],
  apply(world, { seq, private: { keyId: _, vesselId: id, ...vessel } }) {
    world.put(vessels, { id, ...vessel, state: 'active', seq, lastSeq: seq });
  },
};

const VesselChanged = z.strictObject({
  keyId: Id,
  vesselId: Id,
  name: text(120).optional(),
  number: text(60).nullable().optional(),
});
export const vesselChanged: FactType<Nothing, z.infer<typeof VesselChanged>> = {
  type: 'vessel.changed.v1',
  title: { en: 'Vessel changed', zh: '船舶变更' },
  data: Nothing,
  private: VesselChanged,
  grams: NOTHING,
  fen: NOTHING,
  backPointers: [],
  apply(world, { seq, private: { keyId: _, vesselId, ...changed } }) {
    world.put(vessels, { ...world.get(vessels, vesselId)!, ...changed, lastSeq: seq } as Vessel);
  },
};

const VesselNamed = z.strictObject({ keyId: Id, vesselId: Id });
export const vesselClosed: FactType<Nothing, z.infer<typeof VesselNamed>> = {
  type: 'vessel.closed.v1',
  title: { en: 'Vessel closed', zh: '船舶停用' },
  data: Nothing,
  private: VesselNamed,
  grams: NOTHING,
  fen: NOTHING,
  backPointers: [],
  apply(world, { seq, private: { vesselId } }) {
    world.put(vessels, { ...world.get(vessels, vesselId)!, state: 'closed', lastSeq: seq });
  },
};

export const equipmentFacts = [
  deviceEnrolled,
  deviceChanged,
  deviceEnrolledAgain,
  deviceClosed,
  vesselRegistered,
  vesselChanged,
  vesselClosed,
];
