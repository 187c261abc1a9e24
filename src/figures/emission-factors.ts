import { z } from 'zod';
import type { Reader } from '../db/reader.ts';
import { unprocessable } from '../kernel/errors.ts';
import { Id, MAX_INTEGER, note } from '../kernel/values.ts';
import { PLASTICS } from '../kernel/vocabulary.ts';
import { draft, type FactType, type Operation } from '../ledger/fact.ts';
import {
  type EmissionFactor,
  type EmissionFactorSet,
  emissionFactorLast,
  emissionFactorSets,
  LAST,
} from './emission-factors.tables.ts';

/** Forms of resin that recycling makes: what is made of them is no further recycling. */
export const RECYCLED_FORMS: readonly string[] = ['flake', 'pellet'];

/**
 * Cradle to gate in Europe, 2008 (PMC2873020, table 3): virgin resin, and 1.4 kg CO2e by kilogram of recycled as is usual there.
 * None is for plastic that the sea wore: no such factor is known. In force only once the operator publishes a set, with what
 * collection and transport emit here.
 */
export const SHIPPED_FACTORS: readonly EmissionFactor[] = (
  [
    ['pet', 3_400],
    ['pe-hd', 1_900],
    ['pe-ld', 2_100],
    ['pp', 2_000],
    ['ps', 3_400],
    ['pvc', 1_900],
  ] as const
).map(([material, virginGrams]) => ({ material, virginGrams, recycledGrams: 1_400 }));
export const SHIPPED_SOURCE = 'PMC2873020, table 3 (EU, 2008, cradle to gate)';

/** A hundred kilograms CO2e by kilogram: beyond it a unit was mistaken. */
const MOST_GRAMS = 100_000;
const Grams = z.int().min(0).max(MOST_GRAMS);
const Factor = z.strictObject({ material: z.enum(PLASTICS), virginGrams: Grams, recycledGrams: Grams });
const Rules = {
  source: note(1_000),
  scope: note(1_000),
  factors: z.array(Factor).min(1).max(PLASTICS.length),
  moistureBasisPoints: z.int().min(0).max(10_000),
  substitutionBasisPoints: z.int().min(0).max(10_000),
  collectionTransportGrams: Grams,
};

export const FactorSetRequest = z.strictObject({
  id: Id.optional(),
  ...Rules,
  source: Rules.source.optional().meta({ description: 'Needed with factors of your own.' }),
  factors: Rules.factors.optional().meta({
    description: 'Grams CO2e by kilogram of resin; those shipped unless said.',
  }),
  collectionTransportGrams: Grams.meta({
    description:
      'Grams CO2e by kilogram of recycled output, dry, for collection and transport: yours to measure.',
  }),
  moistureBasisPoints: Rules.moistureBasisPoints.meta({ description: 'Water assumed in recycled output.' }),
});
export type FactorSetRequest = z.infer<typeof FactorSetRequest>;

const Published = z.strictObject({ version: z.int().min(1).max(MAX_INTEGER), ...Rules });
const PublishedPrivate = z.strictObject({ keyId: Id });

export const factorsPublished: FactType<z.infer<typeof Published>, z.infer<typeof PublishedPrivate>> = {
  type: 'emission-factors.published.v1',
  title: { en: 'Factors of emission published', zh: '排放因子发布' },
  data: Published,
  private: PublishedPrivate,
  grams: 'none',
  fen: 'none',
  backPointers: [],
  apply(world, { seq, data }) {
    world.put(emissionFactorLast, { id: LAST, version: data.version, lastSeq: seq });
    world.add(emissionFactorSets, { ...data, seq });
  },
};

/** Puts a further version in force. 422 `duplicate_material`, and `source_needed` for factors of one's own. */
export const publishFactors: Operation<FactorSetRequest, { version: number }> = {
  name: 'emission-factors.publish',
  roles: ['operator'],
  status: 201,
  decide(world, { id: _, factors, source, ...rules }, { caller }) {
    const own = factors?.map(({ material }) => material) ?? [];
    const again = own.findIndex((material, i) => own.indexOf(material) < i);
    if (again !== -1)
      throw unprocessable('duplicate_material', `/factors/${again}`, 'name each material once');
    if (factors !== undefined && source === undefined)
      throw unprocessable('source_needed', '/source', 'must say where these factors come from');
    const version = (world.get(emissionFactorLast, LAST)?.version ?? 0) + 1;
    const said = { factors: factors ?? shipped(), source: source ?? SHIPPED_SOURCE };
    return draft({
      type: factorsPublished,
      data: { version, ...rules, ...said },
      private: { keyId: caller.keyId },
    });
  },
  answer: ({ data }) => ({ version: data.version }),
};
const shipped = () => SHIPPED_FACTORS.map((factor) => Factor.parse(factor));

/** Versions in the order published; one more than `limit`. */
export const listFactorSets = (db: Reader, after: number, limit: number): Promise<EmissionFactorSet[]> =>
  db
    .withTables<{ emissionFactorSets: EmissionFactorSet }>()
    .selectFrom('emissionFactorSets')
    .selectAll()
    .where('seq', '>', after)
    .orderBy('seq')
    .limit(limit + 1)
    .execute();

export const FactorSetView = z
  .object({
    version: z.int(),
    seq: z.int(),
    source: z.string(),
    scope: z.string(),
    factors: z.array(z.object({ material: z.string(), virginGrams: z.int(), recycledGrams: z.int() })),
    moistureBasisPoints: z.int(),
    substitutionBasisPoints: z.int(),
    collectionTransportGrams: z.int(),
  })
  .meta({ id: 'EmissionFactorSet' });

export type Estimate = {
  material: string;
  dryGrams: number;
  avoidedGrams: number;
  collectionGrams: number;
  estimateGrams: number;
};

/**
 * An estimate of emissions by material, in grams CO2e (domain, rule 11): recycled output, dry, × (virgin − recycled) × substitution,
 * minus collection and transport. What is avoided is rounded down, what is emitted up. Never on input, never on pollutants; of
 * material without a factor nothing is said, though it was collected and carried too.
 *
 * @param outputs grams of recycled forms made, less those used up in further recycling
 */
export const estimateOf = (
  outputs: readonly { material: string; grams: number }[],
  set: Omit<EmissionFactorSet, 'seq' | 'version' | 'source' | 'scope'>,
): Estimate[] =>
  outputs.flatMap(({ material, grams }) => {
    const factor = set.factors.find((each) => each.material === material);
    if (factor === undefined || grams <= 0) return [];
    const dry = (BigInt(grams) * BigInt(10_000 - set.moistureBasisPoints)) / 10_000n;
    const saving = BigInt(factor.virginGrams - factor.recycledGrams) * BigInt(set.substitutionBasisPoints);
    const avoided = floored(dry * saving, 10_000n * 1_000n);
    const collection = -floored(-dry * BigInt(set.collectionTransportGrams), 1_000n);
    return [
      {
        ...{ material, dryGrams: Number(dry), avoidedGrams: Number(avoided) },
        ...{ collectionGrams: Number(collection), estimateGrams: Number(avoided - collection) },
      },
    ];
  });

const floored = (value: bigint, by: bigint): bigint => {
  const quotient = value / by;
  return value < 0n && value % by !== 0n ? quotient - 1n : quotient;
};
