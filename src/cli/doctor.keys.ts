import { stat } from 'node:fs/promises';
import type { Config } from '../config.ts';
import { KeyFiles, keyFileOf, readNamedKeys } from '../ledger/key-files.ts';
import { idOf } from '../ledger/key-history.ts';
import type { Queryable } from '../ledger/store.ts';

/** What one look finds. */
export type Check = { check: string; state: 'ok' | 'warn' | 'fail'; text: string };

/** Whether a key that may sign the log's checkpoints is here, and readable by its owner alone. */
export const logKeys = async ({ db, config }: { db: Queryable; config: Config }): Promise<Check> => {
  const check = 'log key';
  const files = new KeyFiles(config.ledgerKeyFile);
  const named = (await readNamedKeys(db)).filter(({ retiredSeq }) => retiredSeq === null);
  if (named.length === 0) return { check, state: 'ok', text: 'none yet; the first start makes it' };
  const here = await files.signersOf(named);
  if (here.length === 0) {
    const wanted = [files.file, ...named.map(({ key }) => keyFileOf(files.file, key))].join(' or ');
    return {
      check,
      state: 'fail',
      text: `none of the keys that sign checkpoints is here: restore ${wanted}. Without one the log stays as it was last signed, and gets no other key`,
    };
  }
  for (const file of [files.file, ...here.map(({ signer }) => keyFileOf(files.file, signer.key))]) {
    const mode = (await stat(file).catch(() => undefined))?.mode ?? 0;
    if ((mode & 0o077) !== 0)
      return {
        check,
        state: 'fail',
        text: `${file} has mode ${(mode & 0o777).toString(8)}: others may read it; chmod 600 ${file}`,
      };
  }
  const ids = here.map(({ signer }) => idOf(signer.key)).join(' and ');
  const elsewhere = named.length - here.length;
  const spare = elsewhere === 0 ? '' : `; ${elsewhere} more the ledger names, whose files lie elsewhere`;
  return { check, state: 'ok', text: `${ids} ${here.length === 1 ? 'signs' : 'sign'} checkpoints${spare}` };
};
