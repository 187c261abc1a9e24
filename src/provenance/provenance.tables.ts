import { journal } from '../db/table.ts';
import type { CustodyModel } from './custody-model.ts';

export type LotVector = { lotId: string; seq: number; grams: number; vector: Buffer };
export const lotVectors = journal<LotVector>('lot_vectors', {
  lotId: 'uuid',
  seq: 'int8',
  grams: 'int8',
  vector: 'bytea',
});

/** Lots a fact took grams from, and lots it made. */
export type LotMove = {
  seq: number;
  place: number;
  lotId: string;
  direction: 'in' | 'out' | 'loss';
  grams: number;
};
export const lotMoves = journal<LotMove>('lot_moves', {
  seq: 'int8',
  place: 'int2',
  lotId: 'uuid',
  direction: 'text',
  grams: 'int8',
});

/** `lotId` is null for a loss of a whole run. */
export type LotLoss = {
  seq: number;
  place: number;
  lotId: string | null;
  kind: string;
  grams: number;
  vector: Buffer;
};
export const lotLosses = journal<LotLoss>('lot_losses', {
  seq: 'int8',
  place: 'int2',
  lotId: 'uuid',
  kind: 'text',
  grams: 'int8',
  vector: 'bytea',
});

/** Grams that left for good, and whose they were. */
export type LotExit = {
  seq: number;
  place: number;
  lotId: string;
  way: string;
  grams: number;
  vector: Buffer;
};
export const lotExits = journal<LotExit>('lot_exits', {
  seq: 'int8',
  place: 'int2',
  lotId: 'uuid',
  way: 'text',
  grams: 'int8',
  vector: 'bytea',
});

export type LotModel = {
  lotId: string;
  custodyModel: CustodyModel;
  claimableGrams: number;
  /** What norms and marks upstream leave of it; null where none applied. */
  capGrams: number | null;
  estimatedGrams: number;
  seq: number;
};
export const lotModels = journal<LotModel>('lot_models', {
  lotId: 'uuid',
  custodyModel: 'text',
  claimableGrams: 'int8',
  capGrams: 'int8',
  estimatedGrams: 'int8',
  seq: 'int8',
});

export type BatchSummary = { batchId: string; organisationId: string; seq: number; summary: object };
export const batchSummaries = journal<BatchSummary>('batch_summaries', {
  batchId: 'uuid',
  organisationId: 'uuid',
  seq: 'int8',
  summary: 'json',
});
