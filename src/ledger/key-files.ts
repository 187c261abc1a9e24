import { readFile } from 'node:fs/promises';
import { sha256 } from '../kernel/hash.ts';
import { idOf, type NamedKey, parseLogKey } from './key-history.ts';
import { NoteSigner } from './log-key.ts';
import type { NoteKey } from './note.ts';
import type { Queryable } from './store.ts';

/** The keys the ledger names, the oldest first. */
export const readNamedKeys = async (db: Queryable): Promise<NamedKey[]> => {
  const { rows } = await db.query<{ key: string; seq: number; retired_seq: number | null }>(
    'SELECT key, seq, retired_seq FROM log_keys ORDER BY seq',
  );
  return rows.map(({ key, seq, retired_seq }) => ({
    key: parseLogKey(sha256, key),
    seq,
    retiredSeq: retired_seq,
  }));
};

/** The checkpoints that facts about keys stand under, up to so many entries. */
export const readKeyCheckpoints = async (
  db: Queryable,
  upTo = Number.MAX_SAFE_INTEGER,
): Promise<{ seq: number; note: string }[]> =>
  (
    await db.query<{ seq: number; note: string }>(
      'SELECT seq, note FROM key_checkpoints WHERE seq < $1 ORDER BY seq',
      [upTo],
    )
  ).rows;

/** Where the private part of a key lies: the first in the file itself, each later one beside it under its id. */
export const keyFileOf = (file: string, key: NoteKey): string => `${file}.${idOf(key)}`;

/** 32 bytes in hex, as a key file holds them. Throws an Error for another content; undefined without the file. */
export const readSeed = async (file: string): Promise<Buffer | undefined> => {
  let text: string;
  try {
    text = (await readFile(file, 'utf8')).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  if (!/^[0-9a-f]{64}$/.test(text)) throw new Error(`${file} must hold 64 lower-case hex digits`);
  return Buffer.from(text, 'hex');
};

/** The log's private keys as far as their files are here. They are looked for again until they are found. */
export class KeyFiles {
  readonly file: string;
  private readonly found = new Map<string, NoteSigner>();

  /** @param file of the first key; what it is called never changes, later keys lie beside it */
  constructor(file: string) {
    this.file = file;
  }

  async signerOf(key: NoteKey): Promise<NoteSigner | undefined> {
    const id = idOf(key);
    const known = this.found.get(id);
    if (known !== undefined) return known;
    for (const file of [this.file, keyFileOf(this.file, key)]) {
      const seed = await readSeed(file);
      if (seed === undefined) continue;
      const signer = new NoteSigner(key.name, seed);
      if (!Buffer.from(signer.key.publicKey).equals(key.publicKey)) continue;
      this.found.set(id, signer);
      return signer;
    }
    return undefined;
  }

  /** Of these keys, those whose files are here. */
  async signersOf(named: readonly NamedKey[]): Promise<{ named: NamedKey; signer: NoteSigner }[]> {
    const all = await Promise.all(
      named.map(async (one) => ({ named: one, signer: await this.signerOf(one.key) })),
    );
    return all.flatMap(({ named: one, signer }) => (signer === undefined ? [] : [{ named: one, signer }]));
  }
}

/** The newest key that is here and not retired. */
export const newestSigner = async (files: KeyFiles, db: Queryable): Promise<NoteSigner | undefined> => {
  const named = (await readNamedKeys(db)).filter(({ retiredSeq }) => retiredSeq === null);
  return (await files.signersOf(named)).at(-1)?.signer;
};
