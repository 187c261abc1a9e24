import type { Queryable } from '../ledger/store.ts';
import type { EmissionFactorSet } from './emission-factors.tables.ts';
import { estimateOf, RECYCLED_FORMS } from './emission-factors.ts';
import { type Figure, PROGRAMME_SCOPE } from './figures.ts';

/** Recycled forms that runs made, less those that runs used up, by material: what is flake first and pellet then counts once. */
const recycledOutput = async (
  db: Queryable,
  asOfSeq: number,
): Promise<{ material: string; grams: number }[]> => {
  const { rows } = await db.query<{ material: string; grams: number }>(
    `WITH runs AS (
       SELECT inputs, outputs FROM process_runs WHERE seq <= $1 AND NOT (state = 'voided' AND last_seq <= $1)
     ), changes AS (
       SELECT o.material, o.grams FROM runs CROSS JOIN LATERAL json_to_recordset(runs.outputs) AS o(material text, form text, grams int8)
       WHERE o.form = ANY($2::text[])
       UNION ALL
       SELECT l.material, -i.grams FROM runs CROSS JOIN LATERAL json_to_recordset(runs.inputs) AS i("lotId" uuid, grams int8)
       JOIN lots l ON l.id = i."lotId" WHERE l.form = ANY($2::text[])
     ) SELECT material, sum(grams)::int8 AS grams FROM changes GROUP BY material ORDER BY material`,
    [asOfSeq, RECYCLED_FORMS],
  );
  return rows;
};

export const emissionsAvoided: Figure = {
  name: 'co2e-avoided-estimate',
  version: 1,
  title: { en: 'Emissions avoided: an estimate', zh: '碳减排量（估算）' },
  definition: {
    en: 'An estimate and no offset. Grams CO2e: flake and pellet that runs made, less what runs used of them, dry by the water the set of factors assumes, × (virgin − recycled) × substitution, minus collection and transport, by the set of factors in force at the position (see /v1/emission-factors). Never on what was collected, never on pollutants; material without a factor is not counted. Null numbers: no set was in force.',
    zh: '仅为估算，不构成碳抵消。单位：克 CO2e。加工产出的片料与颗粒减去再投入加工的部分，按因子集设定的含水率折干，×（原生因子 − 再生因子）× 替代率，再减收集与运输排放；因子集以该位置有效版本为准（见 /v1/emission-factors）。不以收集量计，不含污染物；无因子的材料不计。未发布因子集时无结果。',
  },
  scope: PROGRAMME_SCOPE,
  async read(db, asOfSeq) {
    const { rows } = await db.query<EmissionFactorSet>(
      `SELECT version, factors, moisture_basis_points AS "moistureBasisPoints",
         substitution_basis_points AS "substitutionBasisPoints", collection_transport_grams AS "collectionTransportGrams"
       FROM emission_factor_sets WHERE seq <= $1 ORDER BY seq DESC LIMIT 1`,
      [asOfSeq],
    );
    const [set] = rows;
    if (set === undefined) return { numerator: null, denominator: null, counts: {} };
    const estimates = estimateOf(await recycledOutput(db, asOfSeq), set);
    const sum = (of: 'dryGrams' | 'avoidedGrams' | 'collectionGrams' | 'estimateGrams') =>
      estimates.reduce((total, estimate) => total + estimate[of], 0);
    return {
      numerator: null,
      denominator: null,
      counts: {
        factorSet: set.version,
        dryGrams: sum('dryGrams'),
        avoidedGrams: sum('avoidedGrams'),
        collectionGrams: sum('collectionGrams'),
        estimateGrams: sum('estimateGrams'),
      },
      items: estimates.map(({ material: of, ...values }) => ({ of, values })),
    };
  },
};
