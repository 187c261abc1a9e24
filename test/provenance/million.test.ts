import t from 'tap';
import {
  decodeVector,
  draw,
  encodeVector,
  giveBack,
  ShareError,
  type ShareVector,
  total,
} from '../../src/provenance/shares.ts';

const SOURCES = 1_000_000;

/** Sources of one gram to about twelve kilograms, in ledger order; the same every time. */
const lotOf = (count: number): ShareVector => ({
  keys: Float64Array.from({ length: count }, (_, i) => i * 128),
  grams: Float64Array.from({ length: count }, (_, i) => 1 + ((i * 7_919) % 12_007)),
});

/** What the rule says of each source, reckoned another way: by sorting, in whole numbers of any size. */
const byTheRule = ({ keys, grams }: ShareVector, d: number): Map<number, number> => {
  const [part, whole] = [BigInt(d), BigInt(grams.reduce((sum, g) => sum + g, 0))];
  const shares = Array.from(keys, (key, i) => {
    const product = BigInt(grams[i]!) * part;
    return { key, grams: Number(product / whole), over: Number(product % whole) };
  });
  const given = shares.reduce((sum, share) => sum + share.grams, 0);
  const largest = shares.toSorted((a, b) => b.over - a.over || a.key - b.key);
  for (const share of largest.slice(0, d - given)) share.grams++;
  return new Map(shares.filter((share) => share.grams > 0).map((share) => [share.key, share.grams]));
};

t.test('a lot of 10^6 sources is drawn, kept and put together again to the gram', async (t) => {
  const lot = lotOf(SOURCES);
  const whole = total(lot);
  const third = Math.floor(whole / 3);
  for (const d of [1, third, whole - 1]) {
    const { taken, rest } = draw(lot, d);
    t.equal(total(taken), d);
    t.equal(total(rest), whole - d);
    const again = giveBack(rest, taken);
    t.ok(Buffer.from(again.grams.buffer).equals(Buffer.from(lot.grams.buffer)), 'and takes it back');
    t.ok(Buffer.from(again.keys.buffer).equals(Buffer.from(lot.keys.buffer)));
  }
  const { taken } = draw(lot, third);
  const expected = byTheRule(lot, third);
  t.equal(taken.keys.length, expected.size);
  t.equal(
    taken.keys.findIndex((key, i) => expected.get(key) !== taken.grams[i]),
    -1,
    'every source gives what the rule says',
  );
  const bytes = encodeVector(lot);
  t.comment(`${SOURCES} sources are ${bytes.length} bytes`);
  t.same(encodeVector(decodeVector(bytes)), bytes);
  t.throws(
    () => decodeVector(bytes.subarray(0, -1)),
    new ShareError('truncated', 'the bytes end within a number or before it'),
  );
});
