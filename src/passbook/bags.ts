import type { Confirmation } from '../collection/confirmations.tables.ts';
import { asRecorded } from '../collection/corrections.operations.ts';
import type { WeighIn } from '../collection/corrections.tables.ts';
import { type Earned, priceOf } from '../collection/earning.ts';
import type { NamedWeighIn, ProvisionalEarning } from '../collection/earnings.tables.ts';
import { decided } from '../collection/re-earning.ts';
import { seenSha256 } from '../collection/seen.ts';
import type { Reader } from '../db/reader.ts';
import { sha256 } from '../kernel/hash.ts';
import { ORIGIN_MARKS } from '../kernel/vocabulary.ts';
import type { AnyFact } from '../ledger/fact.ts';
import type { Keyring } from '../ledger/private-store.ts';
import { type Queryable, readFactsAt } from '../ledger/store.ts';
import { PLACES } from '../lots/sources.tables.ts';
import type { Site } from '../registry/registry.tables.ts';
import type { Case } from '../supervision/cases.tables.ts';
import type { Dispute } from '../supervision/disputes.tables.ts';
import { openMarks } from '../supervision/marks.queries.ts';
import type { Price } from '../tariffs/price.ts';

export type BagReader = { db: Reader; pool: Queryable; keyring: Keyring };

/** What one person's part of a weigh-in earned by now, in minor units. */
export type BagEarned = {
  currency: string;
  base: number;
  premium: number;
  /** Of base and premium, what waits for a decision. */
  waits: number;
  /** What was given at the scale; and of all that was paid, what turned out not to be owed. */
  settled: number;
  /** In goods, not in money. */
  inGoods: boolean;
  overpaid: number;
  /** What became of what waited. */
  decision: ProvisionalEarning['state'] | null;
};

/** A weigh-in as one of its people reads it: grams of the whole bag, money of their own part. */
export type Bag = {
  id: string;
  lotId: string;
  key: number;
  seq: number;
  leafHash: string;
  day: string;
  collectedAt: string | null;
  siteId: string;
  siteName: string;
  material: string;
  form: string;
  grossGrams: number;
  tareGrams: number;
  netGrams: number;
  deductions: { kind: string; grams: number }[];
  deductionGrams: number;
  payGrams: number;
  price: Price | null;
  /** How many handed it in together, and which of them this is; null for somebody found later. */
  parties: number;
  party: number | null;
  earned: BagEarned | null;
  /** Codes of open marks that keep money waiting. */
  why: string[];
  state: 'recorded' | 'corrected' | 'voided';
  /** What the last correction or void changed, and why. */
  change: { day: string; reason: string; grossGrams: number; payGrams: number } | null;
  /** Position and leaf hash of the fact it stands by now. */
  last: { seq: number; leafHash: string };
  confirmed: 'no' | 'yes' | 'other-values';
  dispute: { about: string; outcome: string | null; dueAt: number; reason: string | null } | null;
  /** Waits for its collector to confirm or dispute it. */
  open: boolean;
  seenSha256: string;
};

type Tables = {
  weighIns: WeighIn;
  namedWeighIns: NamedWeighIn;
  provisionalEarnings: ProvisionalEarning;
  confirmations: Confirmation;
  disputes: Dispute;
  cases: Case;
  sites: Site;
};

/** Positions of the weigh-ins of a person, the newest first, below a position; what the follower has read of. */
export const bagSeqs = async (
  pool: Queryable,
  personId: string,
  before: number,
  limit: number,
): Promise<number[]> => {
  const { rows } = await pool.query<{ key: number }>(
    `SELECT p.key FROM source_parties p JOIN sources s ON s.key = p.key
     WHERE p.person_id = $1 AND s.kind = 'weigh-in' AND p.key < $2 ORDER BY p.key DESC LIMIT $3`,
    [personId, Math.min(before * PLACES, Number.MAX_SAFE_INTEGER), limit],
  );
  return rows.map(({ key }) => Math.floor(key / PLACES));
};

/** What is read of some weigh-ins at once, by lot. */
const around = async ({ db, pool, keyring }: BagReader, facts: readonly AnyFact[]) => {
  const lotIds = facts.map(({ data }) => data.lotId as string);
  const siteIds = [...new Set(facts.map(({ data }) => data.siteId as string))];
  const t = db.withTables<Tables>();
  const changed = await t.selectFrom('weighIns').selectAll().where('lotId', 'in', lotIds).execute();
  const waiting = await t
    .selectFrom('provisionalEarnings')
    .selectAll()
    .where('lotId', 'in', lotIds)
    .execute();
  const named = await t.selectFrom('namedWeighIns').selectAll().where('lotId', 'in', lotIds).execute();
  const confirmed = await t.selectFrom('confirmations').selectAll().where('lotId', 'in', lotIds).execute();
  const disputed = await t
    .selectFrom('disputes as d')
    .innerJoin('cases as c', 'c.id', 'd.caseId')
    .selectAll('d')
    .select('c.proposal')
    .where('d.lotId', 'in', lotIds)
    .orderBy('d.seq')
    .execute();
  const sites = await t.selectFrom('sites').select(['id', 'name']).where('id', 'in', siteIds).execute();
  const marks = await openMarks(
    db,
    facts.map(({ data }) => ({ id: data.lotId, recorded: data.marks })),
  );
  const changes = await readFactsAt(
    pool,
    sha256,
    keyring,
    changed.map(({ lastSeq }) => lastSeq),
  );
  return {
    changed: new Map(changed.map((row) => [row.lotId, row])),
    changes,
    waiting: new Map(waiting.map((row) => [row.lotId, row])),
    named: new Map(named.map((row) => [row.lotId, row])),
    confirmed,
    // The last one of a lot stands.
    disputed: new Map(disputed.map((row) => [row.lotId, row])),
    sites: new Map(sites.map(({ id, name }) => [id, name])),
    marks,
  };
};
type Around = Awaited<ReturnType<typeof around>>;

const earnedOf = (
  earned: readonly Earned[],
  party: number,
  currency: string | undefined,
  waiting: ProvisionalEarning | undefined,
  inGoods: boolean,
): BagEarned | null => {
  const part = earned[party];
  if (part === undefined || currency === undefined) return null;
  const { base, premium, waits, settled, overpaid } = decided(part, waiting?.state ?? 'open');
  return { currency, base, premium, waits, settled, inGoods, overpaid, decision: waiting?.state ?? null };
};

const disputeOf = (row: (Dispute & { proposal: Case['proposal'] }) | undefined): Bag['dispute'] =>
  row === undefined
    ? null
    : {
        about: row.about,
        outcome: row.outcome,
        dueAt: row.dueAt,
        reason: row.outcome === null ? null : (row.proposal?.note ?? null),
      };

const changeOf = (
  fact: AnyFact,
  change: WeighIn | undefined,
  { changes }: Around,
  dayOf: (ms: number) => string,
): Bag['change'] => {
  const last = change === undefined ? undefined : changes.get(change.lastSeq)?.fact;
  if (last === undefined) return null;
  const { grossGrams, payGrams } = fact.data;
  return { day: dayOf(last.at), reason: (last.private.reason ?? '') as string, grossGrams, payGrams };
};

const bagOf = (
  { fact, leafHash }: { fact: AnyFact; leafHash: string },
  personId: string,
  at: Around,
  dayOf: (ms: number) => string,
): Bag => {
  const { seq, data, private: more, people } = fact;
  const change = at.changed.get(data.lotId);
  const now = change ?? asRecorded(fact);
  const found = people.findIndex((person) => person?.personId === personId);
  const party = found === -1 ? null : found;
  const part = people[found]?.part as { collectedAt?: string; settlement?: { kind: string } } | undefined;
  const waiting = at.waiting.get(data.lotId);
  const marks = at.marks.get(data.lotId)!;
  const seen = seenSha256(now);
  const mine = at.confirmed.find((row) => row.lotId === data.lotId && row.party === party);
  const dispute = disputeOf(at.disputed.get(data.lotId));
  const state = change?.state ?? 'recorded';
  const goods = (part?.settlement ?? more.settlement)?.kind === 'goods';
  const earned = earnedOf(now.earned, party ?? 0, more.pricing?.currency, waiting, goods);
  const confirmed = mine === undefined ? 'no' : mine.seenSha256 === seen ? 'yes' : 'other-values';
  const disputeOpen = dispute !== null && dispute.outcome === null;
  return {
    ...{ id: more.id, lotId: data.lotId, key: seq * PLACES, seq, leafHash, day: data.day },
    collectedAt: part?.collectedAt ?? more.collectedAt ?? null,
    siteId: data.siteId,
    siteName: at.sites.get(data.siteId)!,
    ...{ material: data.material, form: data.form },
    ...{ grossGrams: now.grossGrams, tareGrams: now.tareGrams },
    netGrams: now.grossGrams - now.tareGrams,
    deductions: now.deductions.map(({ kind, grams }) => ({ kind, grams })),
    ...{ deductionGrams: now.deductionGrams, payGrams: now.payGrams },
    price: priceOf(fact) ?? null,
    ...{ parties: Math.max(1, people.length), party, earned },
    why:
      (earned?.waits ?? 0) === 0
        ? []
        : marks.filter((code) => ORIGIN_MARKS.includes(code) || code === 'possible-duplicate'),
    state,
    change: changeOf(fact, change, at, dayOf),
    last: change === undefined ? { seq, leafHash } : leafOf(change.lastSeq, at),
    ...{ confirmed, dispute },
    open: state !== 'voided' && party !== null && confirmed !== 'yes' && !disputeOpen,
    seenSha256: seen,
  };
};

const leafOf = (seq: number, { changes }: Around): { seq: number; leafHash: string } => ({
  seq,
  leafHash: changes.get(seq)!.leafHash,
});

/**
 * The weigh-ins at these positions as one of their people reads them, in the order asked; a fixed number of queries
 * however many. What is no weigh-in is left out.
 * @param dayOf the day of a time in milliseconds, in the programme's time zone
 */
export const bagsAt = async (
  reader: BagReader,
  personId: string,
  seqs: readonly number[],
  dayOf: (ms: number) => string,
): Promise<Bag[]> => {
  const read = await readFactsAt(reader.pool, sha256, reader.keyring, seqs);
  const placed = seqs.flatMap((seq) => read.get(seq) ?? []);
  if (placed.length === 0) return [];
  const at = await around(
    reader,
    placed.map(({ fact }) => fact),
  );
  return placed.map((one) => bagOf(one, personId, at, dayOf));
};
