import { sha256 } from '../kernel/hash.ts';
import type { Caller, PersonPart } from '../ledger/fact.ts';
import { seal } from '../ledger/sealing.ts';
import type { World } from '../ledger/world.ts';
import { mayReach } from '../registry/access.ts';
import { type Device, devices } from '../registry/registry.tables.ts';
import { type AttestedObject, attested } from './attestation.ts';
import type { CollectionRequest } from './collection.schema.ts';

/** The device it names. undefined: none named. null: named, but unknown here. */
export const deviceOf = (
  world: World,
  caller: Caller,
  input: CollectionRequest,
): Device | null | undefined => {
  const id = input.attestation?.deviceId ?? input.deviceId;
  if (id === undefined) return undefined;
  const device = world.get(devices, id);
  return device !== undefined && mayReach(caller, device.organisationId, device.siteId) ? device : null;
};

/** What the device signed, as far as the request tells; undefined where nothing is signed. */
export const signedObject = (
  input: CollectionRequest,
  parts: PersonPart[],
): { object: AttestedObject } | undefined => {
  const { attestation } = input;
  if (attestation === undefined) return undefined;
  const seals = parts.filter((p) => p.salt !== undefined).map((p) => seal(sha256, p.salt!, p.part).seal);
  const { siteId, material, form, originClass, basis, tareGrams, grossGrams, count, deductions } = input;
  return {
    object: {
      id: input.id!,
      siteId,
      deviceId: attestation.deviceId,
      counter: attestation.counter,
      material,
      form,
      originClass,
      basis,
      tareGrams,
      ...(grossGrams === undefined ? {} : { grossGrams }),
      ...(count === undefined ? {} : { count }),
      ...(deductions === undefined ? {} : { deductions }),
      ...(seals.length === 0 ? {} : { seals }),
    },
  };
};

/**
 * Which of the device's keys signed, counted from 0 in the order they were enrolled; null for none of them. A key that
 * was replaced signs for what was weighed before that, however late it arrives.
 */
export const signingKey = (
  object: AttestedObject,
  device: Device | null | undefined,
  signature: string,
  collectedAt: string,
): number | null => {
  if (device?.publicKey == null) return null;
  const { publicKey, formerKeys } = device;
  if (attested(object, publicKey, signature)) return formerKeys.length;
  const former = formerKeys.findIndex(
    (key) => Date.parse(collectedAt) <= key.until && attested(object, key.publicKey, signature),
  );
  return former === -1 ? null : former;
};
