import { table } from '../db/table.ts';

/** What an outside body certified about the material: whose paper it is, and what it lets be claimed. */
export type OutsideCertificate = {
  body: string;
  approvalNumber?: string | undefined;
  number: string;
  scope: string;
  fileSha256: string;
  originClass: string;
  /** All of it unless said. */
  claimableGrams?: number | undefined;
  /** The last day it holds. */
  validUntil?: string | undefined;
};

/** Grams that no weigh-in of the programme brought in: what was there at the start, or was bought. */
export type OutsideMaterial = {
  id: string;
  seq: number;
  lastSeq: number;
  organisationId: string;
  siteId: string;
  lotId: string;
  day: string;
  kind: string;
  material: string;
  form: string;
  originClass: string;
  grams: number;
  /** Grams the certificate lets be claimed; 0 without one, or while it is in doubt. */
  certifiedGrams: number;
  /** Of the lot itself: 0 also while it is a mixture. */
  claimableGrams: number;
  marks: string[];
  certificate: OutsideCertificate | null;
  supplier: string | null;
  invoiceSha256: string | null;
  note: string | null;
  state: 'admitted' | 'voided';
};
export const outsideMaterials = table<OutsideMaterial>('outside_materials', 'id', {
  id: 'uuid',
  seq: 'int8',
  lastSeq: 'int8',
  organisationId: 'uuid',
  siteId: 'uuid',
  lotId: 'uuid',
  day: 'text',
  kind: 'text',
  material: 'text',
  form: 'text',
  originClass: 'text',
  grams: 'int8',
  certifiedGrams: 'int8',
  claimableGrams: 'int8',
  marks: 'json',
  certificate: 'json',
  supplier: 'text',
  invoiceSha256: 'text',
  note: 'text',
  state: 'text',
});
