import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { additionText, idOf, retirementText } from '../../src/ledger/key-history.ts';
import { NoteSigner, signNote } from '../../src/ledger/log-key.ts';
import { formatKey } from '../../src/ledger/note.ts';

type Files = { ledgerOrigin: string; ledgerKeyFile: string };

const seedIn = (file: string): Buffer => Buffer.from(readFileSync(file, 'utf8').trim(), 'hex');

/** The key the log was founded with, from its file. */
export const firstSigner = ({ ledgerOrigin, ledgerKeyFile }: Files): NoteSigner =>
  new NoteSigner(ledgerOrigin, seedIn(ledgerKeyFile));

/** A new key of the log that older ones vouch for; `keep` puts its file beside theirs. */
export const newLogKey = (config: Files, older: readonly NoteSigner[] = [firstSigner(config)]) => {
  const seed = randomBytes(32);
  const signer = new NoteSigner(config.ledgerOrigin, seed);
  const id = idOf(signer.key);
  const file = `${config.ledgerKeyFile}.${id}`;
  return {
    id,
    signer,
    seed,
    file,
    keep: () => existsSync(file) || writeFileSync(file, `${seed.toString('hex')}\n`, { mode: 0o600 }),
    body: {
      logKey: formatKey(signer.key),
      note: signNote(additionText(signer.key), [...older, signer]),
    },
  };
};

/** What a retirement is asked with. */
export const retirementOf = (
  old: NoteSigner,
  successor: NoteSigner,
  by: readonly NoteSigner[] = [old],
): { successor: string; note: string } => ({
  successor: idOf(successor.key),
  note: signNote(retirementText(old.key, successor.key), by),
});
