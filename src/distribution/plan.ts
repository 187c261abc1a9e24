import type pg from 'pg';
import { idOfAccount } from '../accounts/book.ts';
import { accountsOf } from '../collection/earning.ts';
import { hmacSha256, sha256, toHex } from '../kernel/hash.ts';
import { splitByWeight } from '../kernel/split.ts';
import type { AccountKind } from '../kernel/vocabulary.ts';
import type { AnyFact } from '../ledger/fact.ts';
import type { Keyring } from '../ledger/private-store.ts';
import { type Queryable, readFactsAt } from '../ledger/store.ts';
import { sumTree } from '../ledger/sum-tree.ts';
import { decodeVector, type ShareVector, sourceSeq } from '../provenance/shares.ts';
import { fundAccount } from './distribution.operations.ts';
import { type DistributionRule, splitKey } from './distribution.tables.ts';
import type { Bases, Money } from './split.ts';

export type PlanDeps = { pool: pg.Pool; keyring: Keyring; programme: { operatorId: string } };

/** Weigh-ins read at once. */
const FACTS_AT_ONCE = 500;

/** What stood of a batch's money in one currency after the fact `seq`: from the entries as they were made. */
export const moneyAt = async (
  db: Queryable,
  batchId: string,
  currency: string,
  seq: number,
): Promise<Money> => {
  const { rows } = await db.query<Money['sales'][number] & { saleId: string | null; costs: number }>(
    `SELECT e.sale_id AS "saleId", coalesce(s.total, 0)::int8 AS total, coalesce(s.grams, 0)::int8 AS grams,
       coalesce(sum(e.amount) FILTER (WHERE e.kind = 'cost'), 0)::int8 AS costs,
       coalesce(sum(e.amount) FILTER (WHERE e.kind = 'payment'), 0)::int8 AS received,
       coalesce(sum(e.amount) FILTER (WHERE e.kind = 'return'), 0)::int8 AS credited
     FROM batch_entries e LEFT JOIN batch_sales s ON s.id = e.sale_id
     WHERE e.batch_id = $1 AND e.currency = $2 AND e.seq <= $3
     GROUP BY e.sale_id, s.total, s.grams ORDER BY e.sale_id`,
    [batchId, currency, seq],
  );
  return {
    costs: rows.reduce((sum, { costs }) => sum + costs, 0),
    sales: rows
      .filter(({ saleId }) => saleId !== null)
      .map(({ total, grams, received, credited }) => ({ total, grams, received, credited })),
  };
};

/** The rule recorded last before the fact `seq`. */
export const ruleAt = async (db: Queryable, seq: number): Promise<DistributionRule | undefined> => {
  const { rows } = await db.query<DistributionRule>(
    `SELECT id, version, seq, last_seq AS "lastSeq", shares, hold_back AS "holdBack",
       vat_basis_points AS "vatBasisPoints", reference
     FROM distribution_rules WHERE seq < $1 ORDER BY seq DESC LIMIT 1`,
    [seq],
  );
  return rows[0];
};

export const sharedOf = async (db: Queryable, batchId: string, currency: string): Promise<Bases> => {
  const { rows } = await db.query<{ bases: Bases }>('SELECT bases FROM batch_splits WHERE id = $1', [
    splitKey(batchId, currency),
  ]);
  return rows[0]?.bases ?? {};
};

/** The grams of the batch by source, as they were when it was sealed; undefined until they were worked out. */
export const sealedVector = async (
  db: Queryable,
  { lotId, seq }: { lotId: string; seq: number },
): Promise<ShareVector | undefined> => {
  const { rows } = await db.query<{ vector: Buffer }>(
    'SELECT vector FROM lot_vectors WHERE lot_id = $1 AND seq = $2',
    [lotId, seq],
  );
  return rows[0] && decodeVector(rows[0].vector);
};

export type Leaf = { accountId: string; kind: AccountKind; amount: number };

/** Who of these people is known by now: nobody's money waits in suspense once they are registered. */
const statesOf = async (db: Queryable, ids: readonly string[]): Promise<Map<string, string>> => {
  const { rows } = await db.query<{ id: string; state: string }>(
    'SELECT id, state FROM collectors WHERE id = ANY($1::uuid[])',
    [[...ids]],
  );
  return new Map(rows.map(({ id, state }) => [id, state]));
};

/**
 * Splits the collectors' amount over the grams by source, then each source's part over those who brought it, by their
 * shares; both by largest remainder, ties to the earlier. Grams nobody brought (outside material, a surplus) and those of
 * people who were erased are the fund's; those of people nobody knows wait in suspense.
 */
export const leavesOf = async (
  { pool, keyring, programme }: PlanDeps,
  vector: ShareVector,
  amount: number,
  currency: string,
): Promise<Leaf[]> => {
  const amounts = splitByWeight(amount, Array.from(vector.grams));
  const sums = new Map<string, Leaf>();
  const give = (accountId: string, kind: AccountKind, part: number): void => {
    if (part === 0) return;
    const known = sums.get(accountId);
    if (known === undefined) sums.set(accountId, { accountId, kind, amount: part });
    else known.amount += part;
  };
  const fundId = idOfAccount(keyring, fundAccount(programme.operatorId, currency));
  for (let from = 0; from < vector.keys.length; from += FACTS_AT_ONCE) {
    const seqs = Array.from(vector.keys.subarray(from, from + FACTS_AT_ONCE), sourceSeq);
    const facts = await readFactsAt(pool, sha256, keyring, [...new Set(seqs)]);
    const read = [...facts.values()].map(({ fact }) => fact);
    const found = await foundSince(pool, read);
    const known = await statesOf(pool, [
      ...read.flatMap(namedIn),
      ...[...found.values()].filter((id) => id !== null),
    ]);
    for (const [i, seq] of seqs.entries()) {
      const { fact } = facts.get(seq)!;
      const part = amounts[from + i]!;
      if (fact.type !== 'collection.recorded.v1') give(fundId, 'fund', part);
      else
        for (const { ref, amount } of partiesOf(whose(fact, found), part, known, currency))
          if (ref === undefined) give(fundId, 'fund', amount);
          else give(idOfAccount(keyring, ref), ref.kind, amount);
    }
  }
  return [...sums.values()];
};

const namedIn = ({ people }: AnyFact): string[] =>
  people.flatMap((person) => (person === null ? [] : [person.personId]));

/** Who was found to have brought weigh-ins that named nobody, by lot; null where they were erased since. */
const foundSince = async (db: Queryable, facts: readonly AnyFact[]): Promise<Map<string, string | null>> => {
  const nameless = facts.filter(
    ({ type, people }) => type === 'collection.recorded.v1' && people.length === 0,
  );
  if (nameless.length === 0) return new Map();
  const { rows } = await db.query<{ lotId: string; personId: string | null }>(
    `SELECT n.lot_id AS "lotId", p.person_id AS "personId" FROM named_weigh_ins n
     JOIN lots l ON l.id = n.lot_id LEFT JOIN source_parties p ON p.key = l.seq * 128
     WHERE n.lot_id = ANY($1::uuid[])`,
    [nameless.map(({ data }) => data.lotId)],
  );
  return new Map(rows.map(({ lotId, personId }) => [lotId, personId]));
};

/** The weigh-in with whoever was found to have brought it. */
const whose = (fact: AnyFact, found: ReadonlyMap<string, string | null>): AnyFact => {
  const personId = found.get(fact.data.lotId);
  if (fact.people.length > 0 || personId === undefined) return fact;
  return { ...fact, people: [personId === null ? null : { personId, part: {} }] };
};

/** Who brought a weigh-in, and their parts; undefined stands for somebody who was erased. */
const partiesOf = (
  fact: AnyFact,
  amount: number,
  known: ReadonlyMap<string, string>,
  currency: string,
): { ref: ReturnType<typeof accountsOf>['owed'] | undefined; amount: number }[] => {
  const { people, private: more, data } = fact;
  const at = { collectionId: more.id, siteId: data.siteId, currency };
  if (people.length === 0)
    return [{ ref: accountsOf({ personId: null, registered: false }, at).owed, amount }];
  // The share of somebody erased is known where the weigh-in earned; else it counts as one.
  const shares = people.map((person, i) => person?.part.share ?? more.earned?.[i]?.share ?? 1) as number[];
  const parts = splitByWeight(amount, shares);
  return people.map((person, i) => {
    const state = person === null ? 'erased' : known.get(person.personId);
    if (person === null || state === 'erased') return { ref: undefined, amount: parts[i]! };
    const registered = state !== undefined && state !== 'unresolved';
    return { ref: accountsOf({ personId: person.personId, registered }, at).owed, amount: parts[i]! };
  });
};

/** Random to everybody without the key, and the same after a restart. Hex of 32 bytes. */
export const splitSaltOf = (keyring: Keyring, seq: number, of = ''): string =>
  toHex(hmacSha256(keyring.idempotency, `split salt ${of === '' ? '' : `${of} `}${seq}`));

export const treeOf = (splitSalt: string, leaves: readonly { accountId: string; amount: number }[]) =>
  sumTree(
    sha256,
    Buffer.from(splitSalt, 'hex'),
    leaves.map(({ accountId: id, amount }) => ({ id, amount })),
  );
