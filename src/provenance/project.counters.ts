import type pg from 'pg';
import { insertSql, toArrays } from '../db/table.ts';
import { namedUuid } from '../kernel/ids.ts';
import type { AnyFact } from '../ledger/fact.ts';
import { PLACES } from '../lots/sources.tables.ts';
import { dueOf, overdue, see } from '../registry/counters.ts';
import { type DeviceLine, deviceLines } from '../registry/device-lines.tables.ts';
import { MARK_PLACES } from '../supervision/marks.tables.ts';
import { changeMarks } from './project.marks.ts';
import type { Projection } from './projection.ts';
import { sourceKey } from './shares.ts';

/** Marks this sets upon earlier facts at one fact, at the end of its places; what is more waits for the next. */
const MOST_MARKS = 16;

const columns = deviceLines.columns.map((c) => `${c.column} AS "${c.field}"`).join(', ');

/** Counter and key of a weigh-in whose signature fits; null for any other fact. */
export const attestedCounter = ({ type, data, private: more }: AnyFact) =>
  type === 'collection.recorded.v1' && more.attestation !== undefined && !data.marks.includes('not-attested')
    ? {
        deviceId: more.deviceId as string,
        deviceKey: (more.deviceKey ?? 0) as number,
        counter: more.counter as number,
      }
    : null;

/**
 * Judges the counters devices sign (ledger format, "Device attestation"). Uploads come in any order and late, so a
 * gap is marked upon the weigh-in after it only once it stood open for 30 days of the ledger's time, or its device was
 * closed; a mark goes by itself when the gap fills. Two weigh-ins under one counter are both marked at once.
 */
export class DeviceCounters {
  private readonly client: pg.PoolClient;
  private readonly projection: Projection;
  private readonly lines = new Map<string, DeviceLine>();
  private readonly touched = new Set<DeviceLine>();
  /** When the next gap is to be marked, of all lines; undefined until asked. */
  private due: number | undefined;
  private marksOfFact = 0;

  constructor(client: pg.PoolClient, projection: Projection) {
    this.client = client;
    this.projection = projection;
  }

  async read(fact: AnyFact): Promise<void> {
    this.marksOfFact = 0;
    this.due ??= await this.nextDue();
    const attested = attestedCounter(fact);
    if (attested !== null) await this.seeCounter(fact, attested);
    if (fact.type === 'device.closed.v1') await this.close(fact.private.deviceId);
    if (this.due <= fact.at) await this.markOverdue(fact);
  }

  async flush(): Promise<void> {
    const rows = [...this.touched];
    if (rows.length === 0) return;
    const set = deviceLines.columns.map(({ column }) => `${column} = excluded.${column}`).join(', ');
    await this.client.query({
      name: 'save device lines',
      text: `${insertSql(deviceLines, 1)} ON CONFLICT (device_id, device_key) DO UPDATE SET ${set}`,
      values: toArrays(deviceLines, rows),
    });
    this.touched.clear();
  }

  private async seeCounter(
    { seq, at, data }: AnyFact,
    { deviceId, deviceKey, counter }: { deviceId: string; deviceKey: number; counter: number },
  ): Promise<void> {
    const line = await this.lineOf(deviceId, deviceKey);
    const { repeated, filled } = see(line.runs, { counter, seq, lotId: data.lotId, at });
    if (repeated) {
      const first = await this.firstUnder(deviceId, deviceKey, counter);
      await this.mark(seq, first, 'counter-repeated');
      await this.mark(seq, { seq, lotId: data.lotId }, 'counter-repeated');
      return;
    }
    line.counter = Math.max(line.counter, counter);
    if (filled?.marked) await this.unmark(seq, filled);
    this.touch(line);
  }

  private async close(deviceId: string): Promise<void> {
    await this.loadLines('device_id = $1', [deviceId]);
    for (const line of this.lines.values()) {
      if (line.deviceId !== deviceId) continue;
      line.closed = true;
      this.touch(line);
    }
  }

  private async markOverdue({ seq, at }: AnyFact): Promise<void> {
    await this.loadLines('due <= $1', [at]);
    // Sorted, since a replay reads facts in other runs than the follower did.
    const due = [...this.lines.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, line]) => line);
    for (const line of due) {
      if (line.due === null || line.due > at) continue;
      for (const run of overdue(line.runs, line.closed, at, MOST_MARKS - this.marksOfFact)) {
        run.marked = true;
        await this.mark(seq, run, 'counter-gap');
      }
      this.touch(line);
    }
    await this.flush();
    this.due = await this.nextDue();
  }

  private touch(line: DeviceLine): void {
    line.due = dueOf(line.runs, line.closed);
    this.touched.add(line);
    if (line.due !== null && this.due !== undefined && line.due < this.due) this.due = line.due;
  }

  private async nextDue(): Promise<number> {
    await this.flush();
    const { rows } = await this.client.query<{ due: number | null }>({
      name: 'next counter gap due',
      text: 'SELECT min(due) AS due FROM device_lines WHERE due IS NOT NULL',
    });
    return rows[0]!.due ?? Number.POSITIVE_INFINITY;
  }

  private async lineOf(deviceId: string, deviceKey: number): Promise<DeviceLine> {
    const name = `${deviceId} ${deviceKey}`;
    if (!this.lines.has(name))
      await this.loadLines('device_id = $1 AND device_key = $2', [deviceId, deviceKey]);
    let line = this.lines.get(name);
    if (line === undefined) {
      line = { deviceId, deviceKey, counter: 0, runs: [], due: null, closed: false };
      this.lines.set(name, line);
    }
    return line;
  }

  /** Lines read once stay as this run of facts changed them. */
  private async loadLines(where: string, values: unknown[]): Promise<void> {
    await this.flush();
    const { rows } = await this.client.query<DeviceLine>(
      `SELECT ${columns} FROM device_lines WHERE ${where}`,
      values,
    );
    for (const row of rows) {
      const name = `${row.deviceId} ${row.deviceKey}`;
      if (!this.lines.has(name)) this.lines.set(name, row);
    }
  }

  /** The weigh-in that bore the counter first. */
  private async firstUnder(deviceId: string, deviceKey: number, counter: number) {
    await this.projection.flush();
    const { rows } = await this.client.query<{ key: number; lotId: string }>(
      `SELECT key, lot_id AS "lotId" FROM sources
       WHERE device_id = $1 AND device_key = $2 AND counter = $3 ORDER BY key LIMIT 1`,
      [deviceId, deviceKey, counter],
    );
    return { seq: Math.floor(rows[0]!.key / PLACES), lotId: rows[0]!.lotId };
  }

  /** Marks a weigh-in at the fact `by`, once. */
  private async mark(
    by: number,
    { seq, lotId }: { seq: number; lotId: string },
    code: string,
  ): Promise<void> {
    const { siteId, marks } = await this.projection.changeSource(sourceKey(seq, 0), () => ({}));
    if (marks.includes(code)) return;
    this.projection.addMark({
      id: markId(seq, code),
      place: by * MARK_PLACES + MARK_PLACES - 1 - this.marksOfFact++,
      seq,
      lastSeq: by,
      subjectKind: 'collection',
      subjectId: lotId,
      code,
      organisationId: await this.projection.ownerOf(siteId),
      siteId,
      state: 'open',
    });
    await changeMarks(this.projection, asMarked(by, seq, lotId), (before) => [...before, code]);
  }

  /** Takes the mark of a gap that filled away again, unless people cleared it meanwhile. */
  private async unmark(by: number, { seq, lotId }: { seq: number; lotId: string }): Promise<void> {
    const id = markId(seq, 'counter-gap');
    const { state } = await this.projection.changeMark(id, {});
    if (state === 'cleared') return;
    await this.projection.changeMark(id, { lastSeq: by, state: 'cleared' });
    await changeMarks(this.projection, asMarked(by, seq, lotId), (before) =>
      before.filter((code) => code !== 'counter-gap'),
    );
  }
}

const markId = (seq: number, code: string): string => namedUuid(`mark ${seq} ${code}`);

const asMarked = (by: number, seq: number, lotId: string) => ({
  seq: by,
  data: { subjectKind: 'collection', subjectId: lotId, seq },
});
