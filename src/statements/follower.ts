import type pg from 'pg';
import { inSnapshot, type Reader } from '../db/reader.ts';
import { DomainError } from '../kernel/errors.ts';
import { keyedUuid } from '../kernel/ids.ts';
import type { Clock } from '../kernel/time.ts';
import type { Keyring } from '../ledger/private-store.ts';
import type { Door } from '../ledger/record.ts';
import { Follower } from '../provenance/follower.ts';
import { PROGRAMME } from '../registry/access.ts';
import { statementIssued, statementReinstated } from './statements.facts.ts';
import { heldOf, statementOperations } from './statements.operations.ts';
import { findSale, judgeSale, rulesOf, touchedStatements } from './statements.queries.ts';
import type { Statement } from './statements.tables.ts';

const AT_ONCE = 100;
/** A weigh-in may mark an earlier one, whose grams were sold: seldom enough to be looked for only so often. */
const WEIGH_IN = 'collection.recorded.v1';
const LOOK_MS = 5_000;
const ISSUING: readonly string[] = [statementIssued.type, statementReinstated.type];

export type StatementFollowerOptions = {
  pool: pg.Pool;
  db: Reader;
  keyring: Keyring;
  door: Door;
  clock: Clock;
  programme: { operatorId: string };
  /** Keeps what is known of lots. */
  provenance: { reaches(seq: number, ms?: number): Promise<boolean> };
  onError: (error: Error) => void;
};

/**
 * Holds statements against what is known of their grams whenever that changes, wherever on their way a doubt arose: one
 * that states more than the scheme accepts is suspended, one that states more than is held is superseded, and no other
 * is touched (domain, "Corrections"). Each is written under a key that follows from its cause.
 */
export const statementFollower = (options: StatementFollowerOptions): Follower => {
  const { pool, db, keyring, door, clock, programme, provenance, onError } = options;
  const { recheck } = statementOperations(programme);
  /** The last fact that may touch a statement, and up to where that was looked into. */
  let [newest, lookedUpTo, lookedAt] = [0, -1, 0];

  /** What the tables say of the statement's grams, all of one moment; null while provenance is behind. */
  const judge = (statement: Statement) =>
    inSnapshot(db, async (now) => {
      const { batchId, saleId } = statement;
      const sale = await findSale(now, { batchId, saleId });
      if (sale === undefined)
        return { heldGrams: 0, eligibleGrams: 0, saleSeq: statement.lastSeq, asOfSeq: 0 };
      const judged = await judgeSale(now, await rulesOf(now, statement), sale);
      return judged && { ...judged, heldGrams: heldOf(sale) };
    });

  /** False where it is to be looked at again. */
  const hold = async (statement: Statement): Promise<boolean> => {
    const { id: statementId, lastSeq, grams, state } = statement;
    const judged = await judge(statement);
    if (judged === null) return false;
    const { heldGrams, eligibleGrams, saleSeq, asOfSeq } = judged;
    if (heldGrams < grams || (state === 'issued' && eligibleGrams < grams)) {
      const name = `statement ${statementId} ${lastSeq} ${heldGrams} ${eligibleGrams}`;
      const key = { id: keyedUuid(keyring.idempotency, name), fingerprint: keyring.fingerprint(name) };
      const input = { statementId, heldGrams, eligibleGrams, saleSeq, asOfSeq };
      try {
        await door.record(recheck, input, PROGRAMME, key);
      } catch (error) {
        // Ended or changed meanwhile: it is looked at again as it is then.
        if (!(error instanceof DomainError) || error.kind === 'unavailable') throw error;
        return false;
      }
    }
    await pool.query(
      `INSERT INTO statement_checks VALUES ($1, $2)
       ON CONFLICT (statement_id) DO UPDATE SET seq = GREATEST(statement_checks.seq, EXCLUDED.seq)`,
      [statementId, Math.max(asOfSeq, saleSeq)],
    );
    return true;
  };

  const follower: Follower = new Follower({
    name: 'statements',
    pool,
    keyring,
    onError,
    concerns: (type) => type !== WEIGH_IN,
    project: async (client, facts) => {
      newest = facts.at(-1)!.seq;
      // What a certificate covers says something of every statement that demands one.
      if (facts.some(({ type }) => type.startsWith('external-certificate.')))
        await client.query('DELETE FROM statement_checks');
      // What came up while one was reviewed suspended nothing: from now on it does.
      const issued = facts.filter(({ type }) => ISSUING.includes(type)).map(({ data }) => data.statementId);
      if (issued.length > 0)
        await client.query('DELETE FROM statement_checks WHERE statement_id = ANY($1::uuid[])', [issued]);
    },
    after: async () => {
      const [here, now] = [follower.position - 1, clock()];
      const due = here > lookedUpTo && now - lookedAt >= LOOK_MS;
      if (lookedUpTo >= newest && !due) return;
      const upTo = due ? here : newest;
      if (!(await provenance.reaches(upTo))) return;
      const touched = await touchedStatements(db, AT_ONCE);
      let all = touched.length < AT_ONCE;
      for (const statement of touched) all = (await hold(statement)) && all;
      if (all) [lookedUpTo, lookedAt] = [upTo, now];
    },
  });
  return follower;
};
