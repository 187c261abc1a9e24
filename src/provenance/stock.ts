import type pg from 'pg';
import { insertSteps, pipeline } from '../db/pipeline.ts';
import { UUID } from '../kernel/ids.ts';
import type { AnyFact } from '../ledger/fact.ts';
import { PLACES } from '../lots/sources.tables.ts';
import { type StockAccount, type StockKind, type StockPosting, stockAccounts } from '../lots/stock.tables.ts';

/** The fact that brings one lot in and touches no other. */
export const WEIGH_IN = 'collection.recorded.v1';

type Sums = { grams: number; claimableGrams: number; lots: number };
type Change = Sums & { seq: number; kind: StockKind };

/** A lot before and after a fact: where it stood, its grams, and what of them could be claimed. */
type LotChange = {
  id: string;
  material: string;
  form: string;
  originClass: string | null;
  siteBefore: string | null;
  siteAfter: string | null;
  gramsBefore: number;
  gramsAfter: number;
  claimableBefore: number;
  claimableAfter: number;
};

/**
 * What stands where, of what kind, after each fact. It adds up what facts do to lots, in ledger order, so it asks only
 * for what was so at the fact, never for a lot's present row: the door is ahead.
 */
export class Stock {
  private readonly client: pg.PoolClient;
  /** Where postings wait to be written. */
  private readonly rows: { readonly stock: StockPosting[] };
  private readonly changes: Change[] = [];

  constructor(client: pg.PoolClient, rows: { readonly stock: StockPosting[] }) {
    this.client = client;
    this.rows = rows;
  }

  weighIn({ seq, data }: AnyFact): void {
    const { siteId, material, form, originClass } = data;
    const sums = sumsOf(data.grossGrams - data.tareGrams, data.claimableGrams);
    if (sums.lots > 0) this.changes.push({ seq, kind: { siteId, material, form, originClass }, ...sums });
  }

  /** By place in `facts`: the lots a fact names. What it does to a lot it says of that lot. */
  async lotsNamedIn(facts: readonly AnyFact[]): Promise<string[][]> {
    const named = facts.map((fact) => (fact.type === WEIGH_IN ? [] : [...idsIn(fact)]));
    const ids = [...new Set(named.flat())];
    if (ids.length === 0) return named;
    const { rows } = await this.client.query<{ id: string }>({
      name: 'which are lots',
      text: 'SELECT id FROM lots WHERE id = ANY($1::uuid[])',
      values: [ids],
    });
    const lots = new Set(rows.map(({ id }) => id));
    return named.map((list) => list.filter((id) => lots.has(id)));
  }

  /**
   * What the fact did to these lots. Its vectors must be written.
   *
   * @param classesBefore origin classes it changed, as they were
   */
  async count(
    seq: number,
    lotIds: Iterable<string>,
    classesBefore: ReadonlyMap<string, string | null>,
  ): Promise<void> {
    const { rows } = await this.client.query<LotChange>({
      name: 'lots around a fact',
      text: LOTS_AROUND_A_FACT,
      values: [[...lotIds], seq],
    });
    for (const lot of rows) {
      const { material, form, originClass } = lot;
      const before = {
        material,
        form,
        originClass: classesBefore.has(lot.id) ? classesBefore.get(lot.id)! : originClass,
      };
      this.add(seq, lot.siteBefore, before, sumsOf(lot.gramsBefore, lot.claimableBefore), -1);
      this.add(
        seq,
        lot.siteAfter,
        { material, form, originClass },
        sumsOf(lot.gramsAfter, lot.claimableAfter),
        1,
      );
    }
  }

  private add(
    seq: number,
    siteId: string | null,
    kind: Omit<StockKind, 'siteId'>,
    { grams, claimableGrams, lots }: Sums,
    sign: 1 | -1,
  ): void {
    if (siteId === null || lots === 0) return;
    this.changes.push({
      seq,
      kind: { siteId, ...kind },
      grams: sign * grams,
      claimableGrams: sign * claimableGrams,
      lots: sign * lots,
    });
  }

  /** Turns the changes so far into balances: one posting for each fact and account it changed. */
  async post(): Promise<void> {
    const byAccount = new Map<string, Change[]>();
    for (const change of this.changes) {
      const { siteId, material, form, originClass } = change.kind;
      const name = `${siteId} ${material} ${form} ${originClass}`;
      const changes = byAccount.get(name);
      if (changes === undefined) byAccount.set(name, [change]);
      else changes.push(change);
    }
    this.changes.length = 0;
    const groups = [...byAccount.values()];
    const accounts = await this.accountsOf(groups.map(([first]) => first!.kind));
    for (const [i, changes] of groups.entries()) {
      const { id: accountId, ...last } = accounts[i]!;
      let posting: StockPosting = { accountId, seq: -1, ...last };
      let before = posting;
      const keep = (): void => {
        if (posting.seq >= 0 && !isSame(posting, before)) this.rows.stock.push(posting);
      };
      for (const { seq, grams, claimableGrams, lots } of changes) {
        if (seq !== posting.seq) {
          keep();
          before = posting;
        }
        posting = {
          accountId,
          seq,
          grams: posting.grams + grams,
          claimableGrams: posting.claimableGrams + claimableGrams,
          lots: posting.lots + lots,
        };
      }
      keep();
    }
  }

  /** The accounts of these kinds with their last balances, in the order asked; those that are new are opened. */
  private async accountsOf(kinds: readonly StockKind[]): Promise<(Sums & { id: number })[]> {
    if (kinds.length === 0) return [];
    const { rows } = await this.client.query<Sums & { i: number; id: number | null; next: number }>({
      name: 'stock accounts',
      text: STOCK_ACCOUNTS,
      values: [
        kinds.map((kind) => kind.siteId),
        kinds.map((kind) => kind.material),
        kinds.map((kind) => kind.form),
        kinds.map((kind) => kind.originClass),
      ],
    });
    let next = rows[0]!.next;
    const opened: StockAccount[] = [];
    const accounts = rows.map(({ i, id, next: _, ...sums }) => {
      if (id !== null) return { id, ...sums };
      opened.push({ id: next, ...kinds[i - 1]! });
      return { id: next++, ...sums };
    });
    if (opened.length > 0) await pipeline(this.client, insertSteps(stockAccounts, opened));
    return accounts;
  }
}

const idsIn = ({ data, private: more }: AnyFact): Set<string> => {
  const found = new Set<string>();
  const walk = (value: unknown): void => {
    if (typeof value === 'string') {
      if (UUID.test(value)) found.add(value);
    } else if (typeof value === 'object' && value !== null)
      for (const part of Object.values(value)) walk(part);
  };
  walk(data);
  walk(more);
  return found;
};

const sumsOf = (grams: number, claimableGrams: number): Sums =>
  grams > 0 ? { grams, claimableGrams, lots: 1 } : { grams: 0, claimableGrams: 0, lots: 0 };

const isSame = (a: Sums, b: Sums): boolean =>
  a.grams === b.grams && a.claimableGrams === b.claimableGrams && a.lots === b.lots;

/** Lots $1 just before and after the fact $2, in the order in which they were made. */
const LOTS_AROUND_A_FACT = `
  SELECT l.id, l.material, l.form, CASE WHEN o.key IS NULL THEN d.origin_class ELSE o.origin_class END AS "originClass",
    CASE WHEN m.seq = $2 THEN m.site_id ELSE a.site_id END AS "siteBefore", a.site_id AS "siteAfter",
    CASE WHEN p.seq = $2 THEN p.after - p.delta ELSE p.after END AS "gramsBefore", p.after AS "gramsAfter",
    coalesce(b.claimable_grams, o.claimable_grams, 0) AS "claimableBefore",
    coalesce(v.claimable_grams, b.claimable_grams, o.claimable_grams, 0) AS "claimableAfter"
  FROM lots l
  LEFT JOIN sources o ON o.key = l.seq * ${PLACES} + l.place
  LEFT JOIN lot_models d ON d.lot_id = l.id
  LEFT JOIN lot_places m ON m.lot_id = l.id AND m.seq = $2
  CROSS JOIN LATERAL (
    SELECT CASE WHEN n.lot_id IS NULL THEN l.site_id ELSE n.site_id END AS site_id FROM (SELECT) one
    LEFT JOIN (SELECT * FROM lot_places WHERE lot_id = l.id AND seq > $2 ORDER BY seq LIMIT 1) n ON true) a
  CROSS JOIN LATERAL (
    SELECT seq, delta, after FROM postings WHERE account = l.id AND seq <= $2 ORDER BY seq DESC LIMIT 1) p
  LEFT JOIN lot_vectors v ON v.lot_id = l.id AND v.seq = $2
  LEFT JOIN LATERAL (
    SELECT claimable_grams FROM lot_vectors WHERE lot_id = l.id AND seq < $2 ORDER BY seq DESC LIMIT 1) b ON true
  WHERE l.id = ANY($1::uuid[]) AND l.seq <= $2
  ORDER BY l.seq, l.place`;

/** Accounts by site $1, material $2, form $3 and origin class $4, with their last balances and the next free id. */
const STOCK_ACCOUNTS = `
  SELECT k.i::int4, a.id, coalesce(p.grams, 0) AS grams, coalesce(p.claimable_grams, 0) AS "claimableGrams",
    coalesce(p.lots, 0) AS lots, (SELECT coalesce(max(id) + 1, 0) FROM stock_accounts) AS next
  FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) WITH ORDINALITY
    AS k(site_id, material, form, origin_class, i)
  LEFT JOIN stock_accounts a ON a.site_id = k.site_id AND a.material = k.material AND a.form = k.form
    AND a.origin_class IS NOT DISTINCT FROM k.origin_class
  LEFT JOIN LATERAL (
    SELECT grams, claimable_grams, lots FROM stock_postings
    WHERE account_id = a.id ORDER BY seq DESC LIMIT 1) p ON true
  ORDER BY k.i`;
