import type pg from 'pg';
import { idOfAccount } from '../accounts/book.ts';
import { accountsOf } from '../collection/earning.ts';
import type { Also } from '../distribution/follower.ts';
import { assertCommitted, forgetLeaves, keptLeaves, LEAVES_A_PART } from '../distribution/leaves.ts';
import {
  type Leaf,
  leavesOf,
  type PlanDeps,
  sealedVector,
  splitSaltOf,
  treeOf,
} from '../distribution/plan.ts';
import { sha256, toHex } from '../kernel/hash.ts';
import { keyedUuid } from '../kernel/ids.ts';
import { splitByWeight } from '../kernel/split.ts';
import type { AnyFact } from '../ledger/fact.ts';
import type { Door } from '../ledger/record.ts';
import { type Queryable, readFactsAt } from '../ledger/store.ts';
import { mergeAll, type ShareVector, vectorOf } from '../provenance/shares.ts';
import { FEWEST_PEOPLE } from '../provenance/summary.ts';
import { PROGRAMME } from '../registry/access.ts';
import { readGift } from './fund.queries.ts';
import type { FundGift, GiftBasis } from './fund.tables.ts';
import type { Committed } from './gifts.facts.ts';
import { giftOperations } from './gifts.operations.ts';

type Options = PlanDeps & { door: Door; programme: { operatorId: string; timeZone: string } };

/**
 * Weigh-ins of a period by pay grams, as they stand by now. undefined while the entry it was proposed at was not read yet.
 */
const periodVector = async (
  db: Queryable,
  { from, to, siteId, asOfSeq }: GiftBasis & { of: 'period' },
): Promise<ShareVector | undefined> => {
  const { rows: at } = await db.query<{ seq: number }>("SELECT seq FROM followers WHERE name = 'provenance'");
  if (at[0]!.seq <= asOfSeq) return undefined;
  const { rows } = await db.query<{ key: number; grams: number }>(
    `SELECT key, pay_grams AS grams FROM sources
     WHERE kind = 'weigh-in' AND day BETWEEN $1 AND $2 AND key < ($3::int8 + 1) * 128
       AND ($4::uuid IS NULL OR site_id = $4) AND pay_grams > 0 ORDER BY key`,
    [from, to, asOfSeq, siteId ?? null],
  );
  return vectorOf(rows.map(({ key, grams }) => [key, grams] as const));
};

/** The shares a gift goes by, over the sources that brought the grams; undefined until they are known. */
export const vectorFor = async (
  db: Queryable,
  basis: Exclude<GiftBasis, { of: 'shares' }>,
): Promise<ShareVector | undefined> => {
  if (basis.of === 'period') return periodVector(db, basis);
  const vectors: ShareVector[] = [];
  for (const batch of basis.batches) {
    const vector = await sealedVector(db, batch);
    if (vector === undefined) return undefined;
    vectors.push(vector);
  }
  return mergeAll(vectors);
};

/** By the shares that were handed in. What somebody erased since would get stays in the fund. */
const namedLeaves = async (options: Options, gift: FundGift): Promise<Leaf[]> => {
  const { pool, keyring } = options;
  const { people } = (await readFactsAt(pool, sha256, keyring, [gift.seq])).get(gift.seq)!.fact;
  const there = people.filter((person) => person !== null);
  if (there.length < people.length)
    throw new GiftLapses('somebody who was named was erased: the shares of the others are another decision');
  const amounts = splitByWeight(
    gift.amount,
    there.map(({ part }) => part.share as number),
  );
  return there.map(({ personId }, i) => {
    const at = { collectionId: '', siteId: '', currency: gift.currency };
    const { owed } = accountsOf({ personId, registered: true }, at);
    return { accountId: idOfAccount(keyring, owed), kind: owed.kind, amount: amounts[i]! };
  });
};

class GiftLapses extends Error {}

const leavesFor = async (options: Options, gift: FundGift, db: Queryable): Promise<Leaf[]> => {
  const basis = gift.basis!;
  if (basis.of === 'period')
    await db.query(
      "UPDATE fund_pending SET read_seq = (SELECT seq - 1 FROM followers WHERE name = 'provenance') WHERE seq = $1",
      [gift.seq],
    );
  const all =
    basis.of === 'shares'
      ? await namedLeaves(options, gift)
      : await vectorFor(db, basis).then((vector) => {
          if (vector === undefined) throw new Error(`the shares of the gift ${gift.seq} are not known yet`);
          if (vector.keys.length === 0) return [];
          return leavesOf(options, vector, gift.amount, gift.currency);
        });
  // What nobody brought, and what somebody erased would get, stays where it is.
  return all.filter(({ kind, amount }) => kind !== 'fund' && amount > 0);
};

/** The entry that the pay grams of a period were read as of. */
const readSeqOf = async (db: Queryable, seq: number): Promise<number> => {
  const { rows } = await db.query<{ readSeq: number | null }>(
    'SELECT read_seq AS "readSeq" FROM fund_pending WHERE seq = $1',
    [seq],
  );
  return rows[0]?.readSeq ?? 0;
};

/** What everybody may know of the basis, and needs to do the split again. */
const openBasis = (basis: GiftBasis, readSeq: number): Committed['basis'] => {
  if (basis.of === 'shares') return basis;
  if (basis.of === 'batches') return { of: 'batches', batches: basis.batches.map(({ seq }) => ({ seq })) };
  const { of, from, to, siteId, asOfSeq } = basis;
  return { of, from, to, ...(siteId === undefined ? {} : { siteId }), asOfSeq, readSeq };
};

const settleGift = async (options: Options, seq: number): Promise<void> => {
  const { pool, keyring, door, programme } = options;
  const { commit, credit, lapse } = giftOperations(keyring, programme);
  const gift = (await readGift(pool, { seq }))!;
  const record = <I>(operation: Parameters<Door['record']>[0], input: I, name: string) =>
    door.record(operation as never, input as never, PROGRAMME, {
      id: keyedUuid(keyring.idempotency, `fund gift ${seq} ${name}`),
      fingerprint: keyring.fingerprint(`fund gift ${seq} ${name}`),
    });
  const leaves = await keptLeaves(pool, 'fund_pending', seq, (db) =>
    leavesFor(options, gift, db).catch((error) => {
      if (error instanceof GiftLapses) return [];
      throw error;
    }),
  );
  if (leaves === undefined) return;
  const people = leaves.filter(({ kind }) => kind === 'payable').length;
  if (people < FEWEST_PEOPLE) await record(lapse, { giftId: gift.id }, 'lapse');
  else {
    const splitSalt = gift.splitSalt ?? splitSaltOf(keyring, seq);
    const { root, total, count } = treeOf(splitSalt, leaves);
    const parts = Math.ceil(leaves.length / LEAVES_A_PART);
    const basis = openBasis(gift.basis!, await readSeqOf(pool, seq));
    const made = { giftId: gift.id, splitSalt, basis, root: toHex(root), total, count, people, parts };
    if (gift.state === 'approved') await record(commit, made, 'commit');
    const committed = (await readGift(pool, { seq }))!;
    assertCommitted(leaves, { splitSalt: committed.splitSalt!, root: committed.root! });
    for (let part = committed.written!; part < parts; part++) {
      const credits = leaves.slice(part * LEAVES_A_PART, (part + 1) * LEAVES_A_PART);
      await record(credit, { giftId: gift.id, part, credits }, `part ${part}`);
    }
  }
  await forgetLeaves(pool, 'fund_pending', seq);
};

/** Notes approved gifts in money as the ledger is followed, and works each out, commits to it and credits it. */
export const fundGiftsSettled = (options: Options): Also => ({
  async note(client: pg.PoolClient, facts: readonly AnyFact[]) {
    const approved = facts.filter(
      ({ type, private: more }) => type === 'fund-gift.decided.v1' && more.state === 'approved',
    );
    if (approved.length === 0) return false;
    await client.query('INSERT INTO fund_pending (seq) SELECT unnest($1::int8[]) ON CONFLICT DO NOTHING', [
      approved.map(({ data }) => data.proposedSeq),
    ]);
    return true;
  },
  async settle() {
    const { rows } = await options.pool.query<{ seq: number }>('SELECT seq FROM fund_pending ORDER BY seq');
    for (const { seq } of rows) await settleGift(options, seq);
  },
});
