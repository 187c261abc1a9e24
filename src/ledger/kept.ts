import { open, readFile, rename } from 'node:fs/promises';
import { toHex } from '../kernel/hash.ts';
import { type Checkpoint, parseCheckpoint } from './checkpoint.ts';
import type { NamedKey } from './key-history.ts';
import { verifyEd25519 } from './log-key.ts';
import { NoteFault, parseNote, verifyNote } from './note.ts';
import { same } from './proof.ts';
import type { Queryable } from './store.ts';
import type { Tree } from './tree.ts';

/** The checkpoint kept outside says something else than the database, or another key signed it. */
export class ForkFound extends Error {
  override name = 'ForkFound';
}

/**
 * The checkpoint kept outside the database, once the database was found to continue it; null when none is kept.
 * Throws ForkFound when it does not.
 */
export const keptOutside = async (
  db: Queryable,
  tree: Tree,
  file: string,
  named: readonly NamedKey[],
): Promise<{ size: number; note: string } | null> => {
  const note = await readNote(file);
  if (note === null) return null;
  const kept = read(file, note);
  const { rows } = await db.query<{ size: number }>('SELECT size FROM head');
  if (rows[0]!.size < kept.size)
    throw new ForkFound(
      `The database holds ${rows[0]!.size} entries, and a checkpoint over ${kept.size} was given out (${file}): bring back the newer database. For a new log take a new key and move that file away.`,
    );
  const root = await tree.root(kept.size);
  if (!same(root, kept.root))
    throw new ForkFound(
      `The first ${kept.size} entries have the root ${toHex(root)}, and ${toHex(kept.root)} was given out (${file}).`,
    );
  if (!isSigned(note, named)) throw strangers(file);
  return { size: kept.size, note };
};

const strangers = (file: string): ForkFound =>
  new ForkFound(`${file} was signed by another key than the log's.`);

const readNote = async (file: string): Promise<string | null> => {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
};

const read = (file: string, note: string): Checkpoint => {
  try {
    return parseCheckpoint(parseNote(note).text);
  } catch (error) {
    if (error instanceof NoteFault) throw strangers(file);
    throw error;
  }
};

const isSigned = (note: string, named: readonly NamedKey[]): boolean => {
  const keys = named.map(({ key }) => key);
  try {
    return verifyNote(parseNote(note), keys, verifyEd25519).length > 0;
  } catch (error) {
    if (error instanceof NoteFault) return false;
    throw error;
  }
};

/** Keeps the checkpoint; one that another process kept beyond it stays: the file is there for what was given out last. */
export const keepOutside = async (file: string, note: string): Promise<void> => {
  const before = await readNote(file);
  if (before !== null && read(file, before).size > read(file, note).size) return;
  await replaceFile(file, note);
};

/** Replaces the file as a whole, on the disk before it returns. */
export const replaceFile = async (file: string, text: string): Promise<void> => {
  const draft = `${file}.${process.pid}.part`;
  const handle = await open(draft, 'w', 0o644);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(draft, file);
};
