import type { Reader } from '../db/reader.ts';
import { opensAlways } from '../http/ledger.routes.ts';
import type { WriteDeps } from '../http/route.ts';
import { type Clock, dayIn } from '../kernel/time.ts';
import { pointersOf } from '../ledger/bundle.ts';
import type { MayOpen } from '../ledger/bundling.ts';
import type { Entry } from '../ledger/entry.ts';
import type { Caller } from '../ledger/fact.ts';
import { type Queryable, readEntriesAt } from '../ledger/store.ts';
import { isInTime, noteOpeningsRead } from './audits.operations.ts';
import type { Audit } from './audits.tables.ts';

export type OpeningDeps = WriteDeps & {
  pool: Queryable;
  db: Reader;
  clock: Clock;
  programme: { timeZone: string };
};

/** Facts that name no site are looked for behind so many back-pointers, among so many entries. */
const DEPTH = 3;
const MOST_BEHIND = 2_000;

/** Sites an entry's public part names itself. */
export const sitesNamedIn = (data: Entry['data']): string[] => {
  const found: string[] = [];
  const walk = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    for (const [name, member] of Object.entries(value)) {
      if (/(^s|S)iteIds?$/.test(name))
        found.push(...[member].flat().filter((id): id is string => typeof id === 'string'));
      walk(member);
    }
  };
  walk(data);
  return found;
};

/** The day an entry is about: its own where it says one, else the day it was recorded. */
export const dayOf = ({ data, at }: Entry, timeZone: string): string =>
  typeof data.day === 'string' ? data.day : dayIn(timeZone, Date.parse(at));

export type Scope = Pick<Audit, 'siteIds' | 'firstDay' | 'lastDay'>;
type Where = { sites: readonly string[]; day: string };

export const inScope = ({ siteIds, firstDay, lastDay }: Scope, { sites, day }: Where): boolean =>
  firstDay <= day && day <= lastDay && sites.some((site) => siteIds.includes(site));

/**
 * Where and when each entry belongs, by position: its own sites and day, or, where it names no site, those of the facts it points
 * back to, so that a correction or a case is seen by whoever may see what it is about.
 */
const placesOf = async (
  pool: Queryable,
  entries: readonly Entry[],
  timeZone: string,
): Promise<Map<number, Where[]>> => {
  const known = new Map(entries.map((entry) => [entry.seq, entry]));
  const behind = (entry: Entry): number[] =>
    sitesNamedIn(entry.data).length > 0
      ? []
      : [...new Set(pointersOf(entry.data).map(({ seq }) => seq))].filter((seq) => seq < entry.seq);
  let edge: readonly Entry[] = entries;
  for (let depth = 0; depth < DEPTH && edge.length > 0; depth++) {
    const wanted = [...new Set(edge.flatMap(behind))].filter((seq) => !known.has(seq));
    const room = Math.max(0, MOST_BEHIND + entries.length - known.size);
    const found = await readEntriesAt(pool, wanted.slice(0, room));
    edge = found.map(({ bytes }) => JSON.parse(bytes.toString('utf8')) as Entry);
    for (const entry of edge) known.set(entry.seq, entry);
  }
  const whereOf = (entry: Entry, depth: number): Where[] => {
    const sites = sitesNamedIn(entry.data);
    if (sites.length > 0) return [{ sites, day: dayOf(entry, timeZone) }];
    if (depth === 0) return [];
    return behind(entry).flatMap((seq) => {
      const next = known.get(seq);
      return next === undefined ? [] : whereOf(next, depth - 1);
    });
  };
  return new Map(entries.map((entry) => [entry.seq, whereOf(entry, DEPTH)]));
};

/** Audits under which the caller may open private parts now, oldest first. */
export const auditsInTime = async (
  { db, clock }: Pick<OpeningDeps, 'db' | 'clock'>,
  caller: Caller,
): Promise<Audit[]> => {
  if (caller.role !== 'auditor') return [];
  const now = clock();
  const rows = await db
    .withTables<{ audits: Audit }>()
    .selectFrom('audits')
    .selectAll()
    .where('auditorId', '=', caller.organisationId)
    .where('state', '=', 'open')
    .where('opensAt', '<=', now)
    .where('closesAt', '>', now)
    .orderBy('seq')
    .execute();
  return rows.filter((audit) => isInTime(audit, now));
};

/** Writes down, as a fact, what an auditor is about to see. */
export const writeDownRead = async (
  deps: WriteDeps,
  caller: Caller,
  auditId: string,
  entries: readonly number[],
): Promise<void> => {
  if (entries.length === 0) return;
  const id = deps.newId();
  const key = { id, fingerprint: deps.keyring.fingerprint(`${noteOpeningsRead.name} ${id}`) };
  await deps.door.record(noteOpeningsRead, { auditId, entries: [...entries] }, caller, key);
};

/**
 * What a caller may open: the operator everything, others what their own organisation recorded, an auditor beside that what
 * lies within an audit of his, or tells of it, in its time; and that is a fact before it is shown.
 */
export const auditedOpenings =
  (deps: OpeningDeps): MayOpen =>
  async (caller, entries) => {
    const may = new Set(entries.filter(({ actor }) => opensAlways(caller, actor)).map(({ seq }) => seq));
    const rest = entries.filter(({ seq, data }) => !may.has(seq) && data.sealed !== undefined);
    if (rest.length === 0) return may;
    const audits = await auditsInTime(deps, caller);
    if (audits.length === 0) return may;
    const places = await placesOf(deps.pool, rest, deps.programme.timeZone);
    for (const audit of audits) {
      const covered = rest
        .filter(({ seq }) => !may.has(seq))
        .filter(
          ({ seq, data }) =>
            data.auditId === audit.id || places.get(seq)!.some((where) => inScope(audit, where)),
        )
        .map(({ seq }) => seq);
      await writeDownRead(deps, caller, audit.id, covered);
      for (const seq of covered) may.add(seq);
    }
    return may;
  };
