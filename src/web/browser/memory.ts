import type { BundleVerdict, Remembered } from '../../verifier/index.ts';
import type { Checker } from './client.ts';
import { byId, code, count, make, pairs, text } from './elements.ts';

/** The log of this site as its bundle of entry 0 shows it, checked here. */
export type Log = {
  origin: string;
  /** Keys that sign now. */
  keys: string[];
  /** All keys it ever had, each vouched for by one before it from entry 0 on. */
  named: string[];
  size: number;
  root: string;
  /** It does not continue what this browser saw before. */
  alarm?: boolean;
};

const STORED = 'blue-cycle log';

/** What this browser remembers of the site's log; null on a first visit, or where nothing may be stored. */
export const remembered = (): Log | null => {
  try {
    const kept = JSON.parse(localStorage.getItem(STORED) ?? 'null') as Log | null;
    const isLog =
      Array.isArray(kept?.keys) && Number.isSafeInteger(kept?.size) && typeof kept?.root === 'string';
    return isLog ? kept : null;
  } catch {
    return null;
  }
};

const keep = (log: Log): void => {
  try {
    localStorage.setItem(STORED, JSON.stringify(log));
  } catch {
    // A private window remembers nothing; the rest works.
  }
};

/** Checkpoints that a log shown here must continue. */
export const rememberedOf = (): Remembered[] => {
  const log = remembered();
  return log === null ? [] : [{ size: log.size, root: log.root, origin: log.origin }];
};

/** Whether the site's log, as it was when `before` was seen, is the beginning of what it is now. */
export const isContinued = async (
  checker: Checker,
  before: Remembered,
  now: Remembered,
): Promise<boolean | null> => {
  if (before.size > now.size) return false;
  let proof: string[] = [];
  if (before.size < now.size) {
    const response = await fetch(`/v1/ledger/consistency?from=${before.size}&to=${now.size}`).catch(
      () => null,
    );
    // Refusing the proof is no proof; a server that is away is not a fork.
    if (response === null || response.status >= 500) return null;
    if (!response.ok) return false;
    ({ proof } = (await response.json()) as { proof: string[] });
  }
  const answer = await checker.ask({ kind: 'continues', before, now, proof });
  return answer.kind === 'continues' && answer.continues;
};

type State = 'firstVisit' | 'grown' | 'unchanged' | 'fork' | 'behind' | 'otherKey';

const stateOf = async (checker: Checker, before: Log | null, now: Log): Promise<State | null> => {
  if (before === null) return 'firstVisit';
  if (before.origin !== now.origin || !before.keys.some((key) => now.named.includes(key))) return 'otherKey';
  if (now.size < before.size) return 'behind';
  const isSame = await isContinued(checker, before, now);
  if (isSame === null) return null;
  if (!isSame) return 'fork';
  return now.size === before.size ? 'unchanged' : 'grown';
};

/**
 * Shows the site's log, held against what this browser saw before, and remembers it unless it does not continue that.
 * Returns it; null when the site does not answer, or what it says does not verify.
 */
export const showLog = async (checker: Checker): Promise<Log | null> => {
  const place = byId('log-state');
  const response = await fetch('/v1/ledger/entries/0/bundle', { cache: 'no-store' }).catch(() => null);
  if (response === null || !response.ok) {
    place.replaceChildren(text('offline'));
    return null;
  }
  const bytes = new Uint8Array(await response.arrayBuffer());
  const answer = await checker.ask({ kind: 'bundle', bytes });
  const verdict = (answer as { verdict: BundleVerdict }).verdict;
  if (verdict.verdict === 'invalid') {
    place.replaceChildren(make('p', 'alarm', text('badLog')));
    return null;
  }
  const { origin, keys, size, root, entries } = verdict;
  const named = entries.flatMap(({ data: { logKey } }) => (typeof logKey === 'string' ? [logKey] : []));
  const log = { origin, keys, named, size, root };
  const before = remembered();
  const state = await stateOf(checker, before, log);
  const isAlarm = state !== null && ['fork', 'behind', 'otherKey'].includes(state);
  if (state !== null && !isAlarm) keep(log);
  byId('log').classList.toggle('bad', isAlarm);
  place.replaceChildren(
    make('p', isAlarm ? 'alarm' : '', text(state ?? 'offline', { size: count(before?.size ?? 0) })),
    shown(log),
  );
  if (before !== null) place.append(forgetButton());
  return { ...log, alarm: isAlarm };
};

const shown = ({ origin, keys, size, root }: Log): HTMLElement =>
  pairs([
    [text('name'), code(origin)],
    ...keys.map((key) => [text('key'), code(key)] as const),
    [text('entries'), count(size)],
    [text('root'), code(root)],
  ]);

const forgetButton = (): HTMLElement => {
  const button = make('button', 'quiet', text('forget'));
  button.addEventListener('click', () => {
    localStorage.removeItem(STORED);
    location.reload();
  });
  return button;
};
