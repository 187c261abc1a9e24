import { open, readdir } from 'node:fs/promises';
import path from 'node:path';
import type { Config } from '../config.ts';
import { sha256, toHex } from '../kernel/hash.ts';
import { systemRandom } from '../kernel/system.ts';
import { KeyFiles, keyFileOf, readSeed } from '../ledger/key-files.ts';
import { additionText, idOf, type NamedKey, parseLogKey, retirementText } from '../ledger/key-history.ts';
import { NoteSigner, signNote } from '../ledger/log-key.ts';
import { formatKey, type NoteKey } from '../ledger/note.ts';
import { createApi } from './api.ts';
import { answer, type ExitCode, Failed, type Io, Misuse } from './io.ts';

export type LogKeyOptions = { url?: string; json?: boolean };

type Listed = { id: string; key: string; seq: number; retiredSeq: number | null };
type Written = { id: string; receipt: { seq: number } };

const toNamed = ({ key, seq, retiredSeq }: Listed): NamedKey => ({
  key: parseLogKey(sha256, key),
  seq,
  retiredSeq,
});

const connect = (options: LogKeyOptions, config: Config, io: Io) => {
  const api = createApi(io, config, options.url);
  const files = new KeyFiles(config.ledgerKeyFile);
  const named = async (): Promise<NamedKey[]> =>
    (await api.get<{ items: Listed[] }>('v1/ledger/keys')).items.map(toNamed);
  return { api, files, named };
};

const inUse = ({ retiredSeq }: NamedKey): boolean => retiredSeq === null;

/** Throws Failed, which says what is lost with the keys. */
const mustBeHere = (signers: readonly unknown[], file: string): void => {
  if (signers.length > 0) return;
  throw new Failed(
    `None of the log's private keys that could sign for this is here (${file}, and beside it): run this where the service keeps them, or put one back. A log whose keys are all lost stays as it was last signed, and gets no other key: found a new one, and keep a spare key elsewhere.`,
  );
};

/**
 * `blue-cycle log-key add`: makes a key in a file beside the first, and names it in the ledger with the signature of an
 * older one. From then on both sign. A file that an earlier try left is used again.
 */
export const addLogKey = async (options: LogKeyOptions, config: Config, io: Io): Promise<ExitCode> => {
  const { api, files, named } = connect(options, config, io);
  const keys = await named();
  const older = await files.signersOf(keys.filter(inUse));
  mustBeHere(older, files.file);
  const { signer, file } = await unusedKey(files.file, older[0]!.signer.key.name, keys);
  const signers = [older[0]!.signer, signer];
  const logKey = formatKey(signer.key);
  const added = await api.post<Written>('v1/ledger/keys', {
    logKey,
    note: signNote(additionText(signer.key), signers),
  });
  await answer(io, options.json, { ...added, key: logKey, file }, [
    `added ${added.id} (entry ${added.receipt.seq}); it signs checkpoints beside the older key`,
    `  its private part: ${file}; keep a copy where you keep that of the first`,
    `  tell witnesses the new key before you retire the old one: --log "${logKey}"`,
  ]);
  return 0;
};

/** A key of this name that the ledger does not name yet: one made before, or a new one, on the disk. */
const unusedKey = async (
  first: string,
  name: string,
  named: readonly NamedKey[],
): Promise<{ signer: NoteSigner; file: string }> => {
  const directory = path.dirname(first);
  const known = new Set(named.map(({ key }) => idOf(key)));
  for (const entry of await readdir(directory)) {
    const id = entry.startsWith(`${path.basename(first)}.`) ? entry.split('.').at(-1)! : '';
    if (!/^[0-9a-f]{8}$/.test(id) || known.has(id)) continue;
    const file = path.join(directory, entry);
    const signer = new NoteSigner(name, (await readSeed(file))!);
    if (idOf(signer.key) === id) return { signer, file };
  }
  const seed = systemRandom(32);
  const signer = new NoteSigner(name, seed);
  const file = keyFileOf(first, signer.key);
  const handle = await open(file, 'wx', 0o600);
  try {
    await handle.writeFile(`${toHex(seed)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  return { signer, file };
};

/** `blue-cycle log-key retire`: the checkpoint over this fact is the last the key signs; the successor goes on. */
export const retireLogKey = async (
  id: string,
  options: LogKeyOptions & { successor?: string },
  config: Config,
  io: Io,
): Promise<ExitCode> => {
  const { api, files, named } = connect(options, config, io);
  const keys = (await named()).filter(inUse);
  const old = keys.find(({ key }) => idOf(key) === id);
  if (old === undefined) throw new Misuse(`${id} is no key of the log that is in use; see log-key list`);
  const next = successorOf(old, keys, options.successor);
  const elders = await files.signersOf(keys.filter(({ seq }) => seq <= old.seq));
  mustBeHere(elders, files.file);
  const note = signNote(retirementText(old.key, next), [elders[0]!.signer]);
  const retired = await api.post<Written>(`v1/ledger/keys/${id}/retire`, { successor: idOf(next), note });
  await answer(io, options.json, retired, [
    `retired ${id} (entry ${retired.receipt.seq}); ${idOf(next)} signs from here on`,
  ]);
  return 0;
};

const successorOf = (old: NamedKey, keys: readonly NamedKey[], id: string | undefined): NoteKey => {
  const others = keys.filter((key) => key !== old);
  const next = id === undefined ? others.at(-1) : others.find(({ key }) => idOf(key) === id);
  if (next === undefined)
    throw new Misuse(
      id === undefined
        ? 'it is the only key of the log; make another first: log-key add'
        : `${id} is no other key of the log that is in use; see log-key list`,
    );
  return next.key;
};

/** `blue-cycle log-key list`: the keys the ledger names, and whether their private parts are here. */
export const listLogKeys = async (options: LogKeyOptions, config: Config, io: Io): Promise<ExitCode> => {
  const { files, named } = connect(options, config, io);
  const keys = await named();
  const here = (await files.signersOf(keys)).map((one) => one.named);
  const items = keys.map((key) => ({
    id: idOf(key.key),
    key: formatKey(key.key),
    seq: key.seq,
    retiredSeq: key.retiredSeq,
    here: here.includes(key),
  }));
  const line = (item: (typeof items)[number]): string =>
    `${item.id}  from entry ${item.seq}${item.retiredSeq === null ? '' : ` to entry ${item.retiredSeq}`}  ${item.here ? 'private part here' : 'private part elsewhere'}  ${item.key}`;
  await answer(io, options.json, { items }, items.map(line));
  return 0;
};
