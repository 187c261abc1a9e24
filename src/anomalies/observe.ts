import type pg from 'pg';
import { NIL } from '../kernel/ids.ts';
import { dayIn } from '../kernel/time.ts';
import type { Position } from '../kernel/values.ts';
import type { AnyFact } from '../ledger/fact.ts';
import type { Keyring } from '../ledger/private-store.ts';
import { peopleOfAccount } from './accounts.ts';
import type { CaseFinding, MarkFinding } from './findings.operations.ts';
import { keyOf } from './findings.ts';
import { Memory } from './memory.ts';
import { countWeighIns, followFieldChecks, followHits } from './outcomes.ts';
import { ruleOf } from './rules.ts';
import { Scales } from './scales.ts';
import { sameAccount, stationReceipts } from './tests.ts';
import { evidenceOf, keeperHit, markHits, type Surroundings, talliesOf } from './weigh-ins.ts';

const RECORDED = 'collection.recorded.v1';
const RECEIVED = 'shipment.received.v1';
const RECEIPT_VOIDED = 'shipment.receipt-voided.v1';

/** What rules know of the facts' surroundings: where sites stand, whose they are, and where loads came from. */
class Around {
  private readonly client: pg.PoolClient;
  private sites = new Map<string, { organisationId: string; location: Position }>();
  private senders = new Map<string, string>();
  timeZone = '';

  constructor(client: pg.PoolClient) {
    this.client = client;
  }

  async load(facts: readonly AnyFact[]): Promise<void> {
    const received = facts.flatMap(shipmentsOf);
    if (received.length > 0) {
      const { rows } = await this.client.query<{ id: string; siteId: string }>(
        'SELECT id, from_site_id AS "siteId" FROM shipments WHERE id = ANY($1::uuid[])',
        [received],
      );
      this.senders = new Map(rows.map(({ id, siteId }) => [id, siteId]));
      this.timeZone = (await this.client.query<{ zone: string }>('SELECT time_zone AS zone FROM programme'))
        .rows[0]!.zone;
    }
    const ids = new Set([
      ...facts.flatMap(({ data }) => (typeof data.siteId === 'string' ? [data.siteId] : [])),
      ...this.senders.values(),
    ]);
    const { rows } = await this.client.query<{ id: string; organisationId: string; location: Position }>({
      name: 'sites of facts',
      text: 'SELECT id, organisation_id AS "organisationId", location FROM sites WHERE id = ANY($1::uuid[])',
      values: [[...ids]],
    });
    this.sites = new Map(rows.map((site) => [site.id, site]));
  }

  organisationOf(siteId: string): string {
    return this.sites.get(siteId)!.organisationId;
  }

  locationOf(siteId: string): Position | undefined {
    return this.sites.get(siteId)?.location;
  }

  senderOf(shipmentId: string): string {
    return this.senders.get(shipmentId)!;
  }
}

/** Loads a fact receives, or says that it did not. */
const shipmentsOf = ({ type, data }: AnyFact): string[] => {
  if (type === RECEIVED) return [data.shipmentId];
  return type === RECEIPT_VOIDED && data.loads.length === 1 ? [data.loads[0].shipmentId] : [];
};

/** Rules that hold what a station sent against what arrived, each over its period: so much of a day is its name. */
const RECEIPT_RULES = [
  { rule: 'station-receipts', scope: 'receipt-month', named: 'YYYY-MM'.length },
  { rule: 'station-day', scope: 'receipt-day', named: 'YYYY-MM-DD'.length },
] as const;
type ReceiptRule = (typeof RECEIPT_RULES)[number];

/** What is known of a period's loads of a sender, by when they were recorded to have arrived. */
const receiptKey = (around: Around, fact: AnyFact, { scope, named }: ReceiptRule) => ({
  scope,
  subject: around.senderOf(shipmentsOf(fact)[0]!),
  part: NIL,
  period: (fact.type === RECEIPT_VOIDED ? fact.data.day : dayIn(around.timeZone, fact.at)).slice(0, named),
});

/** Puts what was found among what waits to pass the door. Live, with the keyring; a replay only remembers. */
type Finder = {
  mark(finding: MarkFinding): void;
  case(finding: CaseFinding): void;
};

const finderOf = (memory: Memory, keyring: Keyring): Finder => ({
  mark: (input) =>
    memory.find({ key: keyOf(keyring, 'mark', input.hits, input.seq), seq: input.seq, kind: 'mark', input }),
  case: (input) =>
    memory.find({
      key: keyOf(keyring, 'case', [input.hit], input.causeSeq),
      seq: input.causeSeq,
      kind: 'case',
      input,
    }),
});

const weighedIn = (
  memory: Memory,
  around: Around,
  surroundings: Surroundings,
  fact: AnyFact,
  find?: Finder,
) => {
  const { seq, data } = fact;
  const hits = markHits(memory, fact, surroundings);
  const organisationId = around.organisationOf(data.siteId);
  const marks = new Set<string>(hits.map(({ rule }) => ruleOf(rule)!.mark));
  const code = marks.size === 1 ? [...marks][0]! : 'review';
  if (hits.length > 0)
    find?.mark({ lotId: data.lotId, seq, code, siteId: data.siteId, organisationId, hits });
  const hit = keeperHit(memory, fact);
  if (hit === null) return;
  const subjectKeyId = fact.private.keyId as string;
  find?.case({
    siteId: data.siteId,
    causeSeq: seq,
    organisationIds: [organisationId],
    subjectKeyId,
    grams: 0,
    hit,
  });
};

const received = (memory: Memory, around: Around, fact: AnyFact, of: ReceiptRule, find?: Finder) => {
  const { seq, data } = fact;
  const { rule } = of;
  const key = receiptKey(around, fact, of);
  const siteId = key.subject;
  if (!memory.anyInForce(seq, rule) || data.outcome !== 'received') return;
  const sums = { grams: data.bookedGrams as number, against: data.measuredGrams as number };
  const row = memory.add(key.scope, siteId, NIL, key.period, sums);
  const inForce = memory.inForce(rule, seq, siteId);
  const figures = inForce === null ? null : stationReceipts(inForce, row);
  if (figures === null || !memory.flag(row, inForce!.version)) return;
  find?.case({
    siteId,
    causeSeq: seq,
    // Who sent and who received have both weighed these loads.
    organisationIds: [...new Set([around.organisationOf(siteId), around.organisationOf(data.siteId)])],
    grams: figures.missingGrams!,
    hit: { rule, version: inForce!.version, figures },
  });
};

/** What was received by mistake counts no more, where it did. */
const receiptVoided = (memory: Memory, around: Around, fact: AnyFact, of: ReceiptRule) => {
  const { receivedSeq, outcome, bookedGrams, measuredGrams } = fact.data;
  if (shipmentsOf(fact).length === 0 || outcome !== 'received') return;
  if (!memory.anyInForce(receivedSeq, of.rule)) return;
  const { scope, subject, part, period } = receiptKey(around, fact, of);
  memory.add(scope, subject, part, period, { count: -1, grams: -bookedGrams, against: -measuredGrams });
};

const registered = async (
  client: pg.PoolClient,
  memory: Memory,
  fact: AnyFact,
  keyring: Keyring,
  find: Finder,
): Promise<void> => {
  const { seq, data } = fact;
  const inForce = data.siteId === undefined ? null : memory.inForce('same-account', seq, data.siteId);
  // Accounts are remembered always: the second may be named years after the first.
  const personIds = await peopleOfAccount(client, keyring, fact);
  const figures = inForce === null ? null : sameAccount(inForce, personIds.length);
  if (figures === null) return;
  const { rows } = await client.query<{ id: string }>(
    `SELECT DISTINCT organisation_id AS id FROM collectors
     WHERE id = ANY($1::uuid[]) AND organisation_id IS NOT NULL ORDER BY id`,
    [personIds],
  );
  const organisationIds = rows.map(({ id }) => id);
  if (organisationIds.length === 0) return;
  const hit = { rule: 'same-account', version: inForce!.version, figures };
  find.case({
    siteId: data.siteId,
    causeSeq: seq,
    organisationIds,
    personIds: personIds.slice(0, 20),
    grams: 0,
    hit,
  });
};

const ABOUT_PEOPLE = ['collector.registered.v1', 'collector.changed.v1'];

/**
 * Reads facts in ledger order, in the follower's transaction: remembers what rules in force compare, finds what is
 * beyond them, keeps what became of it, and counts for the public figures. What is remembered follows from the facts
 * alone, so that a replay can compare it; what is found becomes a fact with its figures, which a replay reads.
 *
 * @param keyring where findings are wanted; without it, in a replay, facts are only remembered
 * @returns how many findings wait to pass the door
 */
export const observeFacts = async (
  client: pg.PoolClient,
  facts: readonly AnyFact[],
  keyring?: Keyring,
): Promise<number> => {
  if (facts.length === 0) return 0;
  const memory = new Memory(client);
  await memory.loadRules(facts);
  await countWeighIns(client, facts);
  await followFieldChecks(client, facts);
  await followHits(client, facts);
  const around = new Around(client);
  if (memory.anyAtAll || facts.some(({ type }) => ABOUT_PEOPLE.includes(type))) await around.load(facts);
  if (memory.anyAtAll) await preload(memory, around, facts);
  const checked = memory.anyInForce(facts.at(-1)!.seq + 1, 'check-weight-missing');
  const scales = await Scales.load(client, checked ? facts.filter(({ type }) => type === RECORDED) : []);
  const surroundings: Surroundings = {
    locationOf: (siteId) => around.locationOf(siteId),
    checkAge: (deviceId, day, seq) => scales.age(deviceId, day, seq),
  };
  const find = keyring === undefined ? undefined : finderOf(memory, keyring);
  for (const fact of facts) {
    if (ABOUT_PEOPLE.includes(fact.type) && find !== undefined)
      await registered(client, memory, fact, keyring!, find);
    if (!memory.anyAtAll) continue;
    if (fact.type === RECORDED) weighedIn(memory, around, surroundings, fact, find);
    for (const of of RECEIPT_RULES) {
      if (fact.type === RECEIVED) received(memory, around, fact, of, find);
      if (fact.type === RECEIPT_VOIDED) receiptVoided(memory, around, fact, of);
    }
  }
  return memory.save(find !== undefined);
};

/** Everything the facts will ask for, in a few queries. */
const preload = async (memory: Memory, around: Around, facts: readonly AnyFact[]): Promise<void> => {
  const weighIns = facts.filter(({ type }) => type === RECORDED);
  const receipts = facts.filter((fact) => shipmentsOf(fact).length > 0);
  await memory.loadTallies([
    ...weighIns.flatMap((fact) => talliesOf(memory, fact)),
    ...receipts.flatMap((fact) => RECEIPT_RULES.map((of) => receiptKey(around, fact, of))),
  ]);
  await memory.loadEvidence(weighIns.flatMap(evidenceOf));
};
