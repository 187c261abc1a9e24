import { z } from 'zod';
import { Id, text } from '../kernel/values.ts';
import { ScaleShape } from './equipment.facts.ts';

/** 32 bytes in base64url without padding: 43 characters, and no bits left over in the last. */
const PublicKey = z
  .string()
  .regex(
    /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/,
    'must be an Ed25519 public key: 32 raw bytes in base64url, 43 characters',
  )
  .meta({ description: 'Ed25519 public key, 32 raw bytes in base64url without padding.' });

const Scale = ScaleShape.refine((s) => s.maxGrams > s.minGrams, 'maxGrams must be larger than minGrams');

export const DeviceRequest = z.strictObject({
  id: Id.optional(),
  siteId: Id,
  name: text(120),
  publicKey: PublicKey.optional(),
  scale: Scale.optional(),
});
export type DeviceRequest = z.infer<typeof DeviceRequest>;

export const DeviceChange = z
  .strictObject({ siteId: Id.optional(), name: text(120).optional(), scale: Scale.nullable().optional() })
  .refine((change) => Object.keys(change).length > 0, 'name at least one member to change');
export type DeviceChange = z.infer<typeof DeviceChange>;

export const DeviceEnrolment = z.strictObject({ publicKey: PublicKey });
export type DeviceEnrolment = z.infer<typeof DeviceEnrolment>;

export const Device = z
  .object({
    id: Id,
    organisationId: Id,
    siteId: Id,
    name: z.string(),
    publicKey: z.string().nullable(),
    scale: ScaleShape.nullable(),
    counter: z
      .int()
      .meta({ description: 'The highest counter signed with its key that was seen so far; 0 for none.' }),
    missing: z.array(z.object({ from: z.int(), to: z.int() })).meta({
      description:
        'Counters before it that did not arrive, the first 20 gaps: what the phone should send again.',
    }),
    state: z.enum(['active', 'closed']),
    seq: z.int(),
  })
  .meta({ id: 'Device' });

export const VesselRequest = z.strictObject({
  id: Id.optional(),
  organisationId: Id.optional().meta({
    description: 'That of the site, else the caller’s own, unless said.',
  }),
  siteId: Id.optional().meta({ description: 'Where it is at home.' }),
  name: text(120),
  number: text(60).optional().meta({ description: 'The number painted on it, as it is written.' }),
});
export type VesselRequest = z.infer<typeof VesselRequest>;

export const VesselChange = z
  .strictObject({ name: text(120).optional(), number: text(60).nullable().optional() })
  .refine((change) => Object.keys(change).length > 0, 'name at least one member to change');
export type VesselChange = z.infer<typeof VesselChange>;

export const Vessel = z
  .object({
    id: Id,
    organisationId: Id,
    name: z.string(),
    number: z.string().nullable(),
    state: z.enum(['active', 'closed']),
    seq: z.int(),
  })
  .meta({ id: 'Vessel' });
