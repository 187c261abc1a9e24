import { connectionLost } from '../db/errors.ts';
import { conflict, DomainError } from '../kernel/errors.ts';
import type { IdRow } from './tables.ts';
import type { EntryTooLong } from './turn.ts';

/** Somebody else wrote since we left the head: the turn runs again, holding the lock. */
export class HeadMoved extends Error {}

/** What was asked may have landed or not: the same commands go first again, and their keys tell. */
export class ConnectionLost extends Error {}

/** Throws unless a known key is repeated by its owner with the same content. */
export const checkRepeat = (
  known: IdRow,
  command: { caller: { organisationId: string }; key: { fingerprint: Buffer } },
): void => {
  if (known.owner !== command.caller.organisationId)
    throw conflict('id_taken', 'This id is in use; choose another.');
  if (!known.fingerprint.equals(command.key.fingerprint))
    throw conflict(
      'idempotency_conflict',
      'This id was recorded with another content; a new fact needs a new id.',
      {
        seq: known.seq,
      },
    );
};

export const unavailable = (code: string, message: string): DomainError =>
  new DomainError('unavailable', code, message);

export const tooLong = (error: EntryTooLong): DomainError =>
  new DomainError(
    'too_large',
    'fact_too_long',
    `The fact would be ${error.bytes} bytes, more than 65,535; consolidate lots first and name fewer.`,
  );

/** Lock and statement time-outs, a server out of resources, a transaction that broke on the way. */
const BUSY = /^(55P03|57014|53|25P0|40001|40P01)/;

/** A database error in the door's terms: what to do about it, and what the caller is told. */
export const translate = (error: Error & { code?: string }): Error => {
  const code = error.code ?? '';
  if (code === 'BC001') return new HeadMoved(error.message);
  if (code === 'BC002')
    return unavailable(
      'clocks_disagree',
      'The clocks of service and database disagree; nothing is written until they agree.',
    );
  if (BUSY.test(code))
    return unavailable(
      'database_busy',
      'The database is too busy or out of room; ask again with the same id.',
    );
  // A key that was not looked up turned out to be known: the locked turn looks it up.
  if (code === '23505' && (error as { table?: string }).table === 'ids') return new HeadMoved(error.message);
  return connectionLost(error) ? new ConnectionLost(error.message, { cause: error }) : error;
};
