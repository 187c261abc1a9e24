import { journal } from '../db/table.ts';

/** Places a fact may number sources by; `key` = seq × PLACES + place, so that keys order as the ledger does. */
export const PLACES = 128;

/** A fact that brought grams in, as summaries need it. `key` is seq × 128 + place in the fact. */
export type Source = {
  key: number;
  kind: string;
  lotId: string;
  collectionId: string | null;
  organisationId: string;
  siteId: string;
  deviceId: string | null;
  day: string;
  material: string;
  form: string;
  originClass: string;
  basis: string;
  /** As it came in; `bookedGrams` after corrections. */
  grams: number;
  bookedGrams: number;
  /** Grams that were drawn on and, by a later correction, never were there. */
  deficitGrams: number;
  payGrams: number;
  /** As it came in; what it is now stands with the lots it went into. */
  claimableGrams: number;
  /** Of an accepted origin class, weighed, and without an open claim mark. */
  accepted: boolean;
  marks: string[];
  parties: number;
  /** How the origin of a weigh-in is known. */
  originEvidence?: string | null | undefined;
  /** Of a weigh-in whose signature fits: the counter signed, and the number of the key. */
  deviceKey?: number | null | undefined;
  counter?: number | null | undefined;
};
export const sources = journal<Source>('sources', {
  key: 'int8',
  kind: 'text',
  lotId: 'uuid',
  collectionId: 'uuid',
  organisationId: 'uuid',
  siteId: 'uuid',
  deviceId: 'uuid',
  day: 'text',
  material: 'text',
  form: 'text',
  originClass: 'text',
  basis: 'text',
  grams: 'int8',
  bookedGrams: 'int8',
  deficitGrams: 'int8',
  payGrams: 'int8',
  claimableGrams: 'int8',
  accepted: 'boolean',
  marks: 'json',
  parties: 'int2',
  originEvidence: 'text',
  deviceKey: 'int2',
  counter: 'int8',
});

export type SourceParty = { personId: string; key: number };
export const sourceParties = journal<SourceParty>('source_parties', { personId: 'uuid', key: 'int8' });
