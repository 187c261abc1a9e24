import type pg from 'pg';
import type { AnyFact } from '../ledger/fact.ts';

const DAY_MS = 86_400_000;
/** No rule looks back further: the bound of its parameter. */
const FURTHEST_DAYS = 400;

const daysBetween = (from: string, to: string): number => (Date.parse(to) - Date.parse(from)) / DAY_MS;

type Check = { deviceId: string; day: string; seq: number };

/** When the scales that the facts weighed on last passed a check weight. */
export class Scales {
  private readonly checks: ReadonlyMap<string, Check[]>;
  private readonly withScale: ReadonlySet<string>;

  private constructor(withScale: ReadonlySet<string>, checks: ReadonlyMap<string, Check[]>) {
    this.withScale = withScale;
    this.checks = checks;
  }

  /** @param weighIns weigh-ins; those without a device take no part */
  static async load(client: pg.PoolClient, weighIns: readonly AnyFact[]): Promise<Scales> {
    const used = weighIns.filter((fact) => fact.private.deviceId !== undefined);
    if (used.length === 0) return new Scales(new Set(), new Map());
    const ids = [...new Set(used.map((fact) => fact.private.deviceId as string))];
    const { rows: scales } = await client.query<{ id: string }>(
      "SELECT id FROM devices WHERE id = ANY($1::uuid[]) AND scale IS NOT NULL AND scale::text <> 'null'",
      [ids],
    );
    const first = used.map(({ data }) => Date.parse(data.day)).reduce((a, b) => Math.min(a, b));
    const since = new Date(first - FURTHEST_DAYS * DAY_MS).toISOString().slice(0, 10);
    const { rows } = await client.query<Check>(
      `SELECT device_id AS "deviceId", day, min(seq) AS seq FROM check_weights
       WHERE passed AND device_id = ANY($1::uuid[]) AND day >= $2 GROUP BY device_id, day ORDER BY day DESC`,
      [scales.map(({ id }) => id), since],
    );
    return new Scales(
      new Set(scales.map(({ id }) => id)),
      Map.groupBy(rows, ({ deviceId }) => deviceId),
    );
  }

  /**
   * Whole days from the last check weight passed, on the day or before and recorded before the fact `seq`, to the day;
   * null: none; undefined: the device has no scale, or is unknown.
   */
  age(deviceId: string, day: string, seq: number): number | null | undefined {
    if (!this.withScale.has(deviceId)) return undefined;
    const last = this.checks.get(deviceId)?.find((check) => check.day <= day && check.seq < seq);
    return last === undefined ? null : daysBetween(last.day, day);
  }
}
