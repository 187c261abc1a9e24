import type { World } from '../ledger/world.ts';
import { type Case, cases } from './cases.tables.ts';

type Opened = Omit<Case, 'lastSeq' | 'proposal' | 'lossGrams' | 'state' | 'dueAt'> & { dueAt?: number };

/** The case that the fact `seq` opens: nobody proposed anything yet. `dueAt` in milliseconds since 1970. */
export const openCase = (world: World, { dueAt, ...opened }: Opened): void =>
  world.put(cases, {
    ...opened,
    lastSeq: opened.seq,
    proposal: null,
    lossGrams: null,
    state: 'open',
    dueAt: dueAt ?? null,
  });
