import { z } from 'zod';
import { ContainerIds, MAX_CONTAINERS } from '../containers/containers.schema.ts';
import { Receipt } from '../http/route.ts';
import { Grams, Id, note, TotalGrams, text } from '../kernel/values.ts';
import { IncidentKind } from '../kernel/vocabulary.ts';
import { LotRequest, MAX_INPUTS } from '../lots/lots.ts';

export const SHIPMENT_STATES = [
  'dispatched',
  'refused',
  'received',
  'returned',
  'diverted',
  'lost',
  'unweighed',
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

const ONE_WAY = 'say measuredGrams, or grossGrams with tareGrams, or measuredGrams of each lot or container';

/** Outcomes that no scale speaks of. */
const NOT_WEIGHED: readonly string[] = ['refused', 'lost', 'unweighed'];
/** Outcomes with which nobody looks at seals. */
const NOT_LOOKED_AT: readonly string[] = ['refused', 'lost'];
/** Loads that one weighing may close, so that its fact fits an entry. */
export const MAX_TOGETHER = 50;

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
    outcome: z.enum(['received', 'refused', 'returned', 'diverted', 'lost', 'unweighed']).optional().meta({
      description:
        'received unless said; refused: nothing is taken in, it travels back; returned: the sender has it again; diverted: it arrived at another site; lost: it, or the rest of it, never arrived; unweighed: it arrived where no scale is, and is weighed by another receipt or later.',
    }),
    alsoShipmentIds: z.array(Id).min(1).max(MAX_TOGETHER).optional().meta({
      description: 'Other loads addressed here that were weighed in the same weighing (a milk run).',
    }),
    containers: z
      .array(z.strictObject({ containerId: Id, measuredGrams: Grams }))
      .min(1)
      .max(MAX_CONTAINERS)
      .optional()
      .meta({ description: 'Containers weighed each for itself; lots in none of them stand in lots.' }),
    seals: z
      .array(text(80))
      .max(50)
      .optional()
      .meta({ description: 'The seals as they were found; others than it left with mark the load.' }),
    sealIntact: z
      .boolean()
      .optional()
      .meta({ description: 'false: a seal was broken; the load is marked seal-broken.' }),
    loadSeals: z
      .array(
        z
          .strictObject({
            shipmentId: Id,
            seals: z.array(text(80)).max(50).optional(),
            sealIntact: z.boolean().optional(),
          })
          .refine((l) => (l.seals ?? l.sealIntact) !== undefined, {
            path: ['seals'],
            message: 'say which seals were found, or whether they were intact',
          }),
      )
      .min(1)
      .max(MAX_TOGETHER + 1)
      .optional()
      .meta({ description: 'With alsoShipmentIds: the seals of each load that somebody looked at.' }),
    incidentId: Id.optional().meta({
      description:
        'Of a lost load: the incident of this load, whose reference the police or the insurer gave.',
    }),
    lossKind: IncidentKind.optional().meta({
      description: 'Of a lost load without an incident: what befell it; say why in note. A case opens.',
    }),
    siteId: Id.optional().meta({ description: 'Where a diverted load arrived.' }),
    final: z.boolean().optional().meta({
      description: 'false: only the lots named have arrived, the rest is still on the way.',
    }),
    note: note(2_000).optional(),
  })
  .superRefine((r, ctx) => {
    const wrong = (path: string, message: string) => ctx.addIssue({ code: 'custom', path: [path], message });
    const ways = [r.lots ?? r.containers, r.measuredGrams, r.grossGrams ?? r.tareGrams].filter(
      (way) => way !== undefined,
    ).length;
    if ((r.outcome === 'diverted') !== (r.siteId !== undefined))
      wrong('siteId', 'goes with the outcome diverted, and is needed there');
    if (r.outcome === 'lost') {
      if ((r.incidentId === undefined) === (r.lossKind === undefined))
        wrong('lossKind', 'name the incident of this load, or say what befell it');
      if (r.incidentId === undefined && r.note === undefined)
        wrong('note', 'say why it is thought lost, or name the incident of this load');
    } else if (r.incidentId !== undefined || r.lossKind !== undefined)
      wrong('outcome', 'an incident and a kind of loss go with the outcome lost');
    if (r.alsoShipmentIds !== undefined && (r.outcome ?? 'received') !== 'received')
      wrong('alsoShipmentIds', 'goes with the outcome received');
    if (r.alsoShipmentIds !== undefined && ((r.lots ?? r.containers) !== undefined || r.final === false))
      wrong(
        'alsoShipmentIds',
        'one weighing closes whole loads: say measuredGrams, or gross and tare, of all',
      );
    if (r.final === false && (r.lots ?? r.containers) === undefined)
      wrong('lots', 'name the lots or containers that have arrived');
    if (
      (r.seals ?? r.sealIntact) !== undefined &&
      (NOT_LOOKED_AT.includes(r.outcome ?? '') || r.alsoShipmentIds)
    )
      wrong('seals', 'are looked at where one load is taken in; of several, say them in loadSeals');
    if (r.loadSeals !== undefined && r.alsoShipmentIds === undefined)
      wrong('loadSeals', 'goes with alsoShipmentIds; of one load say seals or sealIntact');
    if (NOT_WEIGHED.includes(r.outcome ?? '')) {
      if (ways > 0 || r.final === false) wrong('outcome', `what is ${r.outcome} is not weighed in`);
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
    measuredGrams: z.int().nullable().meta({ description: 'null where nothing was weighed.' }),
    bookedGrams: z.int(),
    toleranceGrams: z.int(),
    lossGrams: z.int(),
    surplusGrams: z.int(),
    surplusLotId: Id.optional(),
    caseId: Id.optional(),
    onHold: z.boolean(),
    lots: z.array(LotGrams),
    marks: z.array(z.object({ id: Id, code: z.string() })).optional(),
    shipments: z
      .array(
        z.object({
          id: Id,
          bookedGrams: z.int(),
          lossGrams: z.int(),
          marks: z.array(z.object({ id: Id, code: z.string() })).optional(),
        }),
      )
      .optional()
      .meta({ description: 'The loads one weighing closed, and the loss of each.' }),
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
    unweighed: z
      .array(Id)
      .meta({ description: 'Lots that arrived where no scale is, and still wait for one.' }),
    arrivedSiteId: Id.nullable(),
    bookedGrams: z.int(),
    measuredGrams: z.int().nullable(),
    toleranceGrams: z.int().nullable(),
    lossGrams: z.int().nullable(),
    surplusGrams: z.int().nullable(),
    surplusLotId: Id.nullable(),
    caseId: Id.nullable(),
    onHold: z.boolean(),
    weighing: z
      .object({
        seq: z.int(),
        shipmentIds: z.array(Id),
        bookedGrams: z.int(),
        measuredGrams: z.int(),
        toleranceGrams: z.int(),
        surplusGrams: z.int(),
        surplusLotId: Id.nullable(),
      })
      .nullable()
      .meta({ description: 'The one weighing that closed it together with other loads.' }),
    marks: z
      .array(z.string())
      .optional()
      .meta({ description: 'Open marks on the load; only where one is asked for.' }),
    state: z.enum(SHIPMENT_STATES),
    seq: z.int(),
  })
  .meta({ id: 'Shipment' });
