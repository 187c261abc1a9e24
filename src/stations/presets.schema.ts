import { z } from 'zod';
import { Receipt } from '../http/route.ts';
import { Id, text } from '../kernel/values.ts';
import { Basis, Form, OriginClass, PlasticLotMaterial } from '../kernel/vocabulary.ts';

/** One picture a keeper taps with wet gloves: what it is, in what form, from where, and how it is told. */
export const Tile = z
  .strictObject({
    code: z
      .string()
      .regex(
        /^[a-z0-9]+(-[a-z0-9]+)*$/,
        'must be lower-case words and digits joined by -, such as sea-bottle',
      )
      .max(40),
    names: z.strictObject({ zh: text(40), en: text(40) }),
    picture: text(60).meta({ description: 'The name of an icon.' }),
    material: PlasticLotMaterial,
    form: Form,
    originClass: OriginClass,
    basis: Basis,
  })
  .meta({ id: 'Tile' });
export type Tile = z.infer<typeof Tile>;

export const PresetsRequest = z.strictObject({
  id: Id.optional(),
  tiles: z
    .array(Tile)
    .max(60)
    .meta({ description: 'All tiles, in the order shown; they take the place of those before.' }),
});
export type PresetsRequest = z.infer<typeof PresetsRequest>;

export const PresetsAnswer = z
  .object({ siteId: Id.nullable(), tiles: z.int(), receipt: Receipt })
  .meta({ id: 'PresetsSet' });
