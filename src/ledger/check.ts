import { type Hash, sha256, toHex } from '../kernel/hash.ts';
import type { Entry } from './entry.ts';
import type { Keyring } from './private-store.ts';
import { openSeal } from './sealing.ts';
import { type Openings, type Queryable, readEntries, readHead, readOpenings } from './store.ts';
import { LedgerFault, Verifier } from './verify.ts';

export type Verified = { size: number; leafHash: string; root: string; openings: number; erased: number };

const STEP = 2_000;

/**
 * Recomputes everything a database says of its ledger: bytes, leaf hashes, chain, head, and with the keyring that
 * every opening fits its seal. Throws the LedgerFault of the first position where it does not.
 */
export const verifyDatabase = async (
  db: Queryable,
  keyring: Keyring | undefined,
  progress: (size: number) => void = () => undefined,
): Promise<Verified> => {
  const head = await readHead(db);
  const verifier = new Verifier(sha256);
  let [openings, erased] = [0, 0];
  while (verifier.size < head.size) {
    const from = verifier.size;
    const entries = (await readEntries(db, from, STEP)).filter((e) => e.seq < head.size);
    if (entries.length === 0) break;
    const found = keyring && (await readOpenings(db, keyring, from, entries.at(-1)!.seq + 1));
    for (const { bytes, leaf, seq } of entries) {
      if (seq !== verifier.size) throw new LedgerFault(verifier.size, 'wrong-seq', `entry ${seq} stands in its place`);
      const entry = verifier.feed(bytes, leaf);
      if (found === undefined) continue;
      const checked = checkOpenings(sha256, entry, found.get(seq));
      openings += checked.opened;
      erased += checked.erased;
    }
    progress(verifier.size);
  }
  verifier.expectHead(head);
  return { size: verifier.size, leafHash: verifier.leaf, root: verifier.root(), openings, erased };
};

/** Whether an entry's private parts are what it committed to; a person's part may have been erased. */
export const checkOpenings = (
  hash: Hash,
  entry: Entry,
  openings: Openings | undefined,
): { opened: number; erased: number } => {
  const { sealed } = entry.data as { sealed?: string };
  if (sealed === undefined) return { opened: 0, erased: 0 };
  if (openings?.main == null) throw new LedgerFault(entry.seq, 'wrong-seal', 'its opening is missing');
  const main = openSeal(hash, sealed, openings.main) as { personSeals?: string[] } | null;
  if (main === null) throw new LedgerFault(entry.seq, 'wrong-seal', 'its opening does not fit its seal');
  let [opened, erased] = [1, 0];
  for (const [part, personSeal] of (main.personSeals ?? []).entries()) {
    const opening = openings.people.find((p) => p.part === part)?.opening;
    if (opening == null) erased++;
    else if (toHex(hash(opening)) !== personSeal)
      throw new LedgerFault(entry.seq, 'wrong-seal', `the opening of part ${part} does not fit its seal`);
    else opened++;
  }
  return { opened, erased };
};
