import { hash } from 'node:crypto';
import { sha256 } from '../../kernel/hash.ts';
import { readEntries } from '../../ledger/store.ts';
import { Verifier } from '../../ledger/verify.ts';
import type { Place } from './place.ts';
import { type Effort, interleave, ratioOf, type Sample, toSample } from './rounds.ts';
import { atLeast, type Row, row } from './rows.ts';

/** The check of canonical form, leaf, chain and time against one SHA-256 over the same bytes. */
export const measureVerify = async (
  place: Place,
  effort: Effort,
  limit: number,
  progress: (text: string) => void,
): Promise<Row> => {
  const entries = await readEntries(place.deps.pool, 0, limit);
  const timed =
    (pass: () => void) =>
    async (ms: number): Promise<Sample> => {
      let passes = 0;
      const start = performance.now();
      while (passes === 0 || performance.now() - start < ms) {
        pass();
        passes++;
      }
      const elapsed = performance.now() - start;
      return toSample([elapsed / (passes * entries.length)], elapsed, passes * entries.length);
    };
  const found = await interleave(
    effort,
    [
      {
        name: 'hash',
        run: timed(() => {
          for (const { bytes } of entries) hash('sha256', bytes, 'buffer');
        }),
      },
      {
        name: 'verify',
        run: timed(() => {
          const verifier = new Verifier(sha256);
          for (const { bytes, leaf } of entries) verifier.feed(bytes, leaf);
        }),
      },
    ],
    progress,
  );
  return row(
    'Verify (canonical form, leaf, chain) against one SHA-256 an entry',
    `${entries.length} entries`,
    {
      callers: 1,
      ours: found.verify.perSecond,
      baseline: found.hash.perSecond,
      ...atLeast(ratioOf(found.verify, found.hash), 0.25),
    },
  );
};
