import type { Queryable } from '../ledger/store.ts';
import { decodeVector } from '../provenance/shares.ts';
import type { Bag } from './bags.ts';

/** A sealed batch that holds grams of a bag. */
export type Destination = { code: string; material: string; form: string; grams: number };
export type Destinations = { leftGrams: number; batches: Destination[] };

/** At most so many batches are looked through for a page of bags, the newest. */
const MOST_BATCHES = 50;

type BatchRow = { code: string; material: string; form: string; vector: Buffer };

/**
 * What became of some bags: what their own lots still hold, and the grams of each in sealed batches, by the exact shares
 * (domain, "Exact shares"). Said of a batch is its code, as everywhere in public; not who bought it.
 */
export const destinationsOf = async (
  pool: Queryable,
  bags: readonly Pick<Bag, 'lotId' | 'key'>[],
): Promise<Map<string, Destinations>> => {
  const lotIds = bags.map(({ lotId }) => lotId);
  const { rows: lots } = await pool.query<{ id: string; grams: number }>(
    'SELECT id, grams FROM lots WHERE id = ANY($1::uuid[])',
    [lotIds],
  );
  const found = new Map<string, Destinations>(
    lots.map(({ id, grams }) => [id, { leftGrams: grams, batches: [] }]),
  );
  const { rows } = await pool.query<BatchRow>(
    `WITH RECURSIVE way(lot_id) AS (
       SELECT unnest($1::uuid[])
       UNION
       SELECT made.lot_id FROM way
       JOIN lot_moves taken ON taken.lot_id = way.lot_id AND taken.direction = 'in'
       JOIN lot_moves made ON made.seq = taken.seq AND made.direction = 'out')
     SELECT b.code, b.material, b.form, v.vector FROM way
     JOIN batches b ON b.lot_id = way.lot_id AND b.state = 'sealed'
     JOIN lot_vectors v ON v.lot_id = b.lot_id AND v.seq = b.seq
     ORDER BY b.seq DESC LIMIT ${MOST_BATCHES}`,
    [lotIds],
  );
  for (const { code, material, form, vector } of rows.reverse()) {
    const { keys, grams } = decodeVector(vector);
    const places = new Map(Array.from(keys, (key, i) => [key, i]));
    for (const bag of bags) {
      const place = places.get(bag.key);
      if (place === undefined) continue;
      const held = { code, material, form, grams: grams[place]! };
      found.get(bag.lotId)!.batches.push(held);
    }
  }
  return found;
};
