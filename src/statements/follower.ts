import type pg from 'pg';
import type { Reader } from '../db/reader.ts';
import { DomainError } from '../kernel/errors.ts';
import { keyedUuid } from '../kernel/ids.ts';
import type { Keyring } from '../ledger/private-store.ts';
import type { Door } from '../ledger/record.ts';
import { Follower } from '../provenance/follower.ts';
import { PROGRAMME } from '../registry/access.ts';
import type { InScope } from './eligibility.ts';
import { heldOf, statementOperations } from './statements.operations.ts';
import { findSale, judgeSale, rulesOf, touchedStatements } from './statements.queries.ts';
import type { Statement } from './statements.tables.ts';

const AT_ONCE = 100;

export type StatementFollowerOptions = {
  pool: pg.Pool;
  db: Reader;
  keyring: Keyring;
  door: Door;
  programme: { operatorId: string };
  /** Keeps what is known of lots. */
  provenance: { readonly position: number; reaches(seq: number, ms?: number): Promise<boolean> };
  inScope: InScope;
  onError: (error: Error) => void;
};

/**
 * Holds statements against what is known of their grams whenever that changes, wherever on their way a doubt arose: one
 * that states more than the scheme accepts is suspended, one that states more than is held is superseded, and no other
 * is touched (domain, "Corrections"). Each is written under a key that follows from its cause.
 */
export const statementFollower = (options: StatementFollowerOptions): Follower => {
  const { pool, db, keyring, door, programme, provenance, inScope, onError } = options;
  const { recheck } = statementOperations(programme);
  let mayTouch = true;

  const hold = async (statement: Statement): Promise<void> => {
    const { id: statementId, batchId, saleId, lastSeq } = statement;
    const asOfSeq = provenance.position - 1;
    const sale = await findSale(db, { batchId, saleId });
    if (sale !== undefined && !(await provenance.reaches(sale.lastSeq))) return;
    const judged = sale && (await judgeSale(db, await rulesOf(db, statement), sale, asOfSeq, inScope));
    const heldGrams = sale === undefined ? 0 : heldOf(sale);
    const eligibleGrams = judged?.eligibleGrams ?? 0;
    const saleSeq = sale?.lastSeq ?? lastSeq;
    const falls =
      heldGrams < statement.grams || (statement.state === 'issued' && eligibleGrams < statement.grams);
    if (falls) {
      const name = `statement ${statementId} ${lastSeq} ${heldGrams} ${eligibleGrams}`;
      const key = { id: keyedUuid(keyring.idempotency, name), fingerprint: keyring.fingerprint(name) };
      const input = { statementId, heldGrams, eligibleGrams, saleSeq, asOfSeq };
      try {
        await door.record(recheck, input, PROGRAMME, key);
      } catch (error) {
        // Ended or changed meanwhile: it is looked at again as it is then.
        if (!(error instanceof DomainError) || error.kind === 'unavailable') throw error;
      }
    }
    await pool.query(
      `INSERT INTO statement_checks VALUES ($1, $2)
       ON CONFLICT (statement_id) DO UPDATE SET seq = GREATEST(statement_checks.seq, EXCLUDED.seq)`,
      [statementId, Math.max(asOfSeq, sale?.lastSeq ?? 0)],
    );
  };

  return new Follower({
    name: 'statements',
    pool,
    keyring,
    onError,
    project: async (_client, facts) => {
      // A weigh-in alone says nothing of grams that were sold.
      mayTouch ||= facts.some(
        ({ type, data }) => type !== 'collection.recorded.v1' || data.count !== undefined,
      );
    },
    after: async () => {
      if (!mayTouch) return;
      mayTouch = false;
      try {
        const touched = await touchedStatements(db, AT_ONCE);
        for (const statement of touched) await hold(statement);
        mayTouch ||= touched.length > 0;
      } catch (error) {
        mayTouch = true;
        throw error;
      }
    },
  });
};
