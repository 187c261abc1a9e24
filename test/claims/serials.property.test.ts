import fc from 'fast-check';
import t from 'tap';
import * as facts from '../../src/claims/claims.facts.ts';
import { type Claim, claims, gramBooks, productClaims } from '../../src/claims/claims.tables.ts';
import { bookOf, bucketOf } from '../../src/claims/gram-book.ts';
import { cut, freeOf, gramsIn, joined, type Range, without } from '../../src/claims/serials.ts';
import { partOf } from '../../src/claims/standing.ts';
import { World } from '../../src/ledger/world.ts';

const SIZE = 60;
/** As a set of grams, which nobody can get wrong. */
const setOf = (ranges: readonly Range[]): Set<number> =>
  new Set(ranges.flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, i) => first + i)));
const rangesOf = (grams: Iterable<number>): Range[] =>
  [...grams].sort((a, b) => a - b).reduce<Range[]>((found, gram) => joined(found, [[gram, gram]]), []);
const grams = fc.uniqueArray(fc.integer({ min: 1, max: SIZE }));

t.test('ranges behave as the sets of grams they stand for', async (t) => {
  fc.assert(
    fc.property(grams, grams, fc.nat(SIZE), (a, b, n) => {
      const [one, other] = [rangesOf(a), rangesOf(b.filter((gram) => !a.includes(gram)))];
      const both = joined(one, other);
      const { taken, left } = cut(both, n);
      const wanted = [...setOf(both)].sort((x, y) => x - y).slice(0, n);
      return (
        both.every(([first, last], i) => first <= last && (i === 0 || both[i - 1]![1] + 1 < first)) &&
        gramsIn(both) === setOf(both).size &&
        JSON.stringify(without(both, one)) === JSON.stringify(other) &&
        JSON.stringify(rangesOf(wanted)) === JSON.stringify(taken) &&
        gramsIn(left) === gramsIn(both) - taken.reduce((sum, [f, l]) => sum + l - f + 1, 0) &&
        gramsIn(freeOf(SIZE, both)) === SIZE - gramsIn(both)
      );
    }),
    { numRuns: 1_000 },
  );
  t.throws(() => joined([[1, 5]], [[5, 9]]), /taken already/, 'no gram twice');
});

const SALE = 'a sale';
type Step = { what: string; which: number; grams: number };
const step = fc.record({
  what: fc.constantFrom(
    'reserve',
    ...(['issue', 'issue', 'issue'] as const),
    'transfer',
    'retire',
    'cancel',
    'recall',
    'freeze',
    'thaw',
    'carry',
  ),
  which: fc.nat(6),
  grams: fc.integer({ min: 1, max: 8 }),
});

/** A world in which everything that is asked for is known, as the door would have loaded it. */
class Loaded extends World {
  override get<Row>(table: Parameters<World['get']>[0], id: string): Row | undefined {
    if (!this.has(table, id)) this.load(table as never, [id], []);
    return super.get(table, id) as Row | undefined;
  }
}

/** What a fact does, of those the door could let through; ids are counted. */
const play = (steps: readonly Step[]) => {
  const world = new Loaded();
  const ids: string[] = [];
  let seq = 0;
  const newId = () => {
    ids.push(`claim ${ids.length}`);
    return ids.at(-1)!;
  };
  // biome-ignore lint/suspicious/noExplicitAny: facts of several shapes
  const write = (type: { apply: any }, data: object, more: object = {}): void => {
    type.apply(world, { seq: ++seq, at: seq, type: '', actor: '', data, private: more, people: [] });
  };
  for (const { what, which, grams: wanted } of steps) {
    const claim = ids.length === 0 ? undefined : world.get<Claim>(claims as never, ids[which % ids.length]!);
    if (what === 'reserve') {
      const { taken: ranges } = cut(freeOf(SIZE, bookOf(world, SALE).used), wanted);
      if (ranges.length === 0) continue;
      const data = { claimId: newId(), batchId: '', saleId: SALE, exclusionGroup: 'content' };
      const statements = [{ statementId: `s${which % 3}`, seq: 0 }];
      write(facts.claimReserved, { ...data, statements, grams: gramsIn(ranges), ranges, until: 0 });
      continue;
    }
    if (claim === undefined) continue;
    const { id: claimId, state } = claim;
    const open = state === 'issued' || state === 'transferred';
    const part = () => partOf(claim, Math.min(wanted, claim.grams), newId);
    if (what === 'issue' && state === 'reserved') write(facts.claimIssued, { claimId });
    if (what === 'transfer' && open) write(facts.claimTransferred, part(), { toId: 'b' });
    if (what === 'retire' && open)
      write(facts.claimRetired, { ...part(), named: false, text: {} }, { productId: claimId });
    if (what === 'cancel' && (open || state === 'reserved')) {
      const ended = state === 'reserved' ? 'released' : 'cancelled';
      write(facts.claimEnded, { ...part(), state: ended, cause: 'by-hand', frees: state === 'reserved' });
    }
    if (what === 'recall' && ['tradable', 'retired'].includes(bucketOf(claim) ?? ''))
      write(facts.claimEnded, { ...part(), state: 'recalled', cause: 'fewer-grams', frees: true });
    if (what === 'freeze' && (open || state === 'reserved'))
      write(facts.claimFrozen, { claimId, cause: 'x' });
    if (what === 'thaw' && state === 'frozen') write(facts.claimThawed, { claimId });
    if (what === 'carry' && !['recalled', 'cancelled', 'released'].includes(state))
      write(facts.claimCarried, { claimId, statements: [{ statementId: 's9', seq: 0 }] });
  }
  return { book: bookOf(world, SALE), all: ids.map((id) => world.get<Claim>(claims as never, id)!), world };
};

t.test(
  'tradable + retired + cancelled = issued, and no gram has two holders, whatever happens',
  async (t) => {
    let [ended, split] = [0, 0];
    fc.assert(
      fc.property(fc.array(step, { minLength: 10, maxLength: 80, size: 'max' }), (steps) => {
        const { book, all } = play(steps);
        const sum = (bucket: string) =>
          all.filter((c) => bucketOf(c) === bucket).reduce((total, c) => total + c.grams, 0);
        ended += all.filter(({ state }) => ['recalled', 'cancelled'].includes(state)).length;
        split += all.filter(({ splitFrom }) => splitFrom !== null).length;
        for (const bucket of ['reserved', 'tradable', 'retired', 'cancelled'] as const)
          if (book[bucket] !== sum(bucket))
            throw new Error(`${bucket}: ${book[bucket]} is not ${sum(bucket)}`);
        if (book.tradable + book.retired + book.cancelled !== book.issued)
          throw new Error('the sums do not hold');
        // Whoever is not recalled or released has his grams alone: joining them would throw.
        const standing = all.filter(({ state }) => state !== 'recalled' && state !== 'released');
        const used = standing.reduce<Range[]>((ranges, c) => joined(ranges, c.ranges), []);
        if (JSON.stringify(used) !== JSON.stringify(book.used)) throw new Error('other grams are used');
        if (gramsIn(used) > SIZE) throw new Error('more grams than there are');
        const named = Object.values(book.statements).reduce((a, b) => a + b, 0);
        if (named !== gramsIn(used)) throw new Error('statements and serials differ');
        for (const { grams: own, ranges } of all)
          if (gramsIn(ranges) !== own) throw new Error('a claim is not its serials');
        return true;
      }),
      { numRuns: 500 },
    );
    t.ok(ended > 100 && split > 100, `${ended} ended, ${split} split: something happened`);
    t.ok(gramBooks.replayed && productClaims.replayed, 'and replay holds the tables against the facts');
  },
);
