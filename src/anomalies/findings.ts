import { keyedUuid } from '../kernel/ids.ts';
import type { Keyring } from '../ledger/private-store.ts';
import type { Found } from './findings.facts.ts';

/**
 * The key of a finding's write: two processes, a restart and a second run write it once. Under a secret key, since
 * whoever could guess it might take it first, and the finding would be refused.
 */
export const keyOf = (
  keyring: Keyring,
  kind: 'mark' | 'case',
  hits: readonly Found[],
  causeSeq: number,
): string =>
  keyedUuid(
    keyring.idempotency,
    `anomaly ${kind} ${causeSeq} ${kind === 'mark' ? '' : `${hits[0]!.rule} ${hits[0]!.version}`}`,
  );
