import { z } from 'zod';
import { NIL } from '../kernel/ids.ts';
import { Id, Time, text } from '../kernel/values.ts';
import type { FactType } from '../ledger/fact.ts';
import { TariffPrice } from './tariffs.schema.ts';
import { tariffSchedules, tariffs } from './tariffs.tables.ts';

/** Tariffs, prices and buyers are never public (ledger format, "What is open and what is sealed"). */
const Nothing = z.strictObject({});

const Published = z.strictObject({
  keyId: Id,
  tariffId: Id,
  source: text(200),
  startsAt: Time,
  buyerId: Id.optional(),
  prices: z.array(TariffPrice),
});

export const tariffPublished: FactType<z.infer<typeof Nothing>, z.infer<typeof Published>> = {
  type: 'tariff.published.v1',
  title: { en: 'Tariff published', zh: '价目发布' },
  data: Nothing,
  private: Published,
  grams: 'none',
  fen: 'None move; it is in force from its start until the next starts.',
  backPointers: [],
  apply(world, { seq, private: { keyId: _, tariffId: id, startsAt, buyerId = null, ...tariff } }) {
    world.put(tariffs, { id, ...tariff, startsAt: Date.parse(startsAt), buyerId, seq, lastSeq: seq });
    const known = world.get(tariffSchedules, NIL)?.starts ?? [];
    const starts = [...known, { tariffId: id, startsAt: Date.parse(startsAt) }];
    world.put(tariffSchedules, { id: NIL, starts, lastSeq: seq });
  },
};

export const tariffFacts = [tariffPublished];
