import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import t, { type Test } from 'tap';
import table from '../../openapi/contains-1.json' with { type: 'json' };
import { containsOf } from '../../src/provenance/contains.ts';
import {
  containsV1,
  decodeVector,
  draw,
  emptyVector,
  encodeVector,
  giveBack,
  groupGrams,
  merge,
  mergeAll,
  runDraws,
  ShareError,
  type ShareVector,
  type SourceKey,
  sourceKey,
  sourcePlace,
  sourceSeq,
  total,
  vectorOf,
} from '../../src/provenance/shares.ts';
import { replay, type Vector } from './replay-vector.ts';

const MAX = Number.MAX_SAFE_INTEGER;
const MATERIALS =
  'pet pe-hd pe-ld pvc pp ps pa6 abs pur other-plastic mixed-plastic mixed-debris rubber textile metal glass wood organic sand residue sludge oily-water sewage waste-oil lead-acid-battery hazardous-other'.split(
    ' ',
  );
const FORMS = 'bottle rigid fishing-net rope foam film mixed bale flake pellet yarn product liquid'.split(
  ' ',
);

const entriesOf = (v: ShareVector): [SourceKey, number][] =>
  Array.from(v.keys, (key, k) => [key, v.grams[k]!]);

/** The entries as far as their sum fits a vector. */
function fitting(entries: [SourceKey, number][]): [SourceKey, number][] {
  let sum = 0;
  return entries.filter(([, grams]) => {
    if (grams > MAX - sum) return false;
    sum += grams;
    return true;
  });
}

const keys = fc.oneof(fc.integer({ min: 0, max: 2000 }), fc.integer({ min: 0, max: MAX }));
const grams = fc.oneof(
  fc.integer({ min: 1, max: 9 }),
  fc.integer({ min: 1, max: 2 ** 32 }),
  fc.integer({ min: 1, max: MAX }),
  fc.integer({ min: MAX - 9, max: MAX }),
);
const vectors = fc
  .uniqueArray(fc.tuple(keys, grams), { maxLength: 40, selector: ([key]) => key })
  .map((entries) => vectorOf(fitting(entries)));
/** Enough sources for the fine search for the largest remainders, few values so that they tie. */
const longVectors = fc
  .tuple(
    fc.array(fc.oneof(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 2 ** 40 })), {
      minLength: 256,
      maxLength: 700,
    }),
    fc.integer({ min: 1, max: 10 }),
  )
  .map(([shares, gap]) => vectorOf(shares.map((share, k) => [k * gap, share])));

/** Shares and draws whose products lie on both sides of 2^53. */
const nearRoot = fc.integer({ min: 94906266 - 99, max: 94906266 + 99 });
const drawsAtTheEdge = fc
  .tuple(fc.array(nearRoot, { minLength: 3, maxLength: 5 }), nearRoot)
  .map(([shares, d]): [ShareVector, number] => [vectorOf(shares.map((share, k) => [k, share])), d]);
/** Remainders so close together that many are neighbours. */
const denseVectors = fc
  .array(fc.integer({ min: 1, max: 60 }), { minLength: 5, maxLength: 40 })
  .map((shares) => vectorOf(shares.map((share, k) => [k, share])));

/** A vector and a draw it can bear: anywhere, or within a few grams of nothing or all. */
const drawsOf = (of: fc.Arbitrary<ShareVector>) =>
  of.chain((v) => {
    const whole = total(v);
    const near = Math.min(9, whole);
    return fc.tuple(
      fc.constant(v),
      fc.oneof(
        fc.integer({ min: 0, max: whole }),
        fc.integer({ min: 0, max: near }),
        fc.integer({ min: whole - near, max: whole }),
      ),
    );
  });
const draws = fc.oneof(drawsOf(vectors), drawsOf(longVectors), drawsOf(denseVectors), drawsAtTheEdge);

/** The rule, said once more in integers without limit and by sorting. */
function referenceDraw(v: ShareVector, d: number): [SourceKey, number][] {
  const parts = entriesOf(v).map(([key, r]) => ({ key, product: BigInt(r) * BigInt(d), one: 0n }));
  const whole = parts.length === 0 ? 1n : v.grams.reduce((sum, r) => sum + BigInt(r), 0n);
  const over = parts.reduce((left, part) => left - part.product / whole, BigInt(d));
  const byRemainder = [...parts].sort((a, b) => {
    const difference = (b.product % whole) - (a.product % whole);
    return difference === 0n ? a.key - b.key : difference > 0n ? 1 : -1;
  });
  for (const part of byRemainder.slice(0, Number(over))) part.one = 1n;
  return parts
    .map(({ key, product, one }): [SourceKey, number] => [key, Number(product / whole + one)])
    .filter(([, share]) => share > 0);
}

/** A property with its counter-example, made small, as one assertion. */
function holds<T>(t: Test, property: fc.IProperty<T>, options: fc.Parameters<T> = {}): void {
  t.doesNotThrow(() => fc.assert(property, options));
}

const faultOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (error instanceof ShareError) return error.fault;
    throw error;
  }
  return 'none';
};

t.test('the vectors', async (t) => {
  const folder = new URL('../vectors/shares/', import.meta.url);
  const read = (kind: string) =>
    readdirSync(new URL(kind, folder)).map((name): { name: string; vector: Vector } => ({
      name: name.replace('.json', ' ').replaceAll('-', ' '),
      vector: JSON.parse(readFileSync(new URL(`${kind}/${name}`, folder), 'utf8')),
    }));
  const valid = read('valid');
  const invalid = read('invalid');
  t.ok(valid.length > 25 && invalid.length > 25, 'are all there');
  for (const { name, vector } of valid) t.test(`hold: ${name}`, async (t) => replay(t, vector));
  for (const { name, vector } of invalid)
    t.test(`are refused: ${name}`, async (t) => {
      t.type(vector.fault, 'string');
      t.equal(
        faultOf(() => replay(t, vector)),
        vector.fault,
        vector.why,
      );
    });
});

t.test('the worked example of the rule comes out column by column', async (t) => {
  const lot = vectorOf([
    [sourceKey(1, 0), 500],
    [sourceKey(2, 0), 300],
    [sourceKey(3, 0), 200],
  ]);
  const first = draw(lot, 333);
  const second = draw(first.rest, 333);
  const third = draw(second.rest, 334);
  t.strictSame([...first.taken.grams], [166, 100, 67]);
  t.strictSame([...second.taken.grams], [167, 100, 66]);
  t.strictSame([...third.taken.grams], [167, 100, 67]);
  t.strictSame(third.rest, emptyVector);
  t.strictSame(entriesOf(mergeAll([third.taken, first.taken, second.taken])), entriesOf(lot));
});

t.test('a source key holds its position and place, and orders by them', async (t) => {
  const seqs = fc.integer({ min: 0, max: 2 ** 46 - 1 });
  const places = fc.integer({ min: 0, max: 127 });
  holds(
    t,
    fc.property(seqs, places, seqs, places, (seq, place, otherSeq, otherPlace) => {
      const key = sourceKey(seq, place);
      const order = Math.sign(seq - otherSeq || place - otherPlace);
      return (
        sourceSeq(key) === seq &&
        sourcePlace(key) === place &&
        Math.sign(key - sourceKey(otherSeq, otherPlace)) === order
      );
    }),
  );
});

t.test('a draw is what the rule says in unlimited integers', async (t) => {
  holds(
    t,
    fc.property(draws, ([v, d]) => {
      const { taken } = draw(v, d);
      const expected = referenceDraw(v, d);
      return (
        taken.keys.length === expected.length &&
        expected.every(([key, share], k) => taken.keys[k] === key && taken.grams[k] === share)
      );
    }),
    { numRuns: 4000 },
  );
});

t.test('a draw takes from every source its exact part, within less than a gram', async (t) => {
  holds(
    t,
    fc.property(draws, ([v, d]) => {
      const { taken, rest } = draw(v, d);
      const got = new Map(entriesOf(taken));
      const left = new Map(entriesOf(rest));
      const whole = BigInt(total(v));
      return (
        total(taken) === d &&
        entriesOf(v).every(([key, r]) => {
          const q = got.get(key) ?? 0;
          const error = BigInt(q) * whole - BigInt(r) * BigInt(d);
          return q + (left.get(key) ?? 0) === r && q <= r && error < whole && -error < whole;
        })
      );
    }),
    { numRuns: 500 },
  );
});

t.test('a draw of everything empties the lot, and a draw of nothing leaves it', async (t) => {
  holds(
    t,
    fc.property(vectors, (v) => {
      assert.deepStrictEqual(draw(v, total(v)), { taken: v, rest: emptyVector });
      assert.deepStrictEqual(draw(v, 0), { taken: emptyVector, rest: v });
    }),
  );
});

t.test('whatever is merged, drawn and returned, every source keeps its grams', async (t) => {
  const steps = fc.array(
    fc.record({
      kind: fc.constantFrom('draw', 'draw', 'merge', 'return', 'run'),
      lot: fc.nat(),
      other: fc.nat(),
      part: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
    { maxLength: 40 },
  );
  holds(
    t,
    fc.property(vectors, steps, (start, todo) => {
      const lots = [start];
      const voidable: { from: number; part: number }[] = [];
      for (const { kind, lot, other, part } of todo) {
        const a = lot % lots.length;
        const b = other % lots.length;
        const d = Math.floor(total(lots[a]!) * part);
        if (kind === 'draw') {
          const { taken, rest } = draw(lots[a]!, d);
          lots[a] = rest;
          voidable.push({ from: a, part: lots.push(taken) - 1 });
        } else if (kind === 'merge' && a !== b) {
          lots[a] = merge(lots[a]!, lots[b]!);
          lots[b] = emptyVector;
        } else if (kind === 'return' && voidable.length > 0) {
          const { from, part } = voidable[lot % voidable.length]!;
          if (from === part) continue;
          lots[from] = giveBack(lots[from]!, lots[part]!);
          lots[part] = emptyVector;
        } else if (kind === 'run' && a !== b) {
          const whole = total(lots[a]!) + total(lots[b]!);
          const first = Math.floor(whole * part);
          const outputs = [{ material: 'pet', form: 'flake', grams: first }];
          const kindOf = (key: SourceKey) => ({ material: key % 2 ? 'pet' : 'pa6', form: 'mixed' });
          const losses = [{ grams: whole - first }];
          const run = runDraws([lots[a]!, lots[b]!], outputs, losses, kindOf, containsV1);
          lots[a] = run.outputs[0]!.vector;
          lots[b] = run.losses[0]!;
        }
        assert.deepStrictEqual(mergeAll(lots), start);
      }
    }),
    { numRuns: 200 },
  );
});

t.test(
  'the vector of a set of entries does not depend on their order, nor on zeros and repeats',
  async (t) => {
    holds(
      t,
      fc.property(vectors, fc.infiniteStream(fc.nat()), (v, numbers) => {
        const entries = entriesOf(v).flatMap(([key, share]): [SourceKey, number][] => [
          [key, 1],
          [key, share - 1],
        ]);
        const shuffled = entries
          .map((entry) => ({ entry, at: numbers.next().value }))
          .sort((a, b) => a.at - b.at)
          .map(({ entry }) => entry);
        assert.deepStrictEqual(vectorOf(shuffled), v);
      }),
    );
  },
);

t.test(
  'a run divides its inputs to the gram, and estimates only what could not be in any that was left',
  async (t) => {
    const kindOf = (key: SourceKey) => ({
      material: MATERIALS[key % 9]!,
      form: FORMS[Math.floor(key / 9) % FORMS.length]!,
    });
    const cuts = fc.array(
      fc.record({
        material: fc.constantFrom(...MATERIALS),
        form: fc.constantFrom(...FORMS),
        part: fc.double({ min: 0, max: 1, noNaN: true }),
      }),
      { maxLength: 6 },
    );
    holds(
      t,
      fc.property(fc.array(vectors, { maxLength: 3 }), cuts, (inputs, cuts) => {
        fc.pre(inputs.reduce((sum, v) => sum + BigInt(total(v)), 0n) <= BigInt(MAX));
        let left = total(mergeAll(inputs));
        const outputs = cuts.map(({ part, ...kind }) => {
          const share = Math.floor(left * part);
          left -= share;
          return { ...kind, grams: share };
        });
        const run = runDraws(inputs, outputs, [{ grams: left }], kindOf, containsV1);
        let pool = mergeAll([...run.outputs.map((output) => output.vector), ...run.losses]);
        assert.deepStrictEqual(pool, mergeAll(inputs));
        run.outputs.forEach(({ vector, estimatedGrams }, k) => {
          const canOf = (v: ShareVector) =>
            groupGrams(v, (key) => (containsV1(kindOf(key), outputs[k]!) ? 'can' : 'cannot'));
          assert.equal(total(vector), outputs[k]!.grams);
          assert.equal(canOf(vector).get('cannot') ?? 0, estimatedGrams);
          if (estimatedGrams > 0) assert.equal(canOf(vector).get('can') ?? 0, canOf(pool).get('can') ?? 0);
          const drawn = new Map(entriesOf(vector));
          pool = vectorOf(entriesOf(pool).map(([key, share]) => [key, share - (drawn.get(key) ?? 0)]));
        });
      }),
      { numRuns: 300 },
    );
  },
);

t.test('groups add up to the whole', async (t) => {
  holds(
    t,
    fc.property(vectors, fc.integer({ min: 1, max: 5 }), (v, groups) => {
      const byClass = groupGrams(v, (key) => `class ${key % groups}`);
      return [...byClass.values()].reduce((sum, share) => sum + share, 0) === total(v);
    }),
  );
});

t.test('a vector comes back from its bytes, and no other bytes make one', async (t) => {
  holds(
    t,
    fc.property(vectors, (v) => assert.deepStrictEqual(decodeVector(encodeVector(v)), v)),
  );
  const smallBytes = fc.array(fc.oneof(fc.constantFrom(0, 1, 2, 127, 128, 255), fc.nat(255)), {
    maxLength: 12,
  });
  holds(
    t,
    fc.property(smallBytes, (tail) => {
      const bytes = Uint8Array.from([1, ...tail]);
      let decoded: ShareVector;
      try {
        decoded = decodeVector(bytes);
      } catch (error) {
        return error instanceof ShareError;
      }
      return Buffer.compare(encodeVector(decoded), bytes) === 0;
    }),
    { numRuns: 5000 },
  );
  holds(
    t,
    fc.property(vectors, fc.nat(), (v, at) => {
      const bytes = encodeVector(v);
      const cut = bytes.slice(0, at % bytes.length);
      return faultOf(() => decodeVector(cut)) !== 'none';
    }),
  );
});

t.test('the table of what contains what', async (t) => {
  const codes = (side: 'materials' | 'forms') =>
    table.rules
      .flatMap((rule) => [...rule.source[side], ...rule.output[side]])
      .map((entry) => entry.replace('!', ''));
  const kinds = MATERIALS.flatMap((material) => FORMS.map((form) => ({ material, form })));
  const polluting = new Set(table.groups.pollutant);
  const clinging = new Set(table.groups.clinging);

  t.equal(table.rule, 'shares.v1');
  t.strictSame(
    [...codes('materials'), ...Object.values(table.groups).flat()].filter(
      (code) => !code.startsWith('@') && !MATERIALS.includes(code),
    ),
    [],
    'names only materials of the vocabulary',
  );
  t.strictSame(
    codes('forms').filter((code) => code !== '@any' && !FORMS.includes(code)),
    [],
    'names only forms of the vocabulary',
  );
  t.strictSame(
    kinds.filter((kind) => !FORMS.every((form) => containsV1(kind, { material: kind.material, form }))),
    [],
    'lets every material contain itself in every form',
  );
  t.strictSame(
    kinds.filter(
      (kind) =>
        !['residue', 'sludge', 'sand', 'organic'].every((material) =>
          containsV1(kind, { material, form: 'mixed' }),
        ),
    ),
    [],
    'lets everything bring sand, growth and residue',
  );
  const crossings = kinds.flatMap((source) =>
    kinds
      .filter((output) => !clinging.has(output.material))
      .filter((output) => polluting.has(source.material) !== polluting.has(output.material))
      .filter((output) => containsV1(source, output)),
  );
  t.strictSame(crossings, [], 'keeps pollutants and everything else apart');
  t.throws(
    () =>
      containsOf({
        groups: {},
        rules: [
          { name: 'r', source: { materials: ['@x'], forms: [] }, output: { materials: [], forms: [] } },
        ],
      }),
    RangeError,
    'is refused with a group it does not define',
  );
});
