import { ok, startLoads } from './loads.ts';

/** A station and a warehouse as `startLoads` has them, whose bottles are counted before late weigh-ins come. */
export const startCounted = async (...args: Parameters<typeof startLoads>) => {
  const place = await startLoads(...args);
  const { siteId, client } = place.from;
  const at = (minutes: number) => new Date(Date.now() + minutes * 60_000).toISOString();
  /** The count of PET bottles an hour ago: its first item. */
  const count = async (countedGrams: number, cutOffAt = at(-60)) =>
    ok(
      await client.post(`/v1/sites/${siteId}/stock-counts`, {
        cutOffAt,
        items: [{ material: 'pet', form: 'bottle', countedGrams }],
      }),
    );
  const weigh = async (grossGrams: number, collectedAt: string, more = {}) =>
    ok(
      await client.post('/v1/collections', {
        siteId,
        material: 'pet',
        form: 'bottle',
        originClass: 'shoreline',
        grossGrams,
        tareGrams: 0,
        basis: 'weighed',
        collectedAt,
        ...more,
      }),
    );
  return { ...place, at, count, weigh };
};
