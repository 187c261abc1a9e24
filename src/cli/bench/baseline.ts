import { randomBytes, randomUUID } from 'node:crypto';
import pg from 'pg';
import { sha256 } from '../../kernel/hash.ts';
import type { Place } from './place.ts';

/** What the same PostgreSQL does without us. Every call is one durable transaction with one new row. */
export type Baseline = {
  /** One row of 600 bytes under a unique id, autocommit. */
  insert(): Promise<unknown>;
  /** The same, chained by a trigger that takes an advisory lock. */
  insertByTrigger(): Promise<unknown>;
  /** The same, chained by the client: lock the head row, hash, insert, move the head. */
  insertByClient(): Promise<unknown>;
  close(): Promise<void>;
};

export const BASELINE_CONNECTIONS = 64;
const BODY = randomBytes(290).toString('hex');

const SCHEMA = `
  CREATE SCHEMA bench;
  CREATE TABLE bench.plain (id uuid PRIMARY KEY, body text NOT NULL);
  CREATE TABLE bench.chained (seq int8 PRIMARY KEY, id uuid NOT NULL UNIQUE, body text NOT NULL, hash bytea NOT NULL);
  CREATE TABLE bench.chain_head (id boolean PRIMARY KEY, seq int8 NOT NULL, hash bytea NOT NULL);
  CREATE TABLE bench.locked (seq int8 PRIMARY KEY, id uuid NOT NULL UNIQUE, body text NOT NULL, hash bytea NOT NULL);
  CREATE TABLE bench.locked_head (id boolean PRIMARY KEY, seq int8 NOT NULL, hash bytea NOT NULL);
  INSERT INTO bench.chain_head VALUES (true, 0, '');
  INSERT INTO bench.locked_head VALUES (true, 0, '');
  CREATE FUNCTION bench.chain() RETURNS trigger LANGUAGE plpgsql AS $$
  DECLARE last bench.chain_head;
  BEGIN
    PERFORM pg_advisory_xact_lock(42);
    SELECT * INTO last FROM bench.chain_head;
    NEW.seq := last.seq + 1;
    NEW.hash := sha256(last.hash || convert_to(NEW.id || NEW.body, 'UTF8'));
    UPDATE bench.chain_head SET seq = NEW.seq, hash = NEW.hash;
    RETURN NEW;
  END $$;
  CREATE TRIGGER chain BEFORE INSERT ON bench.chained FOR EACH ROW EXECUTE FUNCTION bench.chain();`;

export const openBaseline = async (place: Place): Promise<Baseline> => {
  const pool = new pg.Pool({ connectionString: place.ownerUrl, max: BASELINE_CONNECTIONS });
  // A connection the server ends must not end the process.
  pool.on('error', () => undefined);
  await pool.query(SCHEMA);
  // As fast as node-postgres goes: the statement is prepared once on each connection.
  const insertInto = (table: string) => () =>
    pool.query({
      name: table,
      text: `INSERT INTO bench.${table} (id, body) VALUES ($1, $2)`,
      values: [randomUUID(), BODY],
    });
  return {
    insert: insertInto('plain'),
    insertByTrigger: insertInto('chained'),
    insertByClient: () => chainByClient(pool),
    close: () => pool.end(),
  };
};

const chainByClient = async (pool: pg.Pool): Promise<void> => {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    const { rows } = await client.query<{ seq: string; hash: Buffer }>({
      name: 'lock',
      text: 'SELECT seq, hash FROM bench.locked_head FOR UPDATE',
    });
    const [id, seq] = [randomUUID(), Number(rows[0]!.seq) + 1];
    const hash = sha256(Buffer.concat([rows[0]!.hash, Buffer.from(id + BODY)]));
    await client.query({
      name: 'append',
      text: 'INSERT INTO bench.locked VALUES ($1, $2, $3, $4)',
      values: [seq, id, BODY, hash],
    });
    await client.query({
      name: 'move',
      text: 'UPDATE bench.locked_head SET seq = $1, hash = $2',
      values: [seq, hash],
    });
    await client.query('COMMIT');
  } finally {
    client.release();
  }
};
