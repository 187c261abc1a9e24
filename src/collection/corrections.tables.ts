import { journal, table } from '../db/table.ts';
import type { MoneyAmount } from './corrections.ts';
import type { Earned } from './earning.ts';

/** A weigh-in as a correction or a void left it; one that was never changed has no row. */
export type WeighIn = {
  lotId: string;
  collectionId: string;
  /** The weigh-in itself, and the last fact that changed it. */
  seq: number;
  lastSeq: number;
  grossGrams: number;
  tareGrams: number;
  deductions: { kind: string; grams: number; basis: string }[];
  deductionGrams: number;
  payGrams: number;
  claimableGrams: number;
  count: number | null;
  originClass: string;
  originEvidence: string;
  /** What its lot was booked with, less what corrections took out of the lot. */
  bookedGrams: number;
  /** Grams that were drawn on and never were there. */
  deficitGrams: number;
  earning: MoneyAmount | null;
  earned: Earned[];
  state: 'corrected' | 'voided';
};
export const weighIns = table<WeighIn>('weigh_ins', 'lotId', {
  lotId: 'uuid',
  collectionId: 'uuid',
  seq: 'int8',
  lastSeq: 'int8',
  grossGrams: 'int8',
  tareGrams: 'int8',
  deductions: 'json',
  deductionGrams: 'int8',
  payGrams: 'int8',
  claimableGrams: 'int8',
  count: 'int8',
  originClass: 'text',
  originEvidence: 'text',
  bookedGrams: 'int8',
  deficitGrams: 'int8',
  earning: 'json',
  earned: 'json',
  state: 'text',
});

/** What a correction or a void made of a weigh-in, each with its position: gross less tare, 0 where it is voided. */
export type WeighInChange = { lotId: string; seq: number; netGrams: number; voided: boolean };
export const weighInChanges = journal<WeighInChange>('weigh_in_changes', {
  lotId: 'uuid',
  seq: 'int8',
  netGrams: 'int8',
  voided: 'boolean',
});
