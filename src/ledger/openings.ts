import { type Hash, toHex } from '../kernel/hash.ts';
import type { Entry } from './entry.ts';
import { openSeal } from './sealing.ts';
import type { Openings } from './store.ts';
import { LedgerFault } from './verify.ts';

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
    const person = openings.people.find((p) => p.part === part);
    if (person === undefined)
      throw new LedgerFault(
        entry.seq,
        'wrong-seal',
        `the opening of part ${part} is missing, and was not erased`,
      );
    const { opening } = person;
    if (opening === null) erased++;
    else if (toHex(hash(opening)) !== personSeal)
      throw new LedgerFault(entry.seq, 'wrong-seal', `the opening of part ${part} does not fit its seal`);
    else opened++;
  }
  return { opened, erased };
};
