import fc from 'fast-check';
import t from 'tap';
import {
  assertBalance,
  assertPollutantsApart,
  assertStep,
  maxYieldBasisPoints,
  normsMet,
  type Part,
  runMarks,
} from '../../src/processing/processing.ts';
import { batchCode, CODE_BYTES, oneKind } from '../../src/resale/resale.ts';

const part = (kind: string, grams: number): Part => {
  const [material, form] = kind.split(' ') as [string, string];
  return { material, form, grams };
};
const norm = (step: string, material: string, minBasisPoints: number, maxBasisPoints: number) => ({
  step,
  material,
  minBasisPoints,
  maxBasisPoints,
});

const lost = (grams: number) => [{ kind: 'evaporated', grams }];

t.test('S1: inputs are outputs and losses, to the gram', async (t) => {
  const outputs = [part('pet bottle', 9_100), part('pp rigid', 780), part('residue mixed', 1_120)];
  t.doesNotThrow(() => assertBalance([part('pet bottle', 11_640)], outputs, lost(640)));
  t.doesNotThrow(() =>
    assertBalance(
      [part('pet bottle', 9_100)],
      [part('pet flake', 7_550), part('sludge mixed', 830)],
      lost(720),
    ),
  );
});

t.test('when a gram is made or vanishes, then the answer names the three sums', async (t) => {
  for (const out of [9_999, 10_001])
    t.throws(() => assertBalance([{ grams: 12_000 }], [{ grams: out }], [{ grams: 2_000 }]), {
      kind: 'unprocessable',
      code: 'out_of_balance',
      message: new RegExp(`12000 g, outputs ${out} g and losses 2000 g`),
      errors: [{ pointer: '/inputs' }, { pointer: '/outputs' }, { pointer: '/losses' }],
    });
  const max = Number.MAX_SAFE_INTEGER;
  t.throws(
    () => assertBalance([{ grams: max }, { grams: max }], [{ grams: max }, { grams: max - 1 }], []),
    {
      code: 'out_of_balance',
    },
    'also where a float no longer tells the difference',
  );
});

t.test('given norms of 65 to 80 % for wash-pelletise', async (t) => {
  const norms = [
    norm('wash-pelletise', 'pet', 6_500, 8_000),
    norm('wash', 'pet', 6_500, 8_000),
    norm('blend', 'pet', 9_000, 10_000),
  ];
  const marks = (step: string, lineClean: boolean, inputs: Part[], outputs: Part[]) =>
    runMarks(step, lineClean, normsMet(norms, step, inputs, outputs));
  t.test(
    'S8: when 10,000 kg of bales give 9,600 kg of pellets, then the run is marked, and at most 80 % count',
    async (t) => {
      const [inputs, outputs] = [[part('pet bale', 10_000_000)], [part('pet pellet', 9_600_000)]];
      t.same(marks('wash-pelletise', false, inputs, outputs), ['yield-above-range', 'no-line-clean']);
      t.equal(
        maxYieldBasisPoints(normsMet(norms, 'wash-pelletise', inputs, outputs), inputs, outputs),
        8_000,
      );
    },
  );
  t.test('S8: when its honest twin washes 72 % and blends, then no yield is doubted', async (t) => {
    t.same(
      marks(
        'wash',
        true,
        [part('pet bale', 10_000_000)],
        [part('pet flake', 7_200_000), part('sludge mixed', 900_000)],
      ),
      [],
    );
    t.same(
      marks(
        'blend',
        true,
        [part('pet flake', 7_200_000), part('pet pellet', 2_400_000)],
        [part('pet pellet', 9_600_000)],
      ),
      [],
    );
  });
  t.test('when the yield equals a limit, then it is within; a gram beyond is not', async (t) => {
    const yielding = (grams: number) =>
      marks('wash', true, [part('pet bale', 10_000)], [part('pet flake', grams)]);
    t.same([6_500, 8_000, 6_499, 8_001].map(yielding), [
      [],
      [],
      ['yield-below-range'],
      ['yield-above-range'],
    ]);
  });
  t.test('when another step or material is run, then they say nothing', async (t) => {
    t.same(normsMet(norms, 'shred', [part('pet bale', 9)], [part('pet flake', 9)]), []);
    t.same(normsMet(norms, 'wash', [part('pp bale', 9)], [part('pp flake', 9)]), []);
    t.equal(maxYieldBasisPoints([], [part('pp bale', 9)], [part('pp flake', 9)]), null);
  });
});

t.test('a polymer sorted out of a mixture is held against the mixture', async (t) => {
  const norms = [norm('sort', 'pet', 2_000, 4_000), norm('sort', 'mixed-plastic', 5_000, 9_000)];
  const inputs = [part('mixed-plastic mixed', 1_000)];
  const outputs = [part('pet bottle', 500), part('pp rigid', 300), part('residue mixed', 200)];
  t.match(normsMet(norms, 'sort', inputs, outputs), [
    { material: 'pet', inputGrams: 1_000, outputGrams: 500 },
    { material: 'mixed-plastic', inputGrams: 1_000, outputGrams: 800 },
  ]);
  t.same(runMarks('sort', false, normsMet(norms, 'sort', inputs, outputs)), ['yield-above-range']);
});

t.test('a polymer out of another has nothing it can come from', async (t) => {
  const met = normsMet(
    [norm('wash', 'pet', 0, 10_000)],
    'wash',
    [part('pp bale', 100)],
    [part('pet flake', 1), part('pp flake', 99)],
  );
  t.same(runMarks('wash', true, met), ['yield-above-range']);
});

t.test(
  'norms of several polymers together bound what may count, plastic without a norm counts as it came',
  async (t) => {
    const inputs = [part('pet bale', 50), part('pp bale', 50)];
    const outputs = [part('pet flake', 40), part('pp flake', 37)];
    const norms = [norm('wash', 'pet', 0, 8_000), norm('wash', 'pp', 0, 7_500)];
    t.equal(maxYieldBasisPoints(normsMet(norms, 'wash', inputs, outputs), inputs, outputs), 7_750);
    t.equal(
      maxYieldBasisPoints(normsMet(norms.slice(0, 1), 'wash', inputs, outputs), inputs, outputs),
      7_700,
    );
  },
);

t.test('only a step that passes a machine asks for a clean line', async (t) => {
  const asks = [
    'consolidate',
    'sort',
    'bale',
    'split',
    'wash',
    'shred',
    'pelletise',
    'wash-pelletise',
    'blend',
  ].filter((step) => runMarks(step, false, []).length > 0);
  t.same(asks, ['wash', 'shred', 'pelletise', 'wash-pelletise', 'blend']);
});

t.test('pollutants are treated by themselves', async (t) => {
  const [oil, water, pet] = [part('waste-oil liquid', 1), part('oily-water liquid', 1), part('pet flake', 1)];
  t.doesNotThrow(() => assertPollutantsApart([water], [oil]));
  t.doesNotThrow(() => assertPollutantsApart([pet], [pet]));
  t.throws(() => assertPollutantsApart([pet, oil], [pet]), {
    code: 'pollutant_in_plastic',
    errors: [{ pointer: '/inputs/1' }],
  });
  t.throws(() => assertPollutantsApart([oil], [pet]), {
    code: 'pollutant_in_plastic',
    errors: [{ pointer: '/outputs/0' }],
  });
});

t.test('a consolidation gives one lot of the same kind and loses nothing', async (t) => {
  const [pet, pp] = [part('pet bottle', 5), part('pp rigid', 5)];
  const mixed = part('mixed-plastic mixed', 10);
  t.doesNotThrow(() => assertStep('consolidate', [pet, pet], [part('pet bottle', 10)], []));
  t.doesNotThrow(() => assertStep('consolidate', [pet, pp], [mixed], []));
  t.throws(() => assertStep('consolidate', [pet, pet], [pet, pet], []), { code: 'one_output' });
  t.throws(
    () => assertStep('consolidate', [pet, pet], [part('pet bottle', 9)], [{ kind: 'spilled', grams: 1 }]),
    { code: 'no_losses' },
  );
  t.throws(() => assertStep('consolidate', [pp], [pet], []), { code: 'other_material' });
  t.throws(() => assertStep('consolidate', [pet, pp], [part('pet bottle', 10)], []), {
    code: 'other_material',
  });
  t.throws(() => assertStep('split', [pet], [part('pet flake', 5)], []), { code: 'other_form' });
  t.doesNotThrow(() => assertStep('shred', [pet], [part('pet flake', 5)], []));
});

t.test('a batch code is 16 characters without look-alikes and says all of its 80 bits', async (t) => {
  t.equal(batchCode(new Uint8Array(CODE_BYTES)), '0000000000000000');
  t.equal(batchCode(new Uint8Array(CODE_BYTES).fill(255)), 'ZZZZZZZZZZZZZZZZ');
  t.equal(batchCode(Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 33)), '0000000000000011');
  const bytes = fc.uint8Array({ minLength: CODE_BYTES, maxLength: CODE_BYTES });
  fc.assert(
    fc.property(bytes, bytes, (a, b) => {
      const [x, y] = [batchCode(a), batchCode(b)];
      return /^[0-9A-HJKMNP-TV-Z]{16}$/.test(x) && (x === y) === (Buffer.compare(a, b) === 0);
    }),
  );
});

t.test('a batch is of one material and form', async (t) => {
  t.same(oneKind([part('pet flake', 1), part('pet flake', 2)]), { material: 'pet', form: 'flake' });
  t.throws(() => oneKind([part('pet flake', 1), part('pet pellet', 2)]), {
    code: 'mixed_inputs',
    errors: [{ pointer: '/inputs/1/lotId' }],
  });
  t.throws(() => oneKind([part('pet flake', 1), part('pp flake', 2)]), { code: 'mixed_inputs' });
});
