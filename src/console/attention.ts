import type { Reader } from '../db/reader.ts';
import { dayIn } from '../kernel/time.ts';
import type { Queryable } from '../ledger/store.ts';
import { type Ask, Refused } from './asking.ts';
import { marksOf, recordedAll, sitesToLookAt } from './console.queries.ts';
import type { Section } from './parts.ts';
import type { TextName } from './texts.ts';

/** More are counted as so many; the list itself shows all, page by page. */
export const MOST_COUNTED = 500;
/** Sites looked at for what stands too long. */
export const MOST_SITES = 25;

/** One line of what needs attention. */
export type Line = {
  name: TextName;
  section: Section;
  /** What of the section is meant, as its page is asked for it. */
  query: string;
  count: number;
  /** Whether there are more than were counted. */
  more: boolean;
  /** When the oldest began, in milliseconds; null where that is not known. */
  since: number | null;
};

// biome-ignore lint/suspicious/noExplicitAny: an item of whatever list was asked for
type Items = { items: any[]; more: boolean };

/** undefined where the role may not look. */
const readable = async <T>(asked: Promise<T>): Promise<T | undefined> => {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof Refused && [403, 404].includes(error.problem.status)) return undefined;
    throw error;
  }
};

const listOf = async (ask: Ask, url: string): Promise<Items | undefined> => {
  const page = await readable(ask.get(`${url}${url.includes('?') ? '&' : '?'}limit=${MOST_COUNTED}`));
  return page === undefined ? undefined : { items: page.items, more: page.nextCursor !== null };
};

export type AttentionDeps = { db: Reader; pool: Queryable };
/** Counted before it is known when its oldest entry was recorded. */
type Counted = Omit<Line, 'since'> & { oldestSeq: number | null };

const lineOf = (name: TextName, section: Section, query: string, { items, more }: Items): Counted => ({
  ...{ name, section, query, more },
  count: items.length,
  oldestSeq: items.length === 0 ? null : Math.min(...items.map(({ seq }) => seq)),
});

const ofCases = async (ask: Ask): Promise<Counted[]> => {
  const lines: Counted[] = [];
  for (const [state, name] of [
    ['open', 'casesOpen'],
    ['proposed', 'casesProposed'],
  ] as const) {
    const found = await listOf(ask, `/v1/cases?state=${state}`);
    if (found === undefined) return [];
    lines.push(lineOf(name, 'cases', `state=${state}`, found));
  }
  const overdue = await listOf(ask, '/v1/cases?overdue=true');
  const disputes = await listOf(ask, '/v1/cases?kind=dispute&state=open');
  return [
    ...lines,
    lineOf('casesOverdue', 'cases', 'overdue=true', overdue!),
    lineOf('disputes', 'cases', 'kind=dispute&state=open', disputes!),
  ];
};

/** Cleared or not, nothing of a mark is in another list: who proposed is looked up beside it. */
const ofMarks = async ({ db }: AttentionDeps, ask: Ask): Promise<Counted[]> => {
  const found = await listOf(ask, '/v1/marks?state=open');
  if (found === undefined) return [];
  const more = await marksOf(
    db,
    found.items.map(({ id }) => id),
  );
  const isProposed = ({ id }: { id: string }): boolean => (more.get(id)?.proposal ?? null) !== null;
  return [
    lineOf('marksOpen', 'marks', '', { ...found, items: found.items.filter((mark) => !isProposed(mark)) }),
    lineOf('marksProposed', 'marks', '', { ...found, items: found.items.filter(isProposed) }),
  ];
};

/** Lists whose items each wait for somebody. */
const LISTS = [
  ['statementsRequested', 'statements', 'state=requested', '/v1/statements?state=requested'],
  ['statementsInReview', 'statements', 'state=in-review', '/v1/statements?state=in-review'],
  ['statementsSuspended', 'statements', 'state=suspended', '/v1/statements?state=suspended'],
  ['runsDrafted', 'runs', 'state=drafted', '/v1/payout-runs?state=drafted'],
  ['runsApproved', 'runs', 'state=approved', '/v1/payout-runs?state=approved'],
  ['itemsOpen', 'reconciliation', '', '/v1/reconciliation/items?state=open'],
  ['itemsProposed', 'reconciliation', 'state=proposed', '/v1/reconciliation/items?state=proposed'],
  ['earningsWaiting', 'waiting', '', '/v1/provisional-earnings'],
  ['unanswered', 'declarations', '', '/v1/pollutant-declarations?state=unanswered'],
  ['notCollected', 'declarations', 'state=not-collected', '/v1/pollutant-declarations?state=not-collected'],
] as const;

/** Something that stands too long at a site. */
export type Stored = {
  site: string;
  material: string;
  grams: number;
  /** The day it came, or the oldest of it. */
  since: string;
  /** The day by which it should have left; null where the limit is told in days. */
  until: string | null;
  limitDays: number | null;
};
export type Storage = { pollutants: Stored[]; lots: Stored[]; more: boolean };

/** What stands too long, at the first so many sites: lots over a site's limits, pollutants past their day. */
export const storageNow = async ({ db }: AttentionDeps, ask: Ask, timeZone: string): Promise<Storage> => {
  const { limited, pollutants } = await sitesToLookAt(db, MOST_SITES + 1);
  const found: Storage = { pollutants: [], lots: [], more: false };
  found.more = limited.length > MOST_SITES || pollutants.length > MOST_SITES;
  for (const { id, name } of pollutants.slice(0, MOST_SITES)) {
    const stock = await readable(ask.get(`/v1/sites/${id}/pollutants`));
    for (const { material, grams, oldestDay, storeUntil, overdueSince } of stock?.items ?? [])
      if (overdueSince !== null)
        found.pollutants.push({
          ...{ site: name, material, grams, since: oldestDay, until: storeUntil, limitDays: null },
        });
  }
  for (const { id, name } of limited.slice(0, MOST_SITES)) {
    const ages = await readable(ask.get(`/v1/sites/${id}/stock-ages`));
    for (const { material, grams, since, limitDays, state } of ages?.alarms ?? [])
      if (state === 'lapsed')
        found.lots.push({
          ...{ site: name, material, grams, limitDays, until: null },
          since: dayIn(timeZone, Date.parse(since)),
        });
  }
  return found;
};

/** Everything that waits for somebody whom the caller may look after, with how many and since when. */
export const attention = async (deps: AttentionDeps, ask: Ask, timeZone: string): Promise<Line[]> => {
  const lines = [...(await ofCases(ask)), ...(await ofMarks(deps, ask))];
  for (const [name, section, query, url] of LISTS) {
    const found = await listOf(ask, url);
    if (found !== undefined) lines.push(lineOf(name, section, query, found));
  }
  const stored = await storageNow(deps, ask, timeZone);
  for (const [name, items] of [
    ['pollutantsOverdue', stored.pollutants],
    ['stockLapsed', stored.lots],
  ] as const)
    lines.push({
      name,
      section: 'storage',
      query: '',
      count: items.length,
      more: stored.more,
      oldestSeq: null,
    });
  const waiting = lines.filter(({ count }) => count > 0);
  const times = await recordedAll(
    deps.pool,
    waiting.flatMap(({ oldestSeq }) => oldestSeq ?? []),
  );
  return waiting.map(({ oldestSeq, ...line }) => ({
    ...line,
    since: oldestSeq === null ? null : (times.get(oldestSeq) ?? null),
  }));
};
