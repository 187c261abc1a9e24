import { journal } from '../db/table.ts';
import type { CustodyModel } from './custody-model.ts';

export type LotVector = {
  lotId: string;
  seq: number;
  grams: number;
  vector: Buffer;
  /** Of `grams`, what could be claimed then. */
  claimableGrams: number;
};
export const lotVectors = journal<LotVector>('lot_vectors', {
  lotId: 'uuid',
  seq: 'int8',
  grams: 'int8',
  vector: 'bytea',
  claimableGrams: 'int8',
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

/** Grams a fact counted as lost, or, negative, those that were lost no longer after it: sums as of any position. */
export type LossChange = { seq: number; place: number; kind: string; grams: number };
export const lossChanges = journal<LossChange>('loss_changes', {
  seq: 'int8',
  place: 'int2',
  kind: 'text',
  grams: 'int8',
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

/** What the way of a lot says of it, beside its sources. Null where nothing applied. */
export type LotModel = {
  lotId: string;
  custodyModel: CustodyModel;
  /** The one all its sources share; null when they differ. */
  originClass: string | null;
  /** What norms and marks upstream leave of `ofGrams`. */
  capGrams: number | null;
  estimatedGrams: number;
  /** The fact that made it. */
  seq: number;
  /** The lot when it was made. */
  ofGrams: number;
  /** Of `ofGrams`, without their water, where what it was made of was sampled. */
  dryGrams: number | null;
  /** Its own sample. */
  moistureBasisPoints: number | null;
  /** Its part of what the scale said of a load on hold. */
  holdGrams: number | null;
  /** Open marks on the lot itself, or on a load it travelled in. */
  marks: string[] | null;
};
export const lotModels = journal<LotModel>('lot_models', {
  lotId: 'uuid',
  custodyModel: 'text',
  originClass: 'text',
  capGrams: 'int8',
  estimatedGrams: 'int8',
  seq: 'int8',
  ofGrams: 'int8',
  dryGrams: 'int8',
  moistureBasisPoints: 'int4',
  holdGrams: 'int8',
  marks: 'json',
});

/** What a step's own rules allow of what it makes. */
export type StepLabel = {
  seq: number;
  /** The site's scope. */
  custodyModel: CustodyModel;
  lineClean: boolean;
  normBasisPoints: number | null;
  /** Those still open. */
  marks: string[];
};
export const stepLabels = journal<StepLabel>('step_labels', {
  seq: 'int8',
  custodyModel: 'text',
  lineClean: 'boolean',
  normBasisPoints: 'int4',
  marks: 'json',
});

export type BatchSummary = { batchId: string; organisationId: string; seq: number; summary: object };
export const batchSummaries = journal<BatchSummary>('batch_summaries', {
  batchId: 'uuid',
  organisationId: 'uuid',
  seq: 'int8',
  summary: 'json',
});
