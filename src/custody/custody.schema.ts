import { z } from 'zod';
import { ContainerIds } from '../containers/containers.schema.ts';
import { Receipt } from '../http/route.ts';
import { Grams, Id, note, TotalGrams, text } from '../kernel/values.ts';
import { LotRequest, MAX_INPUTS } from '../lots/lots.ts';

export const SHIPMENT_STATES = [
  'dispatched',
  'refused',
  'received',
  'returned',
  'diverted',
  'voided',
] as const;

export const ShipmentParams = z.object({ id: Id });

const LotGrams = z.object({ lotId: Id, grams: z.int() });

export const ShipmentRequest = z
  .strictObject({
    id: Id.optional(),
    fromSiteId: Id,
    toSiteId: Id,
    lots: z.array(LotRequest).min(1).max(MAX_INPUTS).optional(),
    containers: ContainerIds.meta({ description: 'Each goes with all that is in it.' }),
    carrier: text(200).optional().meta({
      description: 'A name, or the id of a carrier registered here, whose keys may then read the shipment.',
    }),
    vehicle: text(80).optional(),
    seals: z.array(text(80)).max(50).optional(),
    note: note(2_000).optional(),
  })
  .refine((s) => (s.lots ?? s.containers) !== undefined, {
    path: ['lots'],
    message: 'name lots, or containers',
  });
export type ShipmentRequest = z.infer<typeof ShipmentRequest>;

export const ShipmentAnswer = z
  .object({
    id: Id,
    lots: z
      .array(LotGrams)
      .meta({ description: 'The lots that travel; a part of a lot is a lot of its own.' }),
    receipt: Receipt,
  })
  .meta({ id: 'Dispatch' });

const ONE_WAY = 'say measuredGrams, or grossGrams with tareGrams, or measuredGrams of each lot';

export const ReceiptRequest = z
  .strictObject({
    lots: z
      .array(z.strictObject({ lotId: Id, measuredGrams: Grams }))
      .min(1)
      .max(MAX_INPUTS)
      .optional(),
    measuredGrams: TotalGrams.optional(),
    grossGrams: Grams.optional(),
    tareGrams: Grams.optional(),
    deviceId: Id.optional().meta({ description: 'The scale the load was weighed on as one.' }),
    outcome: z.enum(['received', 'refused', 'returned', 'diverted']).optional().meta({
      description:
        'received unless said; refused: nothing is taken in, it travels back; returned: the sender has it again; diverted: it arrived at another site.',
    }),
    siteId: Id.optional().meta({ description: 'Where a diverted load arrived.' }),
    final: z.boolean().optional().meta({
      description: 'false: only the lots named have arrived, the rest is still on the way.',
    }),
    note: note(2_000).optional(),
  })
  .superRefine((r, ctx) => {
    const wrong = (path: string, message: string) => ctx.addIssue({ code: 'custom', path: [path], message });
    const ways = [r.lots, r.measuredGrams, r.grossGrams ?? r.tareGrams].filter(
      (way) => way !== undefined,
    ).length;
    if ((r.outcome === 'diverted') !== (r.siteId !== undefined))
      wrong('siteId', 'goes with the outcome diverted, and is needed there');
    if (r.final === false && r.lots === undefined) wrong('lots', 'name the lots that have arrived');
    if (r.outcome === 'refused') {
      if (ways > 0 || r.final === false) wrong('outcome', 'what is refused is not weighed in');
    } else if (ways !== 1) wrong('measuredGrams', ONE_WAY);
    else if (r.grossGrams === undefined && r.tareGrams !== undefined)
      wrong('grossGrams', 'is needed with tareGrams');
    else if (r.grossGrams !== undefined && r.tareGrams === undefined)
      wrong('tareGrams', 'is needed with grossGrams');
  });
export type ReceiptRequest = z.infer<typeof ReceiptRequest>;

export const ReceiptAnswer = z
  .object({
    id: Id,
    state: z.enum(SHIPMENT_STATES).meta({ description: 'dispatched while a part is still on the way.' }),
    measuredGrams: z.int(),
    bookedGrams: z.int(),
    toleranceGrams: z.int(),
    lossGrams: z.int(),
    surplusGrams: z.int(),
    surplusLotId: Id.optional(),
    caseId: Id.optional(),
    onHold: z.boolean(),
    lots: z.array(LotGrams),
    receipt: Receipt,
  })
  .meta({ id: 'ShipmentReceipt' });

export const ShipmentVoidRequest = z.strictObject({ id: Id.optional(), reason: note(2_000) });
export type ShipmentVoidRequest = z.infer<typeof ShipmentVoidRequest>;

export const ShipmentVoidAnswer = z
  .object({
    id: Id,
    lots: z.array(LotGrams).meta({ description: 'What stands at the sending site again.' }),
    receipt: Receipt,
  })
  .meta({ id: 'ShipmentVoid' });

export const ShipmentView = z
  .object({
    id: Id,
    fromSiteId: Id,
    toSiteId: Id,
    carrier: z.string().nullable(),
    vehicle: z.string().nullable(),
    seals: z.array(z.string()),
    lots: z.array(LotGrams),
    containers: z.array(z.object({ containerId: Id, tag: z.string() })),
    onTheWay: z.array(Id).meta({ description: 'Lots that have not arrived yet.' }),
    arrivedSiteId: Id.nullable(),
    bookedGrams: z.int(),
    measuredGrams: z.int().nullable(),
    toleranceGrams: z.int().nullable(),
    lossGrams: z.int().nullable(),
    surplusGrams: z.int().nullable(),
    surplusLotId: Id.nullable(),
    caseId: Id.nullable(),
    onHold: z.boolean(),
    state: z.enum(SHIPMENT_STATES),
    seq: z.int(),
  })
  .meta({ id: 'Shipment' });
