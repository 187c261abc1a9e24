import type { Reader } from '../db/reader.ts';
import { sha256 } from '../kernel/hash.ts';
import { typeOf } from '../ledger/entry.ts';
import type { Caller } from '../ledger/fact.ts';
import type { Keyring } from '../ledger/private-store.ts';
import { type Queryable, readEntriesAt, readFactsAt } from '../ledger/store.ts';
import { hiddenPeople } from '../registry/people.queries.ts';
import type { Balance, Flow, Pack, PackWeighIn } from './pack.ts';

/** Entries read at one time. */
const BLOCK = 500;
/** More than anybody reads of one kind of line. */
export const MOST_LINES = 5_000;

type Span = { siteId: string; from: number; until: number };

/** What stood at the site before the entry `from`, and before the entry `until`, by kind. */
export const balancesAround = async (pool: Queryable, { siteId, from, until }: Span): Promise<Balance[]> => {
  const { rows } = await pool.query<Balance>(
    `SELECT a.material, a.form, sum(coalesce(o.grams, 0))::int8 AS opening, sum(coalesce(c.grams, 0))::int8 AS closing
     FROM stock_accounts a
     LEFT JOIN LATERAL (SELECT grams FROM stock_postings WHERE account_id = a.id AND seq < $2 ORDER BY seq DESC LIMIT 1) o ON true
     LEFT JOIN LATERAL (SELECT grams FROM stock_postings WHERE account_id = a.id AND seq < $3 ORDER BY seq DESC LIMIT 1) c ON true
     WHERE a.site_id = $1 GROUP BY a.material, a.form`,
    [siteId, from, until],
  );
  return rows.filter(({ opening, closing }) => opening !== 0 || closing !== 0);
};

/**
 * What each fact of the span did to lots while they stood at the site $1, from what was posted to them and where they stood.
 * Weigh-ins are taken together.
 */
const FLOWS = `
  WITH here AS (
    SELECT id FROM lots WHERE site_id = $1 UNION SELECT lot_id FROM lot_places WHERE site_id = $1
  ), events AS (
    SELECT h.id, p.seq FROM here h JOIN postings p ON p.account = h.id AND p.seq >= $2 AND p.seq < $3
    UNION SELECT h.id, m.seq FROM here h JOIN lot_places m ON m.lot_id = h.id AND m.seq >= $2 AND m.seq < $3
  ), deltas AS (
    SELECT CASE WHEN l.kind = 'weigh-in' AND l.seq = e.seq THEN NULL ELSE e.seq END AS seq, l.material, l.form,
      CASE WHEN a.site_id = $1 THEN p.after ELSE 0 END
      - CASE WHEN (CASE WHEN m.seq IS NULL THEN a.site_id ELSE m.site_id END) = $1
          THEN CASE WHEN p.seq = e.seq THEN p.after - p.delta ELSE p.after END ELSE 0 END AS grams
    FROM events e JOIN lots l ON l.id = e.id
    LEFT JOIN lot_places m ON m.lot_id = e.id AND m.seq = e.seq
    CROSS JOIN LATERAL (
      SELECT CASE WHEN n.lot_id IS NULL THEN l.site_id ELSE n.site_id END AS site_id FROM (SELECT) one
      LEFT JOIN (SELECT * FROM lot_places WHERE lot_id = l.id AND seq > e.seq ORDER BY seq LIMIT 1) n ON true) a
    CROSS JOIN LATERAL (
      SELECT seq, delta, after FROM postings WHERE account = l.id AND seq <= e.seq ORDER BY seq DESC LIMIT 1) p
  )
  SELECT seq, material, form, coalesce(sum(grams) FILTER (WHERE grams > 0), 0)::int8 AS up,
    coalesce(sum(grams) FILTER (WHERE grams < 0), 0)::int8 AS down, count(*)::int8 AS facts
  FROM deltas WHERE grams <> 0 GROUP BY seq, material, form`;

/** What facts of the span did to the stock of the site, by type of fact and kind. */
export const flowsAt = async (pool: Queryable, { siteId, from, until }: Span): Promise<Flow[]> => {
  const { rows } = await pool.query<Omit<Flow, 'type' | 'isWeighIn'> & { seq: number | null }>(FLOWS, [
    siteId,
    from,
    until,
  ]);
  const seqs = [...new Set(rows.flatMap(({ seq }) => seq ?? []))].sort((a, b) => a - b);
  const types = new Map<number, string>();
  for (let i = 0; i < seqs.length; i += BLOCK)
    for (const { seq, bytes } of await readEntriesAt(pool, seqs.slice(i, i + BLOCK)))
      types.set(seq, typeOf(bytes));
  const flows = new Map<string, Flow>();
  for (const { seq, material, form, up, down, facts } of rows) {
    const type = seq === null ? 'collection.recorded.v1' : types.get(seq)!;
    // A batch is sealed from lots of its own kind: what a fact only moves from lot to lot is no change of stock.
    const name = `${type} ${seq === null} ${material} ${form} ${Math.sign(up + down)}`;
    const flow = flows.get(name) ?? {
      type,
      isWeighIn: seq === null,
      material,
      form,
      up: 0,
      down: 0,
      facts: 0,
    };
    flow.up += up;
    flow.down += down;
    flow.facts += seq === null ? facts : 1;
    flows.set(name, flow);
  }
  return [...flows.values()].toSorted((a, b) => (a.type < b.type ? -1 : a.type > b.type ? 1 : 0));
};

/** What runs of the span say they lost, by kind, less what voids of the span took back. */
export const processLossesAt = async (
  pool: Queryable,
  { siteId, from, until }: Span,
): Promise<Pack['processLosses']> => {
  const { rows } = await pool.query<Pack['processLosses'][number]>(
    `SELECT l.kind, sum(sign * l.grams)::int8 AS grams FROM (
       SELECT losses, 1 AS sign FROM process_runs WHERE site_id = $1 AND seq >= $2 AND seq < $3
       UNION ALL
       SELECT losses, -1 FROM process_runs WHERE site_id = $1 AND state = 'voided' AND last_seq >= $2 AND last_seq < $3
     ) r CROSS JOIN LATERAL json_to_recordset(r.losses) AS l(kind text, grams int8)
     GROUP BY l.kind HAVING sum(sign * l.grams) <> 0 ORDER BY l.kind`,
    [siteId, from, until],
  );
  return rows;
};

type Lists = Pick<Pack, 'loads' | 'counts' | 'marks' | 'cases'>;

/** Loads received, counts, marks and cases of the span, oldest first; at most `MOST_LINES` of each. */
export const listsAt = async (pool: Queryable, { siteId, from, until }: Span): Promise<Lists> => {
  const list = async <Row>(text: string): Promise<Row[]> =>
    (
      await pool.query<Row & object>(`${text} AND seq >= $2 AND seq < $3 ORDER BY seq LIMIT ${MOST_LINES}`, [
        siteId,
        from,
        until,
      ])
    ).rows;
  return {
    loads: await list(
      `SELECT * FROM (SELECT s.id AS "shipmentId", s.from_site_id AS "fromSiteId", r.seq, s.booked_grams AS "bookedGrams",
         s.measured_grams AS "measuredGrams", s.loss_grams AS "lossGrams", s.surplus_grams AS "surplusGrams"
       FROM shipment_receipts r JOIN shipments s ON s.id = r.shipment_id
       WHERE r.site_id = $1 AND r.void_seq IS NULL) loads WHERE true`,
    ),
    counts: await list(
      `SELECT * FROM (SELECT c.id AS "countId", c.seq, i.material, i.form, i."bookedGrams", i."countedGrams"
       FROM stock_counts c CROSS JOIN LATERAL json_to_recordset(c.items)
         AS i(material text, form text, "bookedGrams" int8, "countedGrams" int8) WHERE c.site_id = $1) counts WHERE true`,
    ),
    marks: await list(
      `SELECT seq, code, subject_kind AS "subjectKind", subject_id AS "subjectId", state FROM marks WHERE site_id = $1`,
    ),
    cases: await list(
      `SELECT seq, id, kind, grams, loss_grams AS "lossGrams", state FROM cases WHERE site_ids::jsonb ? $1::text`,
    ),
  };
};

type Recorded = {
  day: string;
  material: string;
  form: string;
  grossGrams: number;
  tareGrams: number;
  marks: string[];
};

/** The weigh-ins drawn, with the hashes of their evidence, as far as the caller may see their people. */
export const weighInsAt = async (
  deps: { pool: Queryable; db: Reader; keyring: Keyring },
  caller: Caller,
  seqs: readonly number[],
): Promise<PackWeighIn[]> => {
  const found = await readFactsAt(deps.pool, sha256, deps.keyring, seqs);
  const facts = seqs.map((seq) => found.get(seq)!);
  const people = facts.flatMap(({ fact }) => fact.people.flatMap((person) => person?.personId ?? []));
  const hidden = await hiddenPeople(deps.db, caller, [...new Set(people)]);
  return facts.map(({ fact, leafHash }) => {
    const { day, material, form, grossGrams, tareGrams, marks } = fact.data as Recorded;
    const own = (fact.private.evidence as string[] | undefined) ?? [];
    const evidence = fact.people.flatMap((person): (string | null)[] =>
      person === null || hidden.has(person.personId)
        ? [null]
        : ((person.part.evidence as string[] | undefined) ?? []),
    );
    return {
      ...{ seq: fact.seq, leafHash, day, material, form, grossGrams, tareGrams, marks },
      evidence: [...new Set([...own, ...evidence])],
    };
  });
};
