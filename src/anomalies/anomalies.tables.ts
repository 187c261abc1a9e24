import { journal, table } from '../db/table.ts';

/** A rule as somebody set it. A rule nobody set is as shipped, and off. */
export type AnomalyRule = {
  code: string;
  version: number;
  enabled: boolean;
  parameters: Record<string, number>;
  /** The sites it looks at; null: all of the programme. */
  siteIds: string[] | null;
  /** From the next fact on it is in force. */
  seq: number;
};
const RULE = {
  code: 'text',
  version: 'int4',
  enabled: 'boolean',
  parameters: 'json',
  siteIds: 'json',
  seq: 'int8',
} as const;
export const anomalyRules = table<AnomalyRule>('anomaly_rules', 'code', RULE);
export const anomalyRuleVersions = journal<AnomalyRule>('anomaly_rule_versions', RULE);

export type TallyScope = 'person-day' | 'keeper-month' | 'site-month' | 'receipt-month' | 'receipt-day';

/** What a rule in force adds up. `part` is the keeper's key within a site; else nil. */
export type Tally = {
  scope: TallyScope;
  subject: string;
  part: string;
  period: string;
  count: number;
  grams: number;
  /** What the grams are compared with: pay grams, or grams measured. */
  against: number;
  /** Milliseconds since 1970. */
  firstAt: number | null;
  lastAt: number | null;
  /** The version of the rule that opened a case about this row already. */
  flagged: number | null;
};
export const anomalyTallies = journal<Tally>('anomaly_tallies', {
  scope: 'text',
  subject: 'uuid',
  part: 'uuid',
  period: 'text',
  count: 'int8',
  grams: 'int8',
  against: 'int8',
  firstAt: 'int8',
  lastAt: 'int8',
  flagged: 'int4',
});

export type Evidence = { hash: string; personId: string; seq: number };
export const anomalyEvidence = journal<Evidence>('anomaly_evidence', {
  hash: 'text',
  personId: 'uuid',
  seq: 'int8',
});

export type PersonAccount = { personId: string; accountHash: string };
export const personAccounts = journal<PersonAccount>(
  'person_accounts',
  { personId: 'uuid', accountHash: 'text' },
  false,
);

/** What was found and waits to pass the door. */
export type Pending = { key: string; seq: number; kind: 'mark' | 'case'; input: object };
export const anomalyPending = journal<Pending>(
  'anomaly_pending',
  { key: 'uuid', seq: 'int8', kind: 'text', input: 'json' },
  false,
);

/** One rule's part in a mark or a case, and what became of it. */
export type Hit = {
  /** The mark or the case it became. */
  findingId: string;
  rule: string;
  version: number;
  /** seq × MARK_PLACES + place in the fact; unique and ascending. */
  place: number;
  seq: number;
  /** The fact that was in doubt, or that made the sums cross. */
  causeSeq: number;
  becomes: 'mark' | 'case';
  /** The lot of the weigh-in, or the site. */
  subjectId: string;
  siteId: string;
  organisationId: string;
  /** The key of the keeper it is about, where it is about one. */
  keyId: string | null;
  figures: Record<string, number>;
  outcome: 'open' | 'confirmed' | 'refuted';
  outcomeSeq: number | null;
};
export const anomalyHits = journal<Hit>('anomaly_hits', {
  findingId: 'uuid',
  rule: 'text',
  version: 'int4',
  place: 'int8',
  seq: 'int8',
  causeSeq: 'int8',
  becomes: 'text',
  subjectId: 'uuid',
  siteId: 'uuid',
  organisationId: 'uuid',
  keyId: 'uuid',
  figures: 'json',
  outcome: 'text',
  outcomeSeq: 'int8',
});

/** Entries of one block of `weigh_in_blocks`. */
export const BLOCK = 1_024;

export type WeighInBlock = { block: number; before: number; within: number };
export const weighInBlocks = journal<WeighInBlock>('weigh_in_blocks', {
  block: 'int8',
  before: 'int8',
  within: 'int8',
});

export type FieldCheck = { lotId: string; seq: number; number: number };
export const fieldChecks = journal<FieldCheck>('field_checks', {
  lotId: 'uuid',
  seq: 'int8',
  number: 'int8',
});
