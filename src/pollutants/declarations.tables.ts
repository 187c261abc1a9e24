import { table } from '../db/table.ts';
import type { Position } from '../kernel/values.ts';
import type { Amount, Call } from './pollutants.ts';

/** What a vessel says it has to hand over, and what became of it. */
export type Declaration = Call & {
  id: string;
  seq: number;
  lastSeq: number;
  /** Whoever declared it. */
  organisationId: string;
  /** The site asked, or the one it was passed on to. */
  siteId: string;
  siteOrganisationId: string;
  vesselId: string | null;
  vesselNumber: string | null;
  items: Amount[];
  position: Position | null;
  port: string | null;
  wantedFrom: string;
  note: string | null;
  /** The pick-up boat; null when the vessel is to come. */
  boatId: string | null;
  reason: string | null;
  receptionId: string | null;
};
export const declarations = table<Declaration>('pollutant_declarations', 'id', {
  id: 'uuid',
  seq: 'int8',
  lastSeq: 'int8',
  organisationId: 'uuid',
  siteId: 'uuid',
  siteOrganisationId: 'uuid',
  vesselId: 'uuid',
  vesselNumber: 'text',
  items: 'json',
  position: 'json',
  port: 'text',
  wantedFrom: 'text',
  wantedUntil: 'text',
  answerDueAt: 'text',
  note: 'text',
  state: 'text',
  boatId: 'uuid',
  eta: 'text',
  reason: 'text',
  receptionId: 'uuid',
});
