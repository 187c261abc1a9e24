import { z } from 'zod';
import { Id, Position, Time, text } from '../kernel/values.ts';
import { Material, RoleCode, SITE_KINDS } from '../kernel/vocabulary.ts';
import { CapabilityShape, NormShape, StorageLimitShape } from './registry.facts.ts';

export const IdParams = z.object({ id: Id });

/** What it is, in the programme's own words; what its people may do is said by the roles of their keys. */
const OrganisationKind = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,39}$/, 'must be a short code such as station, recycler or brand');

export const OrganisationRequest = z.strictObject({
  id: Id.optional(),
  name: text(200),
  kind: OrganisationKind,
  naturalPerson: z.boolean().optional(),
});
export type OrganisationRequest = z.infer<typeof OrganisationRequest>;
export const OrganisationChange = z.strictObject({ name: text(200) });
export type OrganisationChange = z.infer<typeof OrganisationChange>;
export const Organisation = z
  .object({
    id: Id,
    kind: z.string(),
    name: z.string().nullable(),
    naturalPerson: z.boolean(),
    state: z.string(),
    seq: z.int(),
  })
  .meta({ id: 'Organisation' });

/** How long a material may stand there. */
const StorageLimits = z
  .array(
    StorageLimitShape.extend({ material: Material }).refine(
      ({ days, alarmDays }) => alarmDays === undefined || alarmDays <= days,
      { path: ['alarmDays'], message: 'the alarm comes before the limit: at most days' },
    ),
  )
  .max(100)
  .refine((limits) => new Set(limits.map(({ material }) => material)).size === limits.length, {
    message: 'name each material once',
  });

const settings = {
  toleranceBasisPoints: z.int().min(0).max(10_000).optional(),
  norms: z.array(NormShape).max(200).optional(),
  custodyModel: z
    .enum(['identity-preserved', 'segregated', 'controlled-blending', 'mass-balance'])
    .optional(),
  capabilities: z.array(CapabilityShape).max(50).optional(),
  storageLimits: StorageLimits.optional(),
};
export const SiteRequest = z.strictObject({
  id: Id.optional(),
  organisationId: Id,
  kind: z.enum(SITE_KINDS),
  name: text(200),
  location: Position,
  ...settings,
});
export type SiteRequest = z.infer<typeof SiteRequest>;
export const SiteChange = z
  .strictObject({ name: text(200).optional(), ...settings })
  .refine((change) => Object.keys(change).length > 0, 'name at least one setting to change');
export type SiteChange = z.infer<typeof SiteChange>;
export const Site = z
  .object({
    id: Id,
    organisationId: Id,
    kind: z.string(),
    name: z.string(),
    location: Position,
    cell: z.array(z.int()),
    capabilities: z.array(CapabilityShape),
    toleranceBasisPoints: z.int(),
    norms: z.array(NormShape),
    custodyModel: z.string(),
    storageLimits: z.array(StorageLimitShape),
    state: z.string(),
    seq: z.int(),
  })
  .meta({ id: 'Site' });

export const ApiKeyRequest = z.strictObject({
  id: Id.optional(),
  organisationId: Id,
  role: RoleCode,
  siteIds: z.array(Id).min(1).max(200).optional(),
  holder: text(120),
  expiresAt: Time.optional(),
});
export type ApiKeyRequest = z.infer<typeof ApiKeyRequest>;
export const ApiKey = z
  .object({
    id: Id,
    organisationId: Id,
    role: z.string(),
    siteIds: z.array(Id).nullable(),
    holder: z.string(),
    expiresAt: z.string().nullable(),
    state: z.string(),
    seq: z.int(),
  })
  .meta({ id: 'ApiKey' });
