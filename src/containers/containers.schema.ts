import { z } from 'zod';
import { Receipt } from '../http/route.ts';
import { Grams, Id, PositiveGrams, TotalGrams, text } from '../kernel/values.ts';
import { CONTAINER_KINDS, ContainerKind } from '../kernel/vocabulary.ts';
import { MAX_INPUTS } from '../lots/lots.ts';

export const ContainerParams = z.object({ id: Id });

/** Containers one request may name. */
export const MAX_CONTAINERS = 100;
export const ContainerIds = z.array(Id).min(1).max(MAX_CONTAINERS).optional();
export const ContainerUses = z
  .array(z.strictObject({ containerId: Id, grams: TotalGrams.min(1).optional() }))
  .min(1)
  .max(MAX_CONTAINERS)
  .optional()
  .meta({ description: 'All that is in each, or so many grams of it, drawn over its lots.' });

export const ContainerRequest = z.strictObject({
  id: Id.optional(),
  siteId: Id,
  tag: text(60).meta({
    description: 'What stands on it; unique among the organisation’s containers in use.',
  }),
  kind: ContainerKind,
  tareGrams: Grams.optional(),
});
export type ContainerRequest = z.infer<typeof ContainerRequest>;

export const ContainerLots = z.strictObject({
  id: Id.optional(),
  lots: z
    .array(z.strictObject({ lotId: Id }))
    .min(1)
    .max(MAX_INPUTS),
});
export type ContainerLots = z.infer<typeof ContainerLots>;

export const SealRequest = z.strictObject({
  id: Id.optional(),
  sealNumber: text(80).optional(),
  measuredGrams: PositiveGrams.optional().meta({
    description: 'What a scale says of the contents, tare off.',
  }),
  deviceId: Id.optional(),
});
export type SealRequest = z.infer<typeof SealRequest>;

const fillingId = Id.nullable().meta({
  description: 'What the public ledger calls it; null until its next filling begins.',
});

export const ContainerWritten = z
  .object({
    id: Id,
    fillingId,
    mark: z
      .object({ id: Id, code: z.string() })
      .optional()
      .meta({ description: 'Sealed at a weight beyond tolerance of what is booked in it.' }),
    receipt: Receipt,
  })
  .meta({ id: 'ContainerWritten' });

const members = {
  id: Id,
  siteId: Id.nullable().meta({ description: 'Null while it travels.' }),
  shipmentId: Id.nullable(),
  tag: z.string(),
  kind: z.enum(CONTAINER_KINDS),
  tareGrams: z.int().nullable(),
  fillingId,
  lotCount: z.int(),
  grams: z.int(),
  sealNumber: z.string().nullable(),
  measuredGrams: z.int().nullable(),
  state: z.enum(['open', 'sealed', 'travelling', 'closed']),
  seq: z.int(),
  lastSeq: z.int(),
};
export const ContainerItem = z.object(members).meta({ id: 'ContainerItem' });
export const ContainerView = z
  .object({ ...members, lots: z.array(z.object({ lotId: Id, grams: z.int() })) })
  .meta({ id: 'Container' });
