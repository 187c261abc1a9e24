import type pg from 'pg';
import { toHex } from '../kernel/hash.ts';
import type { AnyFact } from '../ledger/fact.ts';
import type { Keyring } from '../ledger/private-store.ts';
import { openParticulars } from '../registry/people.particulars.ts';
import { personAccounts } from './anomalies.tables.ts';
import { saveRows } from './memory.ts';

/** The person whose account may have changed by the fact; undefined where none did. */
const changedBy = ({ type, people: [named] }: AnyFact): string | undefined => {
  if (named == null) return undefined;
  const changed =
    type === 'collector.registered.v1' ||
    (type === 'collector.changed.v1' && (named.part.changed as string[]).includes('account'));
  return changed ? named.personId : undefined;
};

/**
 * Everybody paid to the account that the fact named, by a hash under a key outside the database; empty where it named
 * none. An account is read as it is kept now: it stands in no fact, and so no replay knows it.
 */
export const peopleOfAccount = async (
  client: pg.PoolClient,
  keyring: Keyring,
  fact: AnyFact,
): Promise<string[]> => {
  const personId = changedBy(fact);
  if (personId === undefined) return [];
  const { rows } = await client.query<{ wrappedKey: Buffer | null; sealed: Buffer | null }>(
    'SELECT wrapped_key AS "wrappedKey", sealed FROM people WHERE id = $1',
    [personId],
  );
  const account = rows[0] === undefined ? undefined : openParticulars(keyring, rows[0])?.account;
  if (account === undefined) {
    await client.query('DELETE FROM person_accounts WHERE person_id = $1', [personId]);
    return [];
  }
  const number = account.number.replace(/[\s-]/g, '').toUpperCase();
  const accountHash = toHex(keyring.identityHash(`account ${account.kind}`, number));
  await saveRows(client, personAccounts, [{ personId, accountHash }], 'person_id');
  const same = await client.query<{ id: string }>(
    'SELECT person_id AS id FROM person_accounts WHERE account_hash = $1 ORDER BY person_id LIMIT 100',
    [accountHash],
  );
  return same.rows.map(({ id }) => id);
};
