import { sql } from 'kysely';
import type { Reader } from '../db/reader.ts';
import type { Caller } from '../ledger/fact.ts';
import { maySee } from '../registry/access.ts';
import type { Mark } from './marks.tables.ts';

const marksOf = (db: Reader) => db.withTables<{ marks: Mark }>().selectFrom('marks').selectAll();

export const findMark = async (db: Reader, id: string): Promise<Mark | undefined> =>
  marksOf(db).where('id', '=', id).executeTakeFirst();

/** Marks the caller oversees or is concerned by, in ledger order; one more than `limit`. */
export const listMarks = async (
  db: Reader,
  caller: Caller,
  filter: {
    state?: Mark['state'] | undefined;
    siteId?: string | undefined;
    code?: string | undefined;
    subjectId?: string | undefined;
    lotId?: string | undefined;
  },
  after: number,
  limit: number,
): Promise<Mark[]> => {
  let query = marksOf(db).where('place', '>', after);
  if (filter.state !== undefined) query = query.where('state', '=', filter.state);
  if (filter.siteId !== undefined) query = query.where('siteId', '=', filter.siteId);
  if (filter.code !== undefined) query = query.where('code', '=', filter.code);
  if (filter.subjectId !== undefined) query = query.where('subjectId', '=', filter.subjectId);
  if (filter.lotId !== undefined)
    query = query.where(sql<boolean>`(subject_id = ${filter.lotId} OR lot_ids::jsonb ? ${filter.lotId})`);
  if (!maySee(caller, '', null))
    query = query.where(
      sql<boolean>`(organisation_id = ${caller.organisationId} OR organisation_ids::jsonb ? ${caller.organisationId})`,
    );
  if (caller.siteIds !== null) query = query.where('siteId', 'in', [...caller.siteIds]);
  return query
    .orderBy('place')
    .limit(limit + 1)
    .execute();
};

/** What was cleared, of subjects one fact each: whether a mark it came with, on the whole or on one pollutant, is. */
export const clearedMarks = async (
  db: Reader,
  subjectIds: readonly string[],
): Promise<(subjectId: string, code: string, material?: string) => boolean> => {
  if (subjectIds.length === 0) return () => false;
  const rows = await marksOf(db)
    .where('subjectId', 'in', subjectIds)
    .where('state', '=', 'cleared')
    .execute();
  const nameOf = (subjectId: string, code: string, material: string | null = null) =>
    `${subjectId} ${code} ${material ?? ''}`;
  const cleared = new Set(rows.map((row) => nameOf(row.subjectId, row.code, row.material)));
  return (...asked) => cleared.has(nameOf(...asked));
};

/** Marks by what they are about: those recorded with the fact, without the cleared, with those set since. */
export const openMarks = async (
  db: Reader,
  subjects: readonly { id: string; recorded: readonly string[] }[],
): Promise<Map<string, string[]>> => {
  const rows =
    subjects.length === 0
      ? []
      : await marksOf(db)
          .where(
            'subjectId',
            'in',
            subjects.map(({ id }) => id),
          )
          .orderBy('seq')
          .execute();
  return new Map(
    subjects.map(({ id, recorded }) => {
      const own = rows.filter((row) => row.subjectId === id);
      const cleared = own.filter(({ state }) => state === 'cleared').map(({ code }) => code);
      const open = own.filter(({ state }) => state === 'open').map(({ code }) => code);
      return [id, [...new Set([...recorded.filter((code) => !cleared.includes(code)), ...open])]];
    }),
  );
};
