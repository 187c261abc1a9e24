import { journal, table } from '../db/table.ts';

/** A weigh-in of which something is owed only once somebody decided; one that earned undoubtedly has no row. */
export type ProvisionalEarning = {
  lotId: string;
  collectionId: string;
  siteId: string;
  seq: number;
  lastSeq: number;
  /** Milliseconds: undecided then, the programme pays it and the grams are never claimable (domain, rule 4). */
  dueAt: number;
  /** By party, in minor units: out of which account, into which. */
  parts: { accountId: string; provisionalId: string; amount: number }[];
  state: 'open' | 'owed' | 'refused' | 'undecided';
};
export const provisionalEarnings = table<ProvisionalEarning>('provisional_earnings', 'lotId', {
  lotId: 'uuid',
  collectionId: 'uuid',
  siteId: 'uuid',
  seq: 'int8',
  lastSeq: 'int8',
  dueAt: 'int8',
  parts: 'json',
  state: 'text',
});

/** A weigh-in that named nobody, and whose accounts its earning was found to belong to. */
export type NamedWeighIn = {
  lotId: string;
  accountId: string;
  provisionalId: string;
  overpaidId: string;
  lastSeq: number;
};
export const namedWeighIns = table<NamedWeighIn>('named_weigh_ins', 'lotId', {
  lotId: 'uuid',
  accountId: 'uuid',
  provisionalId: 'uuid',
  overpaidId: 'uuid',
  lastSeq: 'int8',
});

/** A later fact that changed what a weigh-in earned, or to whom it is owed. */
export type EarningChange = { seq: number; lotId: string };
export const earningChanges = journal<EarningChange>('earning_changes', { seq: 'int8', lotId: 'uuid' });
