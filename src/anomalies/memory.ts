import type pg from 'pg';
import { insertSql, type Journal, toArrays } from '../db/table.ts';
import { NIL } from '../kernel/ids.ts';
import type { AnyFact } from '../ledger/fact.ts';
import {
  type AnomalyRule,
  anomalyEvidence,
  anomalyPending,
  anomalyRuleVersions,
  anomalyTallies,
  type Evidence,
  type Pending,
  type Tally,
  type TallyScope,
} from './anomalies.tables.ts';
import type { RuleCode } from './rules.ts';

type TallyKey = Pick<Tally, 'scope' | 'subject' | 'part' | 'period'>;
const nameOf = ({ scope, subject, part, period }: TallyKey): string =>
  `${scope} ${subject} ${part} ${period}`;

export type InForce = { version: number; parameters: Readonly<Record<string, number>> };

const columnsOf = ({ columns }: Journal<object>): string =>
  columns.map((c) => `${c.column} AS "${c.field}"`).join(', ');

/** Rows of a journal under their field names; `where` follows. */
export const selectFrom = (journal: Journal<object>): string =>
  `SELECT ${columnsOf(journal)} FROM ${journal.name}`;

/** Adds rows; with `key`, a row that stands already takes the new values. */
export const saveRows = async <Row extends object>(
  client: pg.PoolClient,
  journal: Journal<Row>,
  rows: readonly Row[],
  key?: string,
): Promise<void> => {
  if (rows.length === 0) return;
  const set = journal.columns.map(({ column }) => `${column} = excluded.${column}`).join(', ');
  const conflict = key === undefined ? 'DO NOTHING' : `(${key}) DO UPDATE SET ${set}`;
  await client.query(`${insertSql(journal, 1)} ON CONFLICT ${conflict}`, toArrays(journal, rows));
};

/**
 * What rules remember, as one step of facts sees it: loaded once for all facts, changed in memory, written at the end.
 * Nothing is kept for a rule that is not in force: a rule begins to count when it is switched on.
 */
export class Memory {
  private readonly client: pg.PoolClient;
  /** Ascending by position. */
  private versions = new Map<string, AnomalyRule[]>();
  private readonly tallies = new Map<string, Tally>();
  private readonly touched = new Set<string>();
  /** By hash, which weigh-ins showed it. */
  private readonly evidence = new Map<string, Set<number>>();
  private readonly shown: Evidence[] = [];
  private readonly found: Pending[] = [];

  constructor(client: pg.PoolClient) {
    this.client = client;
  }

  /** The versions of every rule that may be in force for one of the facts. */
  async loadRules(facts: readonly AnyFact[]): Promise<void> {
    const { rows } = await this.client.query<AnomalyRule>({
      name: 'anomaly rules',
      text: `${selectFrom(anomalyRuleVersions)} WHERE seq < $1 ORDER BY seq`,
      values: [facts.at(-1)!.seq],
    });
    this.versions = Map.groupBy(rows, ({ code }) => code);
  }

  /** The rule as the ledger knew it just before the fact; null where it was off, or does not look at the site. */
  inForce(code: RuleCode, seq: number, siteId: string): InForce | null {
    const rule = this.versions.get(code)?.findLast((version) => version.seq < seq);
    if (rule?.enabled !== true || rule.siteIds?.includes(siteId) === false) return null;
    return rule;
  }

  /** Whether one of the rules was on, at whichever sites, just before the fact: else there is nothing to remember. */
  anyInForce(seq: number, ...codes: RuleCode[]): boolean {
    return codes.some((code) => this.versions.get(code)?.findLast((v) => v.seq < seq)?.enabled === true);
  }

  /** Whether any rule was ever set: else nothing need be looked at. */
  get anyAtAll(): boolean {
    return this.versions.size > 0;
  }

  async loadTallies(keys: readonly TallyKey[]): Promise<void> {
    const absent = new Map(
      keys.map((key) => [nameOf(key), key]).filter(([n]) => !this.tallies.has(n as string)) as [
        string,
        TallyKey,
      ][],
    );
    if (absent.size === 0) return;
    const all = [...absent.values()];
    const { rows } = await this.client.query<Tally>({
      name: 'anomaly tallies',
      text: `${selectFrom(anomalyTallies)} JOIN unnest($1::text[], $2::uuid[], $3::uuid[], $4::text[])
        AS k(a, b, c, d) ON scope = k.a AND subject = k.b AND part = k.c AND period = k.d`,
      values: [
        all.map((k) => k.scope),
        all.map((k) => k.subject),
        all.map((k) => k.part),
        all.map((k) => k.period),
      ],
    });
    for (const row of rows) this.tallies.set(nameOf(row), row);
    for (const [name, key] of absent)
      if (!this.tallies.has(name))
        this.tallies.set(name, {
          ...key,
          count: 0,
          grams: 0,
          against: 0,
          firstAt: null,
          lastAt: null,
          flagged: null,
        });
  }

  /** Adds one to the row's count, and to its sums; gives the row after it. It must have been loaded. */
  add(
    scope: TallyScope,
    subject: string,
    part: string,
    period: string,
    more: { grams: number; against: number; at?: number; count?: 1 | -1 },
  ): Tally {
    const name = nameOf({ scope, subject, part, period });
    const row = this.tallies.get(name)!;
    row.count += more.count ?? 1;
    row.grams += more.grams;
    row.against += more.against;
    if (more.at !== undefined) {
      row.firstAt = Math.min(row.firstAt ?? more.at, more.at);
      row.lastAt = Math.max(row.lastAt ?? more.at, more.at);
    }
    this.touched.add(name);
    return row;
  }

  /** True once for each version of the rule: sums that stay beyond open no second case. */
  flag(row: Tally, version: number): boolean {
    if (row.flagged === version) return false;
    row.flagged = version;
    this.touched.add(nameOf(row));
    return true;
  }

  async loadEvidence(hashes: readonly string[]): Promise<void> {
    if (hashes.length === 0) return;
    const { rows } = await this.client.query<Evidence>({
      name: 'anomaly evidence',
      text: `${selectFrom(anomalyEvidence)} WHERE hash = ANY($1::text[])`,
      values: [hashes],
    });
    for (const { hash, seq } of rows) this.remember(hash, seq);
  }

  /** Weigh-ins before this one that showed the same photo. */
  earlierUses(hash: string, seq: number): number[] {
    return [...(this.evidence.get(hash) ?? [])].filter((earlier) => earlier < seq);
  }

  show(hash: string, personId: string | null, seq: number): void {
    this.remember(hash, seq);
    this.shown.push({ hash, personId: personId ?? NIL, seq });
  }

  private remember(hash: string, seq: number): void {
    if (!this.evidence.has(hash)) this.evidence.set(hash, new Set());
    this.evidence.get(hash)!.add(seq);
  }

  find(pending: Pending): void {
    this.found.push(pending);
  }

  /** Writes what is remembered; with `findings`, also what was found. Gives how many those are. */
  async save(findings: boolean): Promise<number> {
    const rows = [...this.touched].map((name) => this.tallies.get(name)!);
    await saveRows(this.client, anomalyTallies, rows, 'scope, subject, part, period');
    await saveRows(this.client, anomalyEvidence, this.shown);
    if (!findings) return 0;
    await saveRows(this.client, anomalyPending, this.found);
    return this.found.length;
  }
}
