import { unprocessable } from '../kernel/errors.ts';
import { OTHER_MATERIALS, POLLUTANTS } from '../kernel/vocabulary.ts';
import { drawOver } from '../lots/draw.ts';
import type { CaseKind } from '../supervision/cases.tables.ts';

export {
  inServiceErrorGrams,
  scaleErrorGrams,
  siteToleranceGrams,
  type WeighedAsOne,
} from '../lots/tolerance.ts';

/** What a receiver's scale said: one net figure, gross and tare of the load, or each lot for itself. */
export type Measurement = {
  measuredGrams?: number | undefined;
  grossGrams?: number | undefined;
  tareGrams?: number | undefined;
  lots?: readonly { lotId: string; measuredGrams: number }[] | undefined;
};

/** Net grams, and the readings of a load weighed as one. 422 for a tare above the gross, or other lots than the load's. */
export const readMeasurement = (
  m: Measurement,
  loadLotIds: readonly string[],
): { measuredGrams: number; readingsGrams: number[] } => {
  if (m.lots !== undefined) {
    checkLots(m.lots, loadLotIds);
    return { measuredGrams: m.lots.reduce((sum, lot) => sum + lot.measuredGrams, 0), readingsGrams: [] };
  }
  if (m.measuredGrams !== undefined)
    return { measuredGrams: m.measuredGrams, readingsGrams: [m.measuredGrams] };
  const [gross, tare] = [m.grossGrams!, m.tareGrams!];
  if (tare > gross)
    throw unprocessable('tare_over_gross', '/tareGrams', `must be at most the gross ${gross} g`);
  return { measuredGrams: gross - tare, readingsGrams: [gross, tare] };
};

const checkLots = (lots: readonly { lotId: string }[], loadLotIds: readonly string[]): void => {
  const seen = new Set<string>();
  for (const [i, { lotId }] of lots.entries()) {
    if (!loadLotIds.includes(lotId))
      throw unprocessable('unknown_lot', `/lots/${i}/lotId`, 'no such lot in this load');
    if (seen.has(lotId)) throw unprocessable('lot_named_twice', `/lots/${i}/lotId`, 'name each lot once');
    seen.add(lotId);
  }
  const missing = loadLotIds.find((id) => !seen.has(id));
  if (missing !== undefined)
    throw unprocessable(
      'lot_not_measured',
      '/lots',
      `say 0 g for a lot that did not arrive, such as ${missing}`,
    );
};

export type Settled = {
  bookedGrams: number;
  lossGrams: number;
  surplusGrams: number;
  /** Beyond tolerance: kept booked until the case is decided. */
  missingGrams: number;
  /** In the order of the load. */
  lotLossGrams: number[];
  caseKind: Extract<CaseKind, 'receipt-short' | 'receipt-surplus'> | null;
};

/**
 * What a measured load is, to the gram (domain, "Three weights"). A shortage within tolerance is a loss drawn over
 * the lots; beyond it nothing is lost yet. A surplus is all that exceeds the booked grams. Equal is within.
 */
export const settleLoad = (
  lotGrams: readonly number[],
  measuredGrams: number,
  toleranceGrams: number,
): Settled => {
  const bookedGrams = lotGrams.reduce((sum, grams) => sum + grams, 0);
  const shortGrams = Math.max(0, bookedGrams - measuredGrams);
  const surplusGrams = Math.max(0, measuredGrams - bookedGrams);
  const isMissing = shortGrams > toleranceGrams;
  const lossGrams = isMissing ? 0 : shortGrams;
  return {
    bookedGrams,
    lossGrams,
    surplusGrams,
    missingGrams: isMissing ? shortGrams : 0,
    lotLossGrams: drawOver(lotGrams, lossGrams),
    caseKind: isMissing ? 'receipt-short' : surplusGrams > toleranceGrams ? 'receipt-surplus' : null,
  };
};

/** What a loss on the way is called: an error of the scale where its tolerance covers it, else what ran off. */
export const wayLossKind = (lossGrams: number, scaleError: number): 'scale-difference' | 'drained' =>
  lossGrams <= scaleError ? 'scale-difference' : 'drained';

type Kind = { material: string; form: string };

/** Materials a mixture of which is still plastic. */
const NO_PLASTIC: readonly string[] = [...POLLUTANTS, ...OTHER_MATERIALS];

/** What a surplus is: as its load, or a mixture that promises no more than the load's worst part. */
export const surplusOf = (load: readonly Kind[]): Kind => {
  const materials = new Set(load.map((lot) => lot.material));
  const forms = new Set(load.map((lot) => lot.form));
  const [material] = materials;
  const [form] = forms;
  return {
    material: materials.size === 1 ? material! : mixtureOf(materials),
    form: forms.size === 1 ? form! : 'mixed',
  };
};

const mixtureOf = (materials: ReadonlySet<string>): string => {
  if ([...materials].some((m) => (POLLUTANTS as readonly string[]).includes(m))) return 'hazardous-other';
  return [...materials].some((m) => NO_PLASTIC.includes(m)) ? 'mixed-debris' : 'mixed-plastic';
};
