import { table } from '../db/table.ts';

/** The last confirmation of a weigh-in by one of its parties. */
export type Confirmation = {
  /** Lot and party, `confirmationKey`. */
  key: string;
  /** The weigh-in's own lot. */
  lotId: string;
  /** The place of the collector among the parties of the weigh-in: never a name, so that an erasure leaves it be. */
  party: number;
  seq: number;
  /** Milliseconds since 1970. */
  at: number;
  method: string;
  /** What was confirmed: see `seenSha256`. */
  seenSha256: string;
};
export const confirmations = table<Confirmation>('confirmations', 'key', {
  key: 'text',
  lotId: 'uuid',
  party: 'int2',
  seq: 'int8',
  at: 'int8',
  method: 'text',
  seenSha256: 'text',
});

export const confirmationKey = (lotId: string, party: number): string => `${lotId} ${party}`;
