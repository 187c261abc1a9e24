import { NIL } from '../kernel/ids.ts';
import type { World } from '../ledger/world.ts';
import type { Price } from './price.ts';
import type { TariffPrice } from './tariffs.schema.ts';
import { type Tariff, tariffSchedules, tariffs } from './tariffs.tables.ts';
import { pricesAt, pricesOn } from './tariffs.ts';

/** What is priced: `day` is `YYYY-MM-DD` in the programme's time zone; a price for a piece needs a count. */
export type Priced = {
  siteId: string;
  material: string;
  form: string;
  originClass: string;
  day: string;
  counted: boolean;
};

/** Which is in force at a moment in milliseconds: of those started, the last to start, then the later in the ledger. */
export const inForce = <Start extends { startsAt: number }>(
  starts: readonly Start[],
  at: number,
): Start | undefined => {
  let found: Start | undefined;
  for (const start of starts)
    if (start.startsAt <= at && (found === undefined || start.startsAt >= found.startsAt)) found = start;
  return found;
};

/** The tariff in force at a moment in milliseconds. */
export const tariffInForce = (world: World, at: number): Tariff | undefined => {
  const found = inForce(world.get(tariffSchedules, NIL)?.starts ?? [], at);
  return found === undefined ? undefined : world.get(tariffs, found.tariffId);
};

/** How much a price says about what it is for; the site counts most, then season, origin class and form. */
const precision = ({ siteIds, season, originClass, form }: TariffPrice): number =>
  (siteIds === undefined ? 0 : 8) +
  (season === undefined ? 0 : 4) +
  (originClass === undefined ? 0 : 2) +
  (form === undefined ? 0 : 1);

/**
 * Of a tariff's prices the most precise that fits, of equals the first. A price for one grade fits nothing yet: grades
 * are told at sorting.
 */
export const priceIn = ({ prices }: Pick<Tariff, 'prices'>, of: Priced): TariffPrice | undefined => {
  const fits = pricesOn(pricesAt(prices, of.siteId), of.day).filter(
    (price) =>
      price.material === of.material &&
      price.grade === undefined &&
      (price.form === undefined || price.form === of.form) &&
      (price.originClass === undefined || price.originClass === of.originClass) &&
      (price.base.perPiece === undefined || of.counted),
  );
  let best: TariffPrice | undefined;
  for (const price of fits) if (best === undefined || precision(price) > precision(best)) best = price;
  return best;
};

/** Whether two prices are by the same unit and in the same currency, so that their amounts may be added. */
export const sameUnit = (a: Price, b: Price): boolean =>
  a.currency === b.currency && a.perGrams === b.perGrams && a.perPiece === b.perPiece;
