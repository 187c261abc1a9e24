import type pg from 'pg';
import type { AnyFact } from '../ledger/fact.ts';
import { MARK_PLACES } from '../supervision/marks.tables.ts';
import {
  anomalyHits,
  BLOCK,
  type FieldCheck,
  fieldChecks,
  type Hit,
  weighInBlocks,
} from './anomalies.tables.ts';
import type { Found } from './findings.facts.ts';
import { saveRows, selectFrom } from './memory.ts';

const hitOf = (
  { seq }: AnyFact,
  { rule, version, figures }: Found,
  i: number,
  more: Pick<Hit, 'findingId' | 'becomes' | 'causeSeq' | 'subjectId' | 'siteId' | 'organisationId' | 'keyId'>,
): Hit => ({
  ...more,
  rule,
  version,
  figures,
  seq,
  place: seq * MARK_PLACES + i,
  outcome: 'open',
  outcomeSeq: null,
});

const hitsOf = (fact: AnyFact): Hit[] => {
  const { data, private: more } = fact;
  if (fact.type === 'anomaly.marked.v1')
    return (more.hits as Found[]).map((found, i) =>
      hitOf(fact, found, i, {
        findingId: data.markId,
        becomes: 'mark',
        causeSeq: data.seq,
        subjectId: data.subjectId,
        siteId: more.siteId,
        organisationId: more.organisationId,
        keyId: null,
      }),
    );
  return [
    hitOf(fact, more.hit, 0, {
      findingId: data.caseId,
      becomes: 'case',
      causeSeq: more.causeSeq,
      subjectId: data.siteId,
      siteId: data.siteId,
      organisationId: more.organisationIds[0],
      keyId: more.subjectKeyId ?? null,
    }),
  ];
};

type Outcome = { by: 'finding_id' | 'subject_id'; id: string; outcome: 'confirmed' | 'refuted' };

/**
 * What a fact says of hits. A mark cleared by two was a false alarm; a weigh-in corrected or voided while its mark was
 * open was wrong. A case decided as a loss was true; explained or released, it was a false alarm.
 */
const outcomeOf = ({ type, data }: AnyFact): Outcome | null => {
  switch (type) {
    case 'mark.cleared.v1':
      return { by: 'finding_id', id: data.markId, outcome: 'refuted' };
    case 'case.decided.v1':
      return {
        by: 'finding_id',
        id: data.caseId,
        outcome: data.outcome === 'loss' ? 'confirmed' : 'refuted',
      };
    case 'collection.corrected.v1':
    case 'collection.voided.v1':
      return { by: 'subject_id', id: data.lotId, outcome: 'confirmed' };
    default:
      return null;
  }
};

const FINDINGS = ['anomaly.marked.v1', 'anomaly.case-opened.v1'];

/** Keeps what was found, and what became of it; the first outcome stands. */
export const followHits = async (client: pg.PoolClient, facts: readonly AnyFact[]): Promise<void> => {
  let hits: Hit[] = [];
  const flush = async (): Promise<void> => {
    await saveRows(client, anomalyHits, hits);
    hits = [];
  };
  for (const fact of facts) {
    if (FINDINGS.includes(fact.type)) hits.push(...hitsOf(fact));
    const said = outcomeOf(fact);
    if (said === null) continue;
    await flush();
    await client.query({
      name: `outcome by ${said.by}`,
      text: `UPDATE anomaly_hits SET outcome = $2, outcome_seq = $3 WHERE ${said.by} = $1 AND outcome = 'open'`,
      values: [said.id, said.outcome, fact.seq],
    });
  }
  await flush();
};

/** Weigh-ins that somebody had to look at, each once: marked by a rule, or by hand. */
export const followFieldChecks = async (client: pg.PoolClient, facts: readonly AnyFact[]): Promise<void> => {
  const asked = new Map<string, number>();
  for (const { type, seq, data } of facts)
    if (type === 'anomaly.marked.v1' || (type === 'mark.set.v1' && data.subjectKind === 'collection'))
      if (!asked.has(data.subjectId)) asked.set(data.subjectId, seq);
  if (asked.size === 0) return;
  const { rows: known } = await client.query<{ id: string }>(
    'SELECT lot_id AS id FROM field_checks WHERE lot_id = ANY($1::uuid[])',
    [[...asked.keys()]],
  );
  for (const { id } of known) asked.delete(id);
  const { rows } = await client.query<{ n: number }>(
    'SELECT coalesce(max(number), 0)::int8 AS n FROM field_checks',
  );
  const checks: FieldCheck[] = [...asked].map(([lotId, seq], i) => ({
    lotId,
    seq,
    number: rows[0]!.n + i + 1,
  }));
  await saveRows(client, fieldChecks, checks);
};

/** Counts weigh-ins by blocks of entries. A block without one has a row all the same. */
export const countWeighIns = async (client: pg.PoolClient, facts: readonly AnyFact[]): Promise<void> => {
  const first = Math.floor(facts[0]!.seq / BLOCK);
  const last = Math.floor(facts.at(-1)!.seq / BLOCK);
  const within = new Map<number, number>();
  for (const { type, seq } of facts)
    if (type === 'collection.recorded.v1') {
      const block = Math.floor(seq / BLOCK);
      within.set(block, (within.get(block) ?? 0) + 1);
    }
  const { rows } = await client.query<{ block: number; before: number; within: number }>({
    name: 'weigh-in block',
    text: `${selectFrom(weighInBlocks)} WHERE block <= $1 ORDER BY block DESC LIMIT 1`,
    values: [first],
  });
  const known = rows[0] ?? { block: first, before: 0, within: 0 };
  const changed = [];
  let { before } = known;
  let counted = known.within;
  if (known.block < first) {
    before += counted;
    counted = 0;
  }
  for (let block = first; block <= last; block++) {
    counted += within.get(block) ?? 0;
    changed.push({ block, before, within: counted });
    before += counted;
    counted = 0;
  }
  await saveRows(client, weighInBlocks, changed, 'block');
};
