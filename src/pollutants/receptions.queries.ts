import type { Reader } from '../db/reader.ts';
import { toHex } from '../kernel/hash.ts';
import type { Caller } from '../ledger/fact.ts';
import { type Queryable, readEntry } from '../ledger/store.ts';
import { findAtSite } from '../registry/at-sites.queries.ts';
import { findById } from '../registry/registry.queries.ts';
import type { Site, Vessel } from '../registry/registry.tables.ts';
import { clearedMarks } from '../supervision/marks.queries.ts';
import type { Note } from './note.page.ts';
import { noteNumber } from './pollutants.ts';
import type { Reception } from './receptions.tables.ts';

export const RECEPTIONS = 'pollutantReceptions';

export const numberOf = ({ notePrefix, noteYear, noteRunning }: Reception): string =>
  noteNumber(notePrefix, noteYear, noteRunning);

/** Receptions as they are read: with their marks, less those that were cleared. The note keeps what it was given with. */
export const receptionViews = async (db: Reader, rows: readonly Reception[]) => {
  const cleared = await clearedMarks(
    db,
    rows.map(({ id }) => id),
  );
  return rows.map((row) => ({
    ...row,
    note: { number: numberOf(row) },
    marks: row.marks.filter((code) => !cleared(row.id, code)),
    items: row.items.map(({ mark, ...item }) =>
      mark === undefined || cleared(row.id, mark, item.material) ? item : { ...item, mark },
    ),
  }));
};

/** What the vessel is given; undefined when there is no such reception, or it is another's. */
export const findNote = async (
  deps: { db: Reader; pool: Queryable },
  caller: Caller,
  id: string,
): Promise<Note | undefined> => {
  const row = await findAtSite<Reception>(deps.db, RECEPTIONS, caller, id);
  if (row === undefined) return undefined;
  const [site, vessel, entry] = await Promise.all([
    findById(deps.db, 'sites', row.siteId) as Promise<Site>,
    row.vesselId === null
      ? undefined
      : (findById(deps.db, 'vessels', row.vesselId) as Promise<Vessel | undefined>),
    readEntry(deps.pool, row.seq),
  ]);
  return {
    number: numberOf(row),
    receptionId: row.id,
    receivedAt: row.receivedAt,
    site: { id: site.id, name: site.name },
    vessel: { name: vessel?.name ?? null, number: vessel?.number ?? row.vesselNumber },
    items: row.items,
    marks: row.marks,
    voided: row.voidReason !== null,
    seq: row.seq,
    leafHash: toHex(entry!.leaf),
  };
};
