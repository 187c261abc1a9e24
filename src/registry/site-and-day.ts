import { z } from 'zod';
import { Day, Id } from '../kernel/values.ts';

/**
 * All that is public of a fact about a person or a person's money, beside its type (ledger format, "What is open and what
 * is sealed").
 */
export const SiteAndDay = z.strictObject({ siteId: Id, day: Day });
export type SiteAndDay = z.infer<typeof SiteAndDay>;

/** As `SiteAndDay`, of somebody whom perhaps no site has registered. */
export const MaybeSiteAndDay = z.strictObject({ siteId: Id.optional(), day: Day });
export type MaybeSiteAndDay = z.infer<typeof MaybeSiteAndDay>;
