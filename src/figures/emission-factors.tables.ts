import { journal, table } from '../db/table.ts';

/** Grams CO2e by kilogram of resin: what making it anew emits, and what recycling it does. */
export type EmissionFactor = { material: string; virginGrams: number; recycledGrams: number };

/** A version of the factors that an estimate of emissions follows (domain, rule 11). */
export type EmissionFactorSet = {
  version: number;
  seq: number;
  /** Where the factors come from. */
  source: string;
  /** Which region, process and method they are for. */
  scope: string;
  factors: EmissionFactor[];
  /** Water assumed in recycled output. */
  moistureBasisPoints: number;
  /** How much of virgin resin a kilogram of recycled stands in for. */
  substitutionBasisPoints: number;
  /** Grams CO2e by kilogram of output, dry, for collection and transport. */
  collectionTransportGrams: number;
};
export const emissionFactorSets = journal<EmissionFactorSet>('emission_factor_sets', {
  version: 'int4',
  seq: 'int8',
  source: 'text',
  scope: 'text',
  factors: 'json',
  moistureBasisPoints: 'int4',
  substitutionBasisPoints: 'int4',
  collectionTransportGrams: 'int8',
});

/** The last version, so that the next is known: one row. */
export type EmissionFactorLast = { id: string; version: number; lastSeq: number };
export const emissionFactorLast = table<EmissionFactorLast>('emission_factor_last', 'id', {
  id: 'text',
  version: 'int4',
  lastSeq: 'int8',
});
export const LAST = 'last';
