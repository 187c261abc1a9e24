import { z } from 'zod';
import { Receipt } from '../http/route.ts';
import { Day, Id, note, PositiveGrams, Sha256Hex, Time, TotalGrams, text } from '../kernel/values.ts';
import { Form, OriginClass, OutsideKind, PlasticLotMaterial } from '../kernel/vocabulary.ts';

/** One shape on the wire and in the ledger: a certificate is quoted, never interpreted. */
export const Certificate = z.strictObject({
  body: text(200).meta({ description: 'Who certified.' }),
  approvalNumber: text(120).optional(),
  number: text(120),
  scope: text(500),
  fileSha256: Sha256Hex,
  originClass: OriginClass,
  claimableGrams: TotalGrams.optional().meta({ description: 'All of it unless said.' }),
  validUntil: Day.optional().meta({ description: 'The last day it holds.' }),
});

export const OutsideRequest = z.strictObject({
  id: Id.optional(),
  siteId: Id,
  kind: OutsideKind,
  material: PlasticLotMaterial,
  form: Form,
  grams: PositiveGrams,
  at: Time.optional().meta({ description: 'When it came in, where that was not now.' }),
  certificate: Certificate.optional().meta({
    description: 'Without one the origin is none, and nothing is claimable.',
  }),
  supplier: text(200).optional(),
  invoiceSha256: Sha256Hex.optional(),
  note: note(2_000).optional(),
});
export type OutsideRequest = z.infer<typeof OutsideRequest>;

const OutsideLot = z.object({ id: Id, grams: z.int(), claimableGrams: z.int() });

export const OutsideAnswer = z
  .object({ id: Id, lot: OutsideLot, originClass: z.string(), marks: z.array(z.string()), receipt: Receipt })
  .meta({ id: 'OutsideMaterialAdmitted' });

export const OutsideView = z
  .object({
    id: Id,
    siteId: Id,
    day: z.string(),
    kind: z.string(),
    material: z.string(),
    form: z.string(),
    originClass: z.string(),
    lot: OutsideLot,
    marks: z.array(z.string()),
    certificate: Certificate.extend({ originClass: z.string() }).nullable(),
    supplier: z.string().nullable(),
    invoiceSha256: z.string().nullable(),
    note: z.string().nullable(),
    state: z.string(),
    seq: z.int(),
  })
  .meta({ id: 'OutsideMaterial' });
