import { conflict, notFound, unprocessable } from '../kernel/errors.ts';
import { sha256 } from '../kernel/hash.ts';
import { draft, type Operation } from '../ledger/fact.ts';
import {
  additionText,
  idOf,
  isSignedOver,
  KEY_RETIRED,
  parseLogKey,
  retirementText,
} from '../ledger/key-history.ts';
import { verifyEd25519 } from '../ledger/log-key.ts';
import { NoteFault, type NoteKey, parseNote } from '../ledger/note.ts';
import type { World } from '../ledger/world.ts';
import { logKeyAdded, logKeyRetired } from './log-keys.facts.ts';
import { type LogKey, logKeys } from './log-keys.tables.ts';

const parsed = ({ key }: LogKey): NoteKey => parseLogKey(sha256, key);

/** The keys in use by which the note bears a signature, whether it fits or not. */
const signersOf = (world: World, source: string): LogKey[] => {
  let ids: string[];
  try {
    ids = parseNote(source).signatures.map(({ id }) => id.toString(16).padStart(8, '0'));
  } catch (error) {
    if (!(error instanceof NoteFault)) throw error;
    throw unprocessable('not_signed', '/note', `must be a signed note (C2SP signed-note): ${error.message}`);
  }
  world.need(logKeys, ids);
  return ids.flatMap((id) => world.get(logKeys, id) ?? []).filter(({ retiredSeq }) => retiredSeq === null);
};

const keyIn = (text: string): NoteKey => {
  try {
    return parseLogKey(sha256, text);
  } catch (error) {
    if (!(error instanceof NoteFault)) throw error;
    throw unprocessable('not_a_key', '/logKey', `must be a verifier key of a log: ${error.message}`);
  }
};

/** Names one more key of the log. Asked with what only a holder of an older key and of the new one can sign. */
export const addLogKey: Operation<{ logKey: string; note: string }, { id: string }> = {
  name: 'log-key.add',
  roles: ['operator'],
  status: 201,
  decide(world, { logKey, note }) {
    const key = keyIn(logKey);
    if (world.get(logKeys, idOf(key)) !== undefined)
      throw conflict('log_key_known', 'The log has a key of this id; make another.', { id: idOf(key) });
    const older = signersOf(world, note)
      .map(parsed)
      .filter(({ name }) => name === key.name);
    if (!isSignedOver(note, additionText(key), older, verifyEd25519, key))
      throw unprocessable(
        'not_signed',
        '/note',
        'must be signed by a key of the log that is in use and by the new one, over exactly the lines log-key.added.v1 and the new verifier key, which bears the log’s name',
      );
    return draft({ type: logKeyAdded, data: { logKey, note } });
  },
  answer: ({ data }) => ({ id: idOf(keyIn(data.logKey as string)) }),
};

/** Ends a key of the log: the checkpoint whose last entry is this fact is the last it signs. */
export const retireLogKey: Operation<{ id: string; successor: string; note: string }, { id: string }> = {
  name: 'log-key.retire',
  roles: ['operator'],
  status: 200,
  decide(world, { id, successor, note }) {
    world.need(logKeys, [id, successor]);
    const [old, next] = [world.get(logKeys, id), world.get(logKeys, successor)];
    if (old === undefined) throw notFound('key of the log');
    if (next === undefined || id === successor)
      throw unprocessable('unknown_log_key', '/successor', 'must be the id of another key of the log');
    for (const { id: retired, retiredSeq } of [old, next])
      if (retiredSeq !== null)
        throw conflict('log_key_retired', `The key ${retired} was retired.`, { id: retired, retiredSeq });
    const elders = signersOf(world, note).filter(({ seq }) => seq <= old.seq);
    if (!isSignedOver(note, retirementText(parsed(old), parsed(next)), elders.map(parsed), verifyEd25519))
      throw unprocessable(
        'not_signed',
        '/note',
        `must be signed by that key or an older one, over exactly the lines ${KEY_RETIRED}, its verifier key, and its successor’s`,
      );
    return draft({
      type: logKeyRetired,
      data: { logKey: old.key, successor: next.key, note },
    });
  },
  answer: ({ data }) => ({ id: idOf(keyIn(data.logKey as string)) }),
};
