import { unprocessable } from '../kernel/errors.ts';
import type { Price } from './price.ts';
import type { TariffPrice } from './tariffs.schema.ts';

/** What a price is for: two of one tariff that say the same could not both be meant. */
const scopeOf = ({ base: _, originPremium: __, siteIds, ...scope }: TariffPrice): string =>
  JSON.stringify([
    scope.material,
    scope.form ?? null,
    scope.grade ?? null,
    scope.originClass ?? null,
    scope.season?.from ?? null,
    scope.season?.to ?? null,
    siteIds === undefined ? null : [...siteIds].sort(),
  ]);

const unitOf = ({ currency, perGrams, perPiece }: Price): string => `${currency} ${perGrams} ${perPiece}`;

/** 422 `duplicate_price` for two prices of one thing, `premium_differs` for a premium by another unit or currency. */
export const assertClear = (prices: readonly TariffPrice[]): void => {
  const seen = new Map<string, number>();
  for (const [i, price] of prices.entries()) {
    const first = seen.get(scopeOf(price));
    if (first !== undefined)
      throw unprocessable('duplicate_price', `/prices/${i}`, `is for the same as /prices/${first}; name one`);
    seen.set(scopeOf(price), i);
    if (price.originPremium !== undefined && unitOf(price.originPremium) !== unitOf(price.base))
      throw unprocessable(
        'premium_differs',
        `/prices/${i}/originPremium`,
        'must have the currency and the unit of its base',
      );
  }
};

/** @param day `YYYY-MM-DD` in the programme's time zone */
const inSeason = ({ season }: TariffPrice, day: string): boolean => {
  if (season === undefined) return true;
  const of = day.slice(5);
  return season.from <= season.to
    ? season.from <= of && of <= season.to
    : season.from <= of || of <= season.to;
};

/** The prices that hold at the site, all sites where none is named. */
export const pricesAt = (prices: readonly TariffPrice[], siteId: string | undefined): TariffPrice[] =>
  prices.filter(({ siteIds }) => siteId === undefined || siteIds === undefined || siteIds.includes(siteId));

/** The prices that hold at one of the sites; other sites are not named. */
export const pricesOfSites = (prices: readonly TariffPrice[], sites: ReadonlySet<string>): TariffPrice[] =>
  prices.flatMap((price) => {
    if (price.siteIds === undefined) return [price];
    const siteIds = price.siteIds.filter((id) => sites.has(id));
    return siteIds.length === 0 ? [] : [{ ...price, siteIds }];
  });

/** Of these, the prices that hold on the day. */
export const pricesOn = (prices: readonly TariffPrice[], day: string): TariffPrice[] =>
  prices.filter((price) => inSeason(price, day));
