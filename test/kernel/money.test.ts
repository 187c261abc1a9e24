import t from 'tap';
import { inProportion } from '../../src/kernel/money.ts';
import { splitByWeight } from '../../src/kernel/split.ts';

const exact = (amount: number, of: number, per: number): number =>
  Number((2n * BigInt(amount) * BigInt(of) + BigInt(per)) / (2n * BigInt(per)));

/** Numbers of every length up to 2^53, the same each run. */
const numbers = (seed: number): (() => number) => {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    const bits = (state >> 8) % 53;
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor((state / 2 ** 31) * 2 ** bits);
  };
};

t.test('half up, exact on both sides of 2^53', async (t) => {
  const next = numbers(7);
  let beyond = 0;
  for (let i = 0; i < 20_000; i++) {
    const [amount, of, per] = [next(), next(), next() + 1];
    if (2 * amount * of + per > Number.MAX_SAFE_INTEGER) beyond++;
    if (inProportion(amount, of, per) !== exact(amount, of, per))
      t.fail(`${amount} × ${of} / ${per}: ${inProportion(amount, of, per)}, not ${exact(amount, of, per)}`);
  }
  t.ok(beyond > 2_000 && beyond < 18_000, `${beyond} of them pass 2^53 on the way`);
  t.equal(inProportion(1, 1, 2), 1, 'a half goes up');
  t.equal(inProportion(1, 1, 3), 0);
  t.equal(inProportion(-3, 1, 2), exact(-3, 1, 2), 'and below zero as ever');
});

t.test('a split over one is all of it, and refuses what any split refuses', async (t) => {
  t.same(splitByWeight(7, [3]), [7]);
  t.same(splitByWeight(0, [3]), [0]);
  t.same(splitByWeight(0, [0]), [0]);
  t.throws(() => splitByWeight(7, [0]), RangeError);
  t.throws(() => splitByWeight(-7, [3]), RangeError);
  t.throws(() => splitByWeight(1.5, [3]), RangeError);
});
