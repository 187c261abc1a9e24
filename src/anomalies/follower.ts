import type pg from 'pg';
import { DomainError } from '../kernel/errors.ts';
import type { Keyring } from '../ledger/private-store.ts';
import type { Door } from '../ledger/record.ts';
import { Follower } from '../provenance/follower.ts';
import { PROGRAMME } from '../registry/access.ts';
import { anomalyPending, type Pending } from './anomalies.tables.ts';
import { type CaseFinding, type MarkFinding, markAnomaly, openAnomalyCase } from './findings.operations.ts';
import { selectFrom } from './memory.ts';
import { observeFacts } from './observe.ts';

const AT_ONCE = 200;

type Options = { pool: pg.Pool; keyring: Keyring; door: Door; onError: (error: Error) => void };

/**
 * Puts findings through the door and forgets them. The door takes each key once, so a crash between the two costs only
 * a repeat. Not inside a step: an erasure waits, in the door, for every follower's step to end.
 */
const passOn = async ({ pool, keyring, door, onError }: Options): Promise<number> => {
  const { rows } = await pool.query<Pending>(
    `${selectFrom(anomalyPending)} ORDER BY seq, key LIMIT ${AT_ONCE}`,
  );
  const passed: string[] = [];
  const written = rows.map(async ({ key: id, kind, input }) => {
    const key = { id, fingerprint: keyring.fingerprint(`anomaly ${id}`) };
    try {
      if (kind === 'mark') await door.record(markAnomaly, input as MarkFinding, PROGRAMME, key);
      else await door.record(openAnomalyCase, input as CaseFinding, PROGRAMME, key);
    } catch (error) {
      // What the door cannot take just now is tried again; what it refuses will be refused again.
      if (!(error instanceof DomainError) || error.kind === 'unavailable') throw error;
      onError(error);
    }
    passed.push(id);
  });
  const failed = (await Promise.allSettled(written)).find((result) => result.status === 'rejected');
  if (passed.length > 0)
    await pool.query('DELETE FROM anomaly_pending WHERE key = ANY($1::uuid[])', [passed]);
  if (failed !== undefined) throw failed.reason;
  return rows.length;
};

/** Follows the ledger with the anomaly rules: what it finds it writes as facts of the programme itself. */
export const anomalyFollower = (options: Options): Follower => {
  const { pool, keyring, onError } = options;
  // At the start something may wait from before.
  let waiting = true;
  return new Follower({
    name: 'anomalies',
    pool,
    keyring,
    onError,
    async project(client, facts) {
      if ((await observeFacts(client, facts, keyring)) > 0) waiting = true;
    },
    async after() {
      while (waiting) waiting = (await passOn(options)) === AT_ONCE;
    },
  });
};
