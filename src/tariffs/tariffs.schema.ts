import { z } from 'zod';
import { Receipt } from '../http/route.ts';
import { Id, Time, text } from '../kernel/values.ts';
import { Form, INCOME_KINDS, OriginClass, PlasticLotMaterial } from '../kernel/vocabulary.ts';
import { Price } from './price.ts';

const DayOfYear = z
  .string()
  .regex(/^(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/, 'must be month and day, such as 09-16')
  .meta({ description: 'Month and day, `MM-DD`.' });

export const TariffPrice = z.strictObject({
  material: PlasticLotMaterial,
  form: Form.optional(),
  grade: text(40).optional(),
  originClass: OriginClass.optional(),
  siteIds: z.array(Id).min(1).max(200).optional().meta({ description: 'Every site unless said.' }),
  season: z
    .strictObject({ from: DayOfYear, to: DayOfYear })
    .optional()
    .meta({ description: 'First and last day of each year; `from` after `to` goes over the new year.' }),
  base: Price,
  income: z
    .strictObject({ base: z.enum(INCOME_KINDS).optional(), originPremium: z.enum(INCOME_KINDS).optional() })
    .optional()
    .meta({
      description:
        'What each part is to whoever earns it. Unless said, the base is the purchase and the premium a price supplement.',
    }),
  originPremium: Price.optional().meta({ description: 'On top of `base`; by the same unit and currency.' }),
});
export type TariffPrice = z.infer<typeof TariffPrice>;

export const TariffRequest = z.strictObject({
  id: Id.optional(),
  source: text(200).meta({ description: 'Where the prices come from, such as a notice and its number.' }),
  startsAt: Time,
  buyerId: Id.optional(),
  prices: z.array(TariffPrice).min(1).max(200),
});
export type TariffRequest = z.infer<typeof TariffRequest>;

export const TariffAnswer = z
  .object({ id: Id, startsAt: z.string(), receipt: Receipt })
  .meta({ id: 'TariffPublished' });

export const TariffView = z
  .object({
    id: Id,
    source: z.string(),
    startsAt: z.string(),
    buyerId: Id.nullable().meta({ description: 'Shown to the operator, payers and auditors.' }),
    prices: z.array(TariffPrice),
    seq: z.int(),
  })
  .meta({ id: 'Tariff' });
export type TariffView = z.infer<typeof TariffView>;

export const EffectiveTariff = z
  .object({
    at: z.string(),
    tariff: TariffView.nullable().meta({
      description: 'With the prices that hold at the site and on the day.',
    }),
    supersededAt: z.string().nullable().meta({ description: 'When the next that is known of starts.' }),
  })
  .meta({ id: 'EffectiveTariff' });
