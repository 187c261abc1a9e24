import type pg from 'pg';
import type { PayoutHold, PayoutRail } from '../kernel/vocabulary.ts';
import type { Operation } from '../ledger/fact.ts';
import type { OrderLimits, OrderOperations } from './orders.operations.ts';
import { holdsOf, ordersWhere } from './payouts.queries.ts';
import type { PayoutOrder } from './payouts.tables.ts';

/** Orders taken in hand together. */
const AT_ONCE = 200;
/** Orders looked at together. */
const ROWS_AT_ONCE = 1_000;

type Follow = Parameters<OrderOperations['follow']['decide']>[1];
type Options = {
  pool: pg.Pool;
  orders: OrderOperations;
  limitsOf: (rail: PayoutRail) => OrderLimits | undefined;
  /** Through the door, as the programme; undefined where the door refused. */
  record: <Input, Answer extends object>(
    operation: Operation<Input, Answer>,
    input: Input,
  ) => Promise<Answer | undefined>;
};

/** What becomes of orders before they are sent, by what the tables say. */
export class UnsentOrders {
  private readonly options: Options;

  constructor(options: Options) {
    this.options = options;
  }

  /** Puts the same deed through for each of these orders, once; says for how many. */
  private async follow(
    orders: readonly PayoutOrder[],
    deeds: (order: PayoutOrder) => Omit<Follow, 'orderId' | 'lastSeq'>,
  ): Promise<number> {
    const done = orders.map((order) =>
      this.options.record(this.options.orders.follow, {
        orderId: order.id,
        lastSeq: order.lastSeq,
        ...deeds(order),
      }),
    );
    return (await Promise.all(done)).filter((answer) => answer !== undefined).length;
  }

  /** The orders a run's approval covers, some at a time. */
  async approve(): Promise<number> {
    const where = "o.state = 'draft' AND NOT o.alone AND r.state IN ('approved', 'submitted')";
    return this.follow(await ordersWhere(this.options.pool, where, [], AT_ONCE), () => ({ deed: 'approve' }));
  }

  /** What follows from people, payees and disputes, before anything is sent: erased, rejected, paid elsewhere, held. */
  async sweep(now: number): Promise<number> {
    const { pool } = this.options;
    const unsent = "o.state IN ('draft', 'held', 'approved')";
    let did = 0;
    const all = async (where: string, deeds: (order: PayoutOrder) => Omit<Follow, 'orderId' | 'lastSeq'>) => {
      for (let done = AT_ONCE; done === AT_ONCE; did += done)
        done = await this.follow(await ordersWhere(pool, `${unsent} AND ${where}`, [], AT_ONCE), deeds);
    };
    await all('o."personId" IS NULL', () => ({ deed: 'withdraw' }));
    await all("r.state = 'rejected'", () => ({ deed: 'reject' }));
    await all('EXISTS (SELECT FROM payees p WHERE p.person_id = o."personId" AND p.rail <> o.rail)', () => ({
      deed: 'withdraw',
    }));
    const { rows } = await pool.query<{ id: string; seq: number }>(
      `SELECT o.id, p.seq FROM payout_orders o JOIN payees p ON p.person_id = o.person_id
       WHERE ${unsent} AND p.seq <> o.payee_seq AND p.rail = o.rail`,
    );
    const seqs = new Map(rows.map(({ id, seq }) => [id, seq]));
    for (let i = 0; i < rows.length; i += AT_ONCE) {
      const some = rows.slice(i, i + AT_ONCE).map(({ id }) => id);
      const lapsed = await ordersWhere(pool, `${unsent} AND o.id = ANY($1::uuid[])`, [some], AT_ONCE);
      did += await this.follow(lapsed, ({ id }) => ({ deed: 'lapse', payeeSeq: seqs.get(id)! }));
    }
    return did + (await this.hold(now));
  }

  /** Holds what must not be sent now, releases what may again. What was held by hand stays. */
  private async hold(now: number): Promise<number> {
    const { pool } = this.options;
    let did = 0;
    for (let from = -1; ; ) {
      const found = await ordersWhere(
        pool,
        `o.state IN ('draft', 'held', 'approved') AND o."personId" IS NOT NULL AND o.seq > $1`,
        [from],
        ROWS_AT_ONCE,
      );
      if (found.length === 0) return did;
      from = found.at(-1)!.seq;
      did += await this.holdThese(found, now);
    }
  }

  /** @param found orders not sent, each of a person */
  async holdThese(found: readonly PayoutOrder[], now: number): Promise<number> {
    const people = found.map(({ personId }) => personId!);
    const standing = await holdsOf(this.options.pool, people, now);
    const holdsNow = ({ personId, holds, amount, rail }: PayoutOrder): PayoutHold[] => {
      const known = standing.get(personId!);
      const { nameFrom = Number.POSITIVE_INFINITY } = this.options.limitsOf(rail) ?? {};
      return [
        ...(known?.holds ?? []),
        ...(amount >= nameFrom && known?.named !== true ? (['identity'] as const) : []),
        ...holds.filter((hold) => hold === 'by-hand'),
      ];
    };
    const moved = found.filter((order) => holdsNow(order).join() !== order.holds.join());
    return this.follow(moved, (order) => {
      const holds = holdsNow(order);
      return { deed: holds.length > 0 ? 'hold' : 'release', holds };
    });
  }
}
