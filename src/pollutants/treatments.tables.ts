import { table } from '../db/table.ts';

type Taken = { material: string; grams: number; millilitres: number };
/** Where it was treated: the site itself when it bears no name. */
export type Plant = { name?: string | undefined; licence: string };

/** Pollutants treated or disposed of, and what stays of them. */
export type Treatment = {
  id: string;
  seq: number;
  organisationId: string;
  siteId: string;
  day: string;
  method: string;
  items: Taken[];
  residues: Taken[];
  grams: number;
  /** Done with: `grams` without the residues. */
  closedGrams: number;
  marks: string[];
  manifest: string | null;
  wasteCode: string | null;
  plant: Plant;
  treatedAt: string;
  note: string | null;
};
export const treatments = table<Treatment>('pollutant_treatments', 'id', {
  id: 'uuid',
  seq: 'int8',
  organisationId: 'uuid',
  siteId: 'uuid',
  day: 'text',
  method: 'text',
  items: 'json',
  residues: 'json',
  grams: 'int8',
  closedGrams: 'int8',
  marks: 'json',
  manifest: 'text',
  wasteCode: 'text',
  plant: 'json',
  treatedAt: 'text',
  note: 'text',
});

/** Pollutants that are no longer there: spilled, evaporated, stolen. */
export type PollutantLoss = {
  id: string;
  seq: number;
  organisationId: string;
  siteId: string;
  day: string;
  kind: string;
  items: Taken[];
  grams: number;
  reference: string | null;
  happenedAt: string;
  note: string | null;
};
export const pollutantLosses = table<PollutantLoss>('pollutant_losses', 'id', {
  id: 'uuid',
  seq: 'int8',
  organisationId: 'uuid',
  siteId: 'uuid',
  day: 'text',
  kind: 'text',
  items: 'json',
  grams: 'int8',
  reference: 'text',
  happenedAt: 'text',
  note: 'text',
});
