import fc from 'fast-check';
import t from 'tap';
import {
  inServiceErrorGrams,
  readMeasurement,
  scaleErrorGrams,
  settleLoad,
  siteToleranceGrams,
  surplusOf,
  wayLossKind,
} from '../../src/custody/custody.ts';
import { drawOver } from '../../src/lots/draw.ts';
import { decisionLots, onePerson, profits, writtenOff } from '../../src/supervision/cases.ts';

const WEIGHBRIDGE = 20_000;

t.test(
  'a scale in service may err by 1 e up to 500 e, 2 e up to 2,000 e, 3 e above, equal included',
  async (t) => {
    const errors = [0, 1, 500, 501, 2_000, 2_001, 10_000].map((intervals) =>
      inServiceErrorGrams(10, intervals * 10),
    );
    t.same(errors, [10, 10, 10, 20, 20, 30, 30]);
    t.equal(inServiceErrorGrams(10, 5_001), 20, 'one gram above 500 e is above');
  },
);

t.test('the error of a net figure is that of gross and of tare', async (t) => {
  t.equal(scaleErrorGrams({ eGrams: WEIGHBRIDGE, readingsGrams: [8_120_000, 6_080_000] }), 40_000);
  t.equal(
    scaleErrorGrams({ eGrams: WEIGHBRIDGE, readingsGrams: [12_000_000, 6_080_000] }),
    60_000,
    '600 e and 304 e',
  );
});

t.test('a site tolerance is basis points of the booked grams, rounded down, exact beyond 2^53', async (t) => {
  t.equal(siteToleranceGrams(12_000, 500), 600);
  t.equal(siteToleranceGrams(1_999, 50), 9);
  t.equal(siteToleranceGrams(Number.MAX_SAFE_INTEGER, 10_000), Number.MAX_SAFE_INTEGER);
});

t.test('S1: given 12,000 g and 5 %, when 11,640 g arrive, then 360 g drained and no case', async (t) => {
  const settled = settleLoad([12_000], 11_640, siteToleranceGrams(12_000, 500));
  t.same(settled, {
    bookedGrams: 12_000,
    lossGrams: 360,
    surplusGrams: 0,
    missingGrams: 0,
    lotLossGrams: [360],
    caseKind: null,
  });
  t.equal(wayLossKind(360, 0), 'drained');
});

t.test('S2: given a weighbridge of e = 20 kg', async (t) => {
  const arrive = (lots: number[], grossGrams: number, tareGrams: number) => {
    const measured = readMeasurement({ grossGrams, tareGrams }, []);
    const booked = lots.reduce((a, b) => a + b, 0);
    const tolerance = Math.max(
      siteToleranceGrams(booked, 50),
      scaleErrorGrams({ eGrams: WEIGHBRIDGE, ...measured }),
    );
    return { tolerance, ...settleLoad(lots, measured.measuredGrams, tolerance) };
  };
  t.test(
    'when 2,040,000 g arrive of 2,000,000 g, then 40,000 g are a surplus and nothing is asked',
    async (t) => {
      t.match(arrive(Array(80).fill(25_000), 8_120_000, 6_080_000), {
        tolerance: 40_000,
        surplusGrams: 40_000,
        caseKind: null,
      });
    },
  );
  t.test(
    'when 1,100,000 g arrive of 1,000,000 g, then a case opens for 100,000 g and nothing is missing',
    async (t) => {
      const settled = arrive([1_000_000], 7_180_000, 6_080_000);
      t.match(settled, { surplusGrams: 100_000, missingGrams: 0, lossGrams: 0, caseKind: 'receipt-surplus' });
    },
  );
  t.test(
    'when 940,000 g arrive of 1,000,000 g, then a case opens for 60,000 g and no gram is lost yet',
    async (t) => {
      const settled = arrive([400_000, 600_000], 7_020_000, 6_080_000);
      t.match(settled, {
        missingGrams: 60_000,
        surplusGrams: 0,
        lossGrams: 0,
        lotLossGrams: [0, 0],
        caseKind: 'receipt-short',
      });
    },
  );
  t.test(
    'when the shortage equals the tolerance, then it is within, and is called the scale’s difference',
    async (t) => {
      t.match(arrive([1_000_000], 7_040_000, 6_080_000), {
        lossGrams: 40_000,
        missingGrams: 0,
        caseKind: null,
      });
      t.match(arrive([1_000_000], 7_039_999, 6_080_000), {
        lossGrams: 0,
        missingGrams: 40_001,
        caseKind: 'receipt-short',
      });
      t.equal(wayLossKind(40_000, 40_000), 'scale-difference');
      t.equal(wayLossKind(40_001, 40_000), 'drained');
    },
  );
});

t.test('a loss is drawn over lots by largest remainder, ties to the earlier lot', async (t) => {
  t.same(drawOver([500, 300, 200], 333), [166, 100, 67]);
  t.same(drawOver([334, 200, 133], 333), [167, 100, 66]);
  t.same(drawOver([1, 1, 1], 2), [1, 1, 0]);
  t.same(drawOver([0, 5, 0], 5), [0, 5, 0]);
  t.same(drawOver([], 0), []);
  t.throws(() => drawOver([2, 3], 6), RangeError);
  t.throws(() => drawOver([2, 3], -1), RangeError);
});

t.test(
  'a draw takes exactly its grams, from no lot more than it holds, and each within a gram of its part',
  async (t) => {
    const lots = fc.array(fc.integer({ min: 0, max: 10_000_000_000 }), { minLength: 1, maxLength: 50 });
    fc.assert(
      fc.property(lots, fc.double({ min: 0, max: 1, noNaN: true }), (held, part) => {
        const whole = held.reduce((a, b) => a + b, 0);
        const grams = Math.floor(whole * part);
        const draws = drawOver(held, grams);
        const exact = draws.every((draw, i) => {
          const product = BigInt(held[i]!) * BigInt(grams);
          const difference = BigInt(draw) * BigInt(whole) - product;
          return (
            draw >= 0 &&
            draw <= held[i]! &&
            difference < BigInt(whole || 1) &&
            difference > -BigInt(whole || 1)
          );
        });
        return exact && draws.reduce((a, b) => a + b, 0) === grams;
      }),
    );
    t.pass();
  },
);

t.test('what arrives is booked, lost, or a surplus, to the gram, unless it is missing', async (t) => {
  const grams = fc.integer({ min: 0, max: 1_000_000 });
  fc.assert(
    fc.property(
      fc.array(grams, { minLength: 1, maxLength: 9 }),
      grams,
      grams,
      (lots, measured, tolerance) => {
        const s = settleLoad(lots, measured, tolerance);
        const lost = s.lotLossGrams.reduce((a, b) => a + b, 0);
        return (
          lost === s.lossGrams && s.bookedGrams - s.lossGrams - s.missingGrams + s.surplusGrams === measured
        );
      },
    ),
  );
  t.pass();
});

t.test('a measurement of each lot names exactly the lots of the load', async (t) => {
  const load = ['a', 'b'];
  const lots = (...ids: string[]) => ({ lots: ids.map((lotId) => ({ lotId, measuredGrams: 7 })) });
  t.same(
    readMeasurement(lots('b', 'a'), load),
    { measuredGrams: 14, readingsGrams: [] },
    'and was not weighed as one',
  );
  t.throws(() => readMeasurement(lots('a'), load), { code: 'lot_not_measured' });
  t.throws(() => readMeasurement(lots('a', 'a'), load), { code: 'lot_named_twice' });
  t.throws(() => readMeasurement(lots('a', 'c'), load), { code: 'unknown_lot' });
  t.throws(() => readMeasurement({ grossGrams: 5, tareGrams: 6 }, load), { code: 'tare_over_gross' });
  t.same(readMeasurement({ measuredGrams: 9 }, load), { measuredGrams: 9, readingsGrams: [9] });
});

t.test(
  'a surplus is what its load is, or a mixture that promises no more than the worst of it',
  async (t) => {
    const pet = { material: 'pet', form: 'bottle' };
    t.same(surplusOf([pet, pet]), pet);
    t.same(surplusOf([pet, { material: 'pet', form: 'flake' }]), { material: 'pet', form: 'mixed' });
    t.same(surplusOf([pet, { material: 'pp', form: 'bottle' }]), {
      material: 'mixed-plastic',
      form: 'bottle',
    });
    t.same(surplusOf([pet, { material: 'sludge', form: 'liquid' }]), {
      material: 'mixed-debris',
      form: 'mixed',
    });
    t.same(surplusOf([pet, { material: 'waste-oil', form: 'liquid' }]), {
      material: 'hazardous-other',
      form: 'mixed',
    });
  },
);

t.test('deciding a short load writes off what is still missing, whichever the outcome', async (t) => {
  const short = { kind: 'receipt-short' as const, measuredGrams: 100_000 };
  t.equal(writtenOff(short, 'released', 190_000), 90_000);
  t.equal(writtenOff(short, 'loss', 190_000), 90_000);
  t.equal(writtenOff(short, 'released', 100_000), 0, 'S3: the correction explained it');
  t.equal(writtenOff(short, 'released', 95_000), 0, 'corrected below the scale: nothing is made');
  const surplus = { kind: 'receipt-surplus' as const, measuredGrams: 1_100_000 };
  t.equal(writtenOff(surplus, 'released', 100_000), 0);
  t.equal(writtenOff(surplus, 'loss', 100_000), 100_000);
  const held = [500, 300, 200].map((grams, i) => ({ lotId: `${i}`, seq: i, grams }));
  t.same(
    decisionLots(held, 333).map((lot) => lot.lossGrams),
    [166, 100, 67],
  );
});

t.test('holders within one organisation are one person, overseers answer for themselves', async (t) => {
  const li = { organisationId: 'o', holder: 'Li Wei' };
  t.equal(onePerson(li, { organisationId: 'o', holder: 'Wang Fang' }, 'station'), true);
  t.equal(onePerson(li, { organisationId: 'o', holder: 'Wang Fang' }, 'certifier'), false);
  t.equal(
    onePerson(li, { organisationId: 'o', holder: ' ＬＩ  wei' }, 'operator'),
    true,
    'the same name written otherwise',
  );
  t.equal(onePerson(li, { organisationId: 'p', holder: 'Li Wei' }, 'regulator'), false);
  t.equal(profits({ organisationIds: ['o'] }, 'o'), true);
  t.equal(profits({ organisationIds: ['o'] }, 'p'), false);
});
