import { z } from 'zod';
import { Day, Id, Time, text } from '../kernel/values.ts';
import type { AnyFact, Bilingual, FactType } from '../ledger/fact.ts';
import { people } from '../ledger/tables.ts';
import type { World } from '../ledger/world.ts';
import { type Collector, collectors } from './registry.tables.ts';
import { MaybeSiteAndDay } from './site-and-day.ts';

const NOTHING = 'none';

const Asked = z.strictObject({ keyId: Id });
export type Asked = z.infer<typeof Asked>;
export type PersonFact = FactType<MaybeSiteAndDay, Asked>;

type Told<Part> = { seq: number; data: MaybeSiteAndDay; part: Part };

/**
 * A fact about one person, named only in that person's own part.
 *
 * After an erasure the part cannot be opened, and nobody can tell any more whom the fact is about: it then does
 * nothing. So a replay never makes the row of somebody who was erased; see `replayIgnores`.
 */
export const personFact = <Part extends { personId: string }>(spec: {
  type: string;
  title: Bilingual;
  part: z.ZodType<Part>;
  apply(world: World, told: Told<Part>): void;
}): PersonFact => ({
  type: spec.type,
  title: spec.title,
  data: MaybeSiteAndDay,
  private: Asked,
  person: spec.part,
  grams: NOTHING,
  fen: NOTHING,
  backPointers: [],
  apply(world, { seq, data, people: [named] }) {
    if (named == null) return;
    spec.apply(world, { seq, data, part: named.part as Part });
  },
});

export const change = (world: World, personId: string, seq: number, changed: Partial<Collector>): void =>
  world.put(collectors, { ...world.get(collectors, personId)!, ...changed, lastSeq: seq });

export const collectorRegistered = personFact({
  type: 'collector.registered.v1',
  title: { en: 'Collector registered', zh: '收集员登记' },
  part: z.strictObject({
    personId: Id,
    organisationId: Id,
    consentVersion: text(40).optional(),
    consentAt: Time.optional(),
  }),
  apply(world, { seq, data, part: { personId: id, organisationId, consentVersion } }) {
    const siteId = data.siteId ?? null;
    world.put(collectors, {
      id,
      organisationId,
      siteId,
      consentVersion: consentVersion ?? null,
      state: 'active',
      retainUntil: null,
      seq,
      lastSeq: seq,
    });
  },
});

/** Says which particulars changed, never what they are; the site shown is the one the person belongs to now. */
export const collectorChanged = personFact({
  type: 'collector.changed.v1',
  title: { en: 'Collector changed', zh: '收集员变更' },
  part: z.strictObject({ personId: Id, organisationId: Id, changed: z.array(z.string()) }),
  apply(world, { seq, data, part: { personId, organisationId } }) {
    change(world, personId, seq, { organisationId, siteId: data.siteId ?? null });
  },
});

export const collectorClosed = personFact({
  type: 'collector.closed.v1',
  title: { en: 'Collector closed', zh: '收集员停用' },
  part: z.strictObject({ personId: Id }),
  apply(world, { seq, part }) {
    change(world, part.personId, seq, { state: 'closed' });
  },
});

/** One type for giving and withdrawing: the public part must not tell which. A null version withdraws. */
export const collectorConsentChanged = personFact({
  type: 'collector.consent-changed.v1',
  title: { en: 'Consent of a collector changed', zh: '收集员同意变更' },
  part: z.strictObject({ personId: Id, consentVersion: text(40).nullable(), consentAt: Time }),
  apply(world, { seq, part: { personId, consentVersion } }) {
    change(world, personId, seq, { consentVersion });
  },
});

/** Recorded again when the operator sets another end date. */
export const collectorRestricted = personFact({
  type: 'collector.restricted.v1',
  title: { en: 'Collector restricted', zh: '收集员信息限制' },
  part: z.strictObject({ personId: Id, retainUntil: Day, reason: z.string().optional() }),
  apply(world, { seq, part: { personId, retainUntil } }) {
    change(world, personId, seq, { state: 'restricted', retainUntil });
  },
});

/**
 * Names the person under the very key it destroys: the key still seals this fact, then goes with it, which is why
 * the row of `people` is emptied here and not by the rule. The opening is deleted later in the same transaction,
 * so no replay comes past the first line of `personFact`.
 */
export const collectorErased = personFact({
  type: 'collector.erased.v1',
  title: { en: 'Personal data of a collector erased', zh: '收集员个人信息删除' },
  part: z.strictObject({ personId: Id }),
  apply(world, { seq, part: { personId } }) {
    world.get(people, personId);
    world.put(people, { id: personId, wrappedKey: null, sealed: null, identityHash: null });
    change(world, personId, seq, {
      organisationId: null,
      siteId: null,
      consentVersion: null,
      retainUntil: null,
      state: 'erased',
    });
  },
});

/**
 * Rows that the live tables have and a replay cannot have: an erased collector keeps an id, so that it is not
 * given away again, but no opening is left that names it. A comparison leaves one such row out for each erasure in the
 * ledger, and only where it says nothing more than that somebody was there.
 */
export class ErasedPeople {
  private readonly registered = new Set<number>();
  private readonly erased = new Set<number>();

  /** Told of each fact of the ledger. */
  see({ seq, type, people: [named] }: AnyFact): void {
    if (named != null) return;
    if (type === collectorRegistered.type) this.registered.add(seq);
    if (type === collectorErased.type) this.erased.add(seq);
  }

  /** Whether the live row, which no replay makes, is that of somebody erased; true once for each. */
  explains(table: string, row: Record<string, unknown>): boolean {
    const { id: _, state, seq, last_seq: lastSeq, ...rest } = row;
    return (
      table === collectors.name &&
      state === 'erased' &&
      Object.values(rest).every((value) => value === null) &&
      this.registered.delete(seq as number) &&
      this.erased.delete(lastSeq as number)
    );
  }

  /** Positions of erasures that no row answered to. */
  unanswered(table: string): number[] {
    return table === collectors.name ? [...this.erased] : [];
  }
}

export const peopleFacts = [
  collectorRegistered,
  collectorChanged,
  collectorClosed,
  collectorConsentChanged,
  collectorRestricted,
  collectorErased,
];
