import { journal, table } from '../db/table.ts';

/** What stands at a site of one pollutant, as totals of all that ever came and went. */
export type PollutantStock = {
  /** `siteId:material`. */
  key: string;
  siteId: string;
  material: string;
  inGrams: number;
  outGrams: number;
  inMillilitres: number;
  outMillilitres: number;
  lastSeq: number;
};
export const pollutantStocks = table<PollutantStock>('pollutant_stocks', 'key', {
  key: 'text',
  siteId: 'uuid',
  material: 'text',
  inGrams: 'int8',
  outGrams: 'int8',
  inMillilitres: 'int8',
  outMillilitres: 'int8',
  lastSeq: 'int8',
});

export type PostingKind = 'received' | 'arrived' | 'residue' | 'sent' | 'treated' | 'lost' | 'voided';

/** What one fact did to a stock. Grams and millilitres are positive; the kind says which way. */
export type PollutantPosting = Omit<PollutantStock, 'key' | 'lastSeq'> & {
  seq: number;
  kind: PostingKind;
  day: string;
  storeUntil: string | null;
  /** The reception a void takes back. */
  reverses: number | null;
  grams: number;
  millilitres: number;
};
export const pollutantPostings = journal<PollutantPosting>('pollutant_postings', {
  siteId: 'uuid',
  material: 'text',
  seq: 'int8',
  kind: 'text',
  day: 'text',
  storeUntil: 'text',
  reverses: 'int8',
  grams: 'int8',
  millilitres: 'int8',
  inGrams: 'int8',
  outGrams: 'int8',
  inMillilitres: 'int8',
  outMillilitres: 'int8',
});

/** A running series, such as `siteId:2026` for a site's notes of a year. */
export type NoteSeries = { key: string; last: number };
export const noteSeries = table<NoteSeries>('pollutant_note_series', 'key', { key: 'text', last: 'int8' });

export type PollutantSettings = {
  siteId: string;
  notePrefix: string | null;
  /** Days in store, by material, where they are not the default. */
  storageDays: Record<string, number>;
  lastSeq: number;
};
export const pollutantSettings = table<PollutantSettings>('pollutant_settings', 'siteId', {
  siteId: 'uuid',
  notePrefix: 'text',
  storageDays: 'json',
  lastSeq: 'int8',
});

export type NotePrefix = { prefix: string; siteId: string };
export const notePrefixes = table<NotePrefix>('pollutant_prefixes', 'prefix', {
  prefix: 'text',
  siteId: 'uuid',
});
