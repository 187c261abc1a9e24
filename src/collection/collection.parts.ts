import type { DecideContext, PersonPart } from '../ledger/fact.ts';
import type { Keyring } from '../ledger/private-store.ts';
import { people } from '../ledger/tables.ts';
import type { World } from '../ledger/world.ts';
import { collectors } from '../registry/registry.tables.ts';
import type { CollectionRequest } from './collection.schema.ts';
import { GRAMS_PER_PIECE, gramsPerPiece } from './collection.ts';
import type { Party } from './earning.ts';

/** The number of the slip it was written on, told by a phone or typed in from paper. */
export const slipNoOf = ({ slipNo, paper }: CollectionRequest): string | undefined => paper?.slipNo ?? slipNo;

/** When, where, on what evidence and at which price: under each person's own seal, where there is one. */
export const place = ({ collectedAt, location, evidence, quote, settlement }: CollectionRequest) => ({
  collectedAt,
  ...(location === undefined ? {} : { location }),
  ...(evidence === undefined ? {} : { evidence }),
  ...(quote === undefined ? {} : { quote }),
  ...(settlement === undefined ? {} : { settlement }),
});

/** Each person's part, what the money needs to know of each, and whether anybody is not known here. */
export const personParts = (
  world: World,
  keyring: Keyring,
  input: CollectionRequest,
): { parts: PersonPart[]; parties: Party[]; unresolved: boolean } => {
  const named: { collectorId: string; share?: number }[] =
    input.parties ?? (input.collectorId === undefined ? [] : [{ collectorId: input.collectorId }]);
  const parts: PersonPart[] = [];
  const parties: Party[] = [];
  let unresolved = named.length === 0;
  for (const [i, party] of named.entries()) {
    const collector = world.get(collectors, party.collectorId);
    const person = world.get(people, party.collectorId);
    if (collector?.state !== 'active') unresolved = true;
    // Whoever was erased stays erased: the weigh-in is kept, the name is not.
    const erased = collector?.state === 'erased' || (person !== undefined && person.wrappedKey === null);
    parties.push({
      personId: erased ? null : party.collectorId,
      share: party.share ?? 1,
      registered: !erased && collector !== undefined && collector.state !== 'unresolved',
    });
    if (erased) continue;
    if (person === undefined)
      world.put(people, {
        id: party.collectorId,
        wrappedKey: keyring.newPersonKey(),
        sealed: null,
        identityHash: null,
      });
    const salt = input.attestation?.salts[i];
    parts.push({
      personId: party.collectorId,
      part: { ...party, ...place(input) },
      ...(salt === undefined ? {} : { salt: Buffer.from(salt, 'hex') }),
    });
  }
  if (parties.length === 0) parties.push({ personId: null, share: 1, registered: false });
  return { parts, parties, unresolved };
};

/** What the programme alone may read of it. */
export const privatePart = (input: CollectionRequest, { id, caller }: DecideContext) => {
  const { bagTag, vesselId, containerId, funding, count, deductions } = input;
  const slipNo = slipNoOf(input);
  const writtenBy = input.paper?.writtenBy;
  const deviceId = input.attestation?.deviceId ?? input.deviceId;
  const each = input.basis === 'counted' ? gramsPerPiece(input) : undefined;
  return {
    id,
    keyId: caller.keyId,
    ...(bagTag === undefined ? {} : { bagTag }),
    ...(slipNo === undefined ? {} : { slipNo }),
    ...(input.paper === undefined ? {} : { paper: writtenBy === undefined ? {} : { writtenBy } }),
    ...(vesselId === undefined ? {} : { vesselId }),
    ...(containerId === undefined ? {} : { containerId }),
    ...(deviceId === undefined ? {} : { deviceId }),
    ...(input.attestation === undefined ? {} : { counter: input.attestation.counter }),
    ...(funding === undefined ? {} : { funding }),
    ...(count === undefined ? {} : { count }),
    ...(deductions === undefined ? {} : { deductions }),
    ...(each === undefined ? {} : { gramsPerPiece: { version: GRAMS_PER_PIECE.version, grams: each } }),
  };
};
