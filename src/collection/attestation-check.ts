import { isDeepStrictEqual } from 'node:util';
import { canonicalJson } from '../kernel/canonical.ts';
import { sha256 } from '../kernel/hash.ts';
import type { Entry } from '../ledger/entry.ts';
import { openSeal } from '../ledger/sealing.ts';
import { type Openings, openingBody } from '../ledger/store.ts';
import { LedgerFault } from '../ledger/verify.ts';
import { AttestedObject, attested } from './attestation.ts';
import type { CollectionData, CollectionPrivate } from './collection.facts.ts';
import { gramsPerPiece } from './collection.ts';

export type AttestationKind =
  | 'attestation-unknown-device'
  | 'attestation-unknown-key'
  | 'attestation-wrong-signature'
  | 'attestation-differs'
  | 'attestation-repeated'
  | 'attestation-claimed'
  | 'attestation-missing'
  | 'counter-repeated'
  | 'not-attested';
export type AttestationFinding = { seq: number; kind: AttestationKind; reason: string };

export type AttestationReport = {
  /** Weigh-ins whose device's key signed just what was recorded. */
  good: number;
  /** Weigh-ins nobody signed. */
  none: number;
  /** Weigh-ins that say themselves, by the mark `not-attested`, that their signature is not good. */
  marked: number;
  /** Enrolled keys that signed at least one. */
  keys: number;
  /** What is wrong, and stands nowhere in the ledger. */
  faults: AttestationFinding[];
  /** What is doubtful, and is marked as such by the ledger's own rules. */
  findings: AttestationFinding[];
};

/** Which weigh-ins must bear a signature: those of these kinds of site (all, where none is named), from `since` on. */
export type Demand = { siteKinds: readonly string[]; since: number };

/** A device's keys in the order they were enrolled, as an entry's private part counts them (`deviceKey`). */
type Key = { publicKey: string; seq: number /** When another took its place. */; until: number };
type Place = { collectedAt?: string | undefined };

/**
 * Holds every weigh-in's attestation against the facts before it, as an auditor with the openings does (ledger format,
 * "Device attestation"): the signed object's RFC 8785 bytes, the Ed25519 signature under the key that the device was
 * enrolled with at that position, the members and seals that were signed against those that were recorded, and that no
 * signed object was recorded twice. Feed it every entry in order.
 */
export class AttestationCheck {
  private readonly report: AttestationReport = {
    ...{ good: 0, none: 0, marked: 0, keys: 0 },
    ...{ faults: [], findings: [] },
  };
  private readonly devices = new Map<string, Key[]>();
  private readonly siteKinds = new Map<string, string>();
  /** Where each key used each counter first. */
  private readonly counters = new Map<string, Map<number, number>>();
  private readonly signedIds = new Map<string, number>();
  private readonly demand: Demand | undefined;

  constructor(demand?: Demand) {
    this.demand = demand;
  }

  feed(entry: Entry, openings: Openings | undefined): void {
    if (entry.type === 'site.registered.v1')
      this.siteKinds.set(entry.data.siteId as string, entry.data.kind as string);
    else if (entry.type === 'device.enrolled.v1' || entry.type === 'device.enrolled-again.v1')
      this.enrol(entry, openedPart(entry, openings));
    else if (entry.type === 'collection.recorded.v1') this.judge(entry, openings);
  }

  finish(): AttestationReport {
    return { ...this.report, keys: this.counters.size };
  }

  private enrol({ seq, at }: Entry, { deviceId, publicKey }: Record<string, unknown>): void {
    const keys = this.devices.get(deviceId as string) ?? [];
    const before = keys.at(-1);
    if (before !== undefined) before.until = Date.parse(at);
    if (publicKey !== null)
      keys.push({ publicKey: publicKey as string, seq, until: Number.POSITIVE_INFINITY });
    this.devices.set(deviceId as string, keys);
  }

  private judge(entry: Entry, openings: Openings | undefined): void {
    const data = entry.data as CollectionData;
    const { personSeals = [], ...more } = openedPart(entry, openings) as CollectionPrivate & {
      personSeals?: string[];
    };
    const { seq } = entry;
    if (more.attestation === undefined) {
      this.report.none++;
      if (this.isDemanded(seq, data))
        this.fault(seq, 'attestation-missing', 'no device signed it, as it must at this site');
      return;
    }
    const wrong = this.wrongWith(data, more, personSeals, placesOf(openings, more));
    if (data.marks.includes('not-attested')) {
      this.report.marked++;
      if (data.claimableGrams > 0)
        this.fault(seq, 'attestation-claimed', 'it is marked as not attested, and yet claimable');
      else this.find(seq, 'not-attested', wrong?.reason ?? 'marked, though its signature is good');
      return;
    }
    if (wrong !== undefined) this.fault(seq, wrong.kind, wrong.reason);
    else if (this.isNew(seq, more)) this.report.good++;
  }

  /** The first rule that does not hold; undefined where the attestation is good. */
  private wrongWith(
    data: CollectionData,
    more: CollectionPrivate,
    personSeals: readonly string[],
    places: readonly Place[],
  ): Omit<AttestationFinding, 'seq'> | undefined {
    const { signature, ...attestation } = more.attestation!;
    const parsed = AttestedObject.safeParse(attestation.signed);
    if (!parsed.success)
      return { kind: 'attestation-differs', reason: 'what was signed is no weigh-in as the format has it' };
    const signed = parsed.data;
    const keys = this.devices.get(signed.deviceId);
    if (keys === undefined)
      return {
        kind: 'attestation-unknown-device',
        reason: `no device ${signed.deviceId} was enrolled before it`,
      };
    const key = keys[more.deviceKey ?? 0];
    if (key === undefined)
      return {
        kind: 'attestation-unknown-key',
        reason: `its device had ${keys.length} keys, it names number ${more.deviceKey ?? 0}`,
      };
    if (!attested(signed, key.publicKey, signature))
      return {
        kind: 'attestation-wrong-signature',
        reason: `the key enrolled at ${key.seq} did not sign this`,
      };
    const late = places.some(({ collectedAt }) => Date.parse(collectedAt ?? '') > key.until);
    if (late)
      return {
        kind: 'attestation-unknown-key',
        reason: `the key enrolled at ${key.seq} had been replaced when it was collected`,
      };
    const differing = differences(signed, data, more, personSeals);
    if (differing.length === 0) return undefined;
    return {
      kind: 'attestation-differs',
      reason: `signed and recorded differ in ${differing.join(', ')}`,
    };
  }

  /** Whether the signed object was not recorded before; says where a counter was used for another. */
  private isNew(seq: number, more: CollectionPrivate): boolean {
    const { id, deviceId, counter } = more.attestation!.signed;
    const twin = this.signedIds.get(id);
    if (twin !== undefined) {
      this.fault(seq, 'attestation-repeated', `the weigh-in that was signed stands at ${twin} already`);
      return false;
    }
    this.signedIds.set(id, seq);
    const name = `${deviceId} ${more.deviceKey ?? 0}`;
    const counters = this.counters.get(name) ?? new Map<number, number>();
    this.counters.set(name, counters);
    const first = counters.get(counter);
    if (first === undefined) counters.set(counter, seq);
    else this.find(seq, 'counter-repeated', `its key signed another weigh-in under ${counter}, at ${first}`);
    return true;
  }

  private isDemanded(seq: number, { siteId }: CollectionData): boolean {
    if (this.demand === undefined || seq < this.demand.since) return false;
    const { siteKinds } = this.demand;
    return siteKinds.length === 0 || siteKinds.includes(this.siteKinds.get(siteId) ?? '');
  }

  private fault(seq: number, kind: AttestationKind, reason: string): void {
    this.report.faults.push({ seq, kind, reason });
  }

  private find(seq: number, kind: AttestationKind, reason: string): void {
    this.report.findings.push({ seq, kind, reason });
  }
}

/** The main part, its seal checked, and that its bytes are RFC 8785: two readers must not read two objects. */
const openedPart = (entry: Entry, openings: Openings | undefined): Record<string, unknown> => {
  const { sealed } = entry.data as { sealed?: string };
  if (sealed === undefined) return {};
  const main = openings?.main ?? Buffer.alloc(0);
  const part = openSeal(sha256, sealed, main);
  if (part === null)
    throw new LedgerFault(entry.seq, 'wrong-seal', 'its opening is missing, or does not fit its seal');
  if (canonicalJson(part) !== openingBody(main))
    throw new LedgerFault(entry.seq, 'wrong-seal', 'its opening is not in RFC 8785 form');
  return part;
};

/** When and where: of the parts that were not erased, or of the main part where nobody is named. */
const placesOf = (openings: Openings | undefined, more: Place): Place[] => [
  more,
  ...(openings?.people ?? []).flatMap(({ opening }) =>
    opening === null ? [] : [JSON.parse(openingBody(opening)) as Place],
  ),
];

/** Names of the members in which a recorded weigh-in is not what was signed, or does not follow from it. */
const differences = (
  signed: AttestedObject,
  data: CollectionData,
  more: CollectionPrivate,
  personSeals: readonly string[],
): string[] => {
  const { siteId, material, form, originClass, basis, tareGrams } = data;
  const recorded = { id: more.id, siteId, deviceId: more.deviceId, counter: more.counter };
  const expected: Record<string, unknown> = {
    ...recorded,
    ...{ material, form, originClass, basis, tareGrams },
    count: more.count,
    deductions: more.deductions,
    seals: personSeals,
    grossGrams: data.grossGrams,
  };
  const given: Record<string, unknown> = {
    ...signed,
    seals: signed.seals ?? [],
    grossGrams: signed.grossGrams ?? piecesOf(signed),
  };
  const names = Object.keys(expected).filter((name) => !isDeepStrictEqual(expected[name], given[name]));
  const deducted = (signed.deductions ?? []).reduce((sum, { grams }) => sum + grams, 0);
  if (data.deductionGrams !== deducted) names.push('deductionGrams');
  if (data.payGrams !== data.grossGrams - tareGrams - deducted) names.push('payGrams');
  if (data.claimableGrams > data.payGrams) names.push('claimableGrams');
  return names;
};

/** Grams of pieces that were counted and not weighed, by the published figure. */
const piecesOf = (signed: AttestedObject): number | undefined => {
  const each = signed.basis === 'counted' ? gramsPerPiece(signed) : undefined;
  return each === undefined || signed.count === undefined ? undefined : each * signed.count;
};
