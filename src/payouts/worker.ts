import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { selectSql } from '../db/table.ts';
import { DomainError } from '../kernel/errors.ts';
import { keyedUuid } from '../kernel/ids.ts';
import type { Clock } from '../kernel/time.ts';
import type { PayoutHold, PayoutRail } from '../kernel/vocabulary.ts';
import type { AnyFact, Operation } from '../ledger/fact.ts';
import type { Keyring } from '../ledger/private-store.ts';
import type { Door } from '../ledger/record.ts';
import { nextStep, type Outcome, type OutcomeKind, type Rail, type Step } from '../rails/rail.ts';
import { PROGRAMME } from '../registry/access.ts';
import type { OrderLimits, OrderOperations } from './orders.operations.ts';
import { draftedOf, fieldsOf, holdsOf, linesOf, ordersWhere, payeeAt } from './payouts.queries.ts';
import {
  type PayoutAttempt,
  type PayoutOrder,
  type PayoutRun,
  payoutAttempts,
  payoutRuns,
} from './payouts.tables.ts';
import type { runOperations } from './runs.operations.ts';
import { TRANSITIONS } from './states.ts';

/** Orders taken in hand together. */
const AT_ONCE = 200;
/** How long it sleeps when nobody wakes it. */
const IDLE_MS = 1_000;
/** How long after a query, or a sending that came to nothing, the rail is asked again. */
const ASK_AGAIN_MS = 60_000;
export const PURPOSE = '塑料回收款';
/** Calls to one rail under way at once. */
const CALLS_AT_ONCE = 8;

/** How often all orders that were not sent are looked at. */
const SWEEP_MS = 10_000;
const END_KINDS: readonly OutcomeKind[] = ['paid', 'failed', 'closed', 'cancelled', 'returned'];

type Follow = Parameters<OrderOperations['follow']['decide']>[1];
export type Rails = Map<PayoutRail, Rail>;

export type WorkerOptions = {
  pool: pg.Pool;
  keyring: Keyring;
  door: Door;
  clock: Clock;
  newId: () => string;
  /** Those that answer while one waits. */
  rails: Rails;
  orders: OrderOperations;
  runs: ReturnType<typeof runOperations>;
  limitsOf: (rail: PayoutRail) => OrderLimits | undefined;
  onError: (error: Error) => void;
};

/**
 * Drives payouts from the tables alone: makes the orders of runs, holds and releases them, sends what was submitted, asks
 * for what is under way. Whatever it does is a fact of the programme, through the door, which refuses what another worker
 * did already. It keeps nothing but when each order is next asked for.
 */
export class PayoutWorker {
  private readonly options: WorkerOptions;
  private stopped = true;
  private loop: Promise<void> | undefined;
  private rouse: (() => void) | undefined;
  /** When all orders that were not sent were last looked at; milliseconds. */
  private sweptAt = Number.NEGATIVE_INFINITY;
  /** Milliseconds, by order. */
  private readonly due = new Map<string, number>();

  constructor(options: WorkerOptions) {
    this.options = options;
  }

  start(): void {
    this.stopped = false;
    this.loop = this.run();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.rouse?.();
    await this.loop;
  }

  /** Facts just committed: whether it should look. */
  offer(facts: readonly AnyFact[]): void {
    const [payouts, people] = [/^payout-/, /^(collector\.(payee|erased)|payout-run\.decided)/];
    if (facts.some(({ type }) => people.test(type))) this.sweptAt = Number.NEGATIVE_INFINITY;
    if (facts.some(({ type }) => payouts.test(type) || people.test(type))) this.rouse?.();
  }

  private async run(): Promise<void> {
    while (!this.stopped) {
      let did = 0;
      try {
        did = await this.tick(this.options.clock());
      } catch (error) {
        this.options.onError(error as Error);
      }
      if (did > 0 || this.stopped) continue;
      const timeout = new AbortController();
      const woken = new Promise<void>((resolve) => {
        this.rouse = resolve;
      });
      await Promise.race([
        woken,
        sleep(IDLE_MS, undefined, { signal: timeout.signal }).catch(() => undefined),
      ]);
      timeout.abort();
    }
  }

  /** Does what there is to do at this time, in milliseconds; says how much that was. */
  async tick(now: number): Promise<number> {
    let did = await this.draftRuns(now);
    const wait = now - this.sweptAt;
    if (wait < 0 || wait >= SWEEP_MS) {
      this.sweptAt = now;
      did += await this.sweep(now);
    }
    did += await this.approve();
    for (const [name, rail] of this.options.rails) did += await this.drive(name, rail, now);
    return did;
  }

  /** Through the door, as the programme. What the door refuses has been done, or has moved: it is looked at again. */
  private async record<Input, Answer extends object>(
    operation: Operation<Input, Answer>,
    input: Input,
    id = this.options.newId(),
  ): Promise<Answer | undefined> {
    const { door, keyring } = this.options;
    try {
      const key = { id, fingerprint: keyring.fingerprint(`${operation.name} ${id}`) };
      return (await door.record(operation, input, PROGRAMME, key)).answer;
    } catch (error) {
      if (!(error instanceof DomainError) || error.kind === 'unavailable') throw error;
      return undefined;
    }
  }

  private async draftRuns(now: number): Promise<number> {
    const { pool } = this.options;
    const { rows } = await pool.query<PayoutRun>(
      `${fieldsOf(payoutRuns as never)} WHERE state = 'drafting' ORDER BY seq`,
    );
    for (const run of rows) await this.draftRun(run, now);
    return rows.length;
  }

  /** Begun again after a crash, it goes on with whom has no order yet; each order's key follows from run and person. */
  private async draftRun(run: PayoutRun, now: number): Promise<void> {
    const { pool, keyring, orders, runs, limitsOf } = this.options;
    const limits = { ...limitsOf(run.rail), minimum: run.rule.minimum, maximum: run.rule.maximum };
    const { id, maker, rail, currency } = run;
    for await (const lines of linesOf(pool, keyring, run, id)) {
      for (let i = 0; i < lines.length; i += AT_ONCE) {
        const some = lines.slice(i, i + AT_ONCE);
        const holds = await holdsOf(
          pool,
          some.map(({ personId }) => personId),
          now,
        );
        await Promise.all(
          some.map(({ personId: collectorId, amount }) =>
            this.record(
              orders.draft,
              {
                ...{ collectorId, rail, currency, amount, orLess: true, limits },
                prepared: holds.get(collectorId) ?? { payeeSeq: null, holds: [] },
                run: { id, maker },
              },
              keyedUuid(keyring.idempotency, `payout ${id} ${collectorId}`),
            ),
          ),
        );
        if (this.stopped && this.loop !== undefined) return;
      }
    }
    await this.record(runs.complete, { runId: id, ...(await draftedOf(pool, id)) });
  }

  /** Puts the same deed through for each of these orders, once; says for how many. */
  private async follow(
    orders: readonly PayoutOrder[],
    deeds: (order: PayoutOrder) => Omit<Follow, 'orderId' | 'lastSeq'>,
  ): Promise<number> {
    const done = orders.map((order) =>
      this.record(this.options.orders.follow, { orderId: order.id, lastSeq: order.lastSeq, ...deeds(order) }),
    );
    return (await Promise.all(done)).filter((answer) => answer !== undefined).length;
  }

  /** The orders a run's approval covers, some at a time. */
  private async approve(): Promise<number> {
    const where = "o.state = 'draft' AND NOT o.alone AND r.state IN ('approved', 'submitted')";
    return this.follow(await ordersWhere(this.options.pool, where, [], AT_ONCE), () => ({ deed: 'approve' }));
  }

  /** What follows from people, payees and disputes, before anything is sent: erased, rejected, paid elsewhere, held. */
  private async sweep(now: number): Promise<number> {
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

  /** Holds what must not be sent now, releases what may again. What was held by hand or for a name stays. */
  private async hold(now: number): Promise<number> {
    const { pool } = this.options;
    let did = 0;
    for (let from = -1; ; ) {
      const found = await ordersWhere(
        pool,
        `o.state IN ('draft', 'held', 'approved') AND o."personId" IS NOT NULL AND o.seq > $1`,
        [from],
        1_000,
      );
      if (found.length === 0) return did;
      from = found.at(-1)!.seq;
      did += await this.holdThese(found, now);
    }
  }

  private async holdThese(found: readonly PayoutOrder[], now: number): Promise<number> {
    const people = found.map(({ personId }) => personId!);
    const standing = await holdsOf(this.options.pool, people, now);
    const holdsNow = ({ personId, holds }: PayoutOrder): PayoutHold[] => [
      ...(standing.get(personId!)?.holds ?? []),
      ...holds.filter((hold) => hold === 'by-hand' || hold === 'identity'),
    ];
    const moved = found.filter((order) => holdsNow(order).join() !== order.holds.join());
    return this.follow(moved, (order) => {
      const holds = holdsNow(order);
      return { deed: holds.length > 0 ? 'hold' : 'release', holds };
    });
  }

  private async drive(name: PayoutRail, rail: Rail, now: number): Promise<number> {
    const { pool } = this.options;
    const ready = await ordersWhere(
      pool,
      `o.rail = $1 AND o.state = 'approved' AND (o.ready OR r.state = 'submitted')`,
      [name],
      AT_ONCE,
    );
    let did = 0;
    const pace = this.paced(rail);
    await inParallel(ready, async (order) => {
      await pace();
      if (await this.send(rail, order, now)) did++;
    });
    for (let from = -1; ; ) {
      const found = await ordersWhere(
        pool,
        `o.rail = $1 AND o.state IN ('submitted', 'unknown', 'awaiting-confirmation', 'cancelling') AND o.seq > $2`,
        [name, from],
        1_000,
      );
      if (found.length === 0) return did;
      from = found.at(-1)!.seq;
      const due = found.filter(({ id }) => (this.due.get(id) ?? 0) <= now);
      await inParallel(due, async (order) => {
        await pace();
        if (await this.ask(rail, order, now)) did++;
      });
    }
  }

  /** No more calls in a second than the rail allows. */
  private paced({ limits: { callsPerSecond } }: Rail): () => Promise<void> {
    let next = 0;
    return async () => {
      if (callsPerSecond === undefined) return;
      const at = performance.now();
      next = Math.max(at, next) + 1_000 / callsPerSecond;
      const wait = next - at - 1_000 / callsPerSecond;
      if (wait > 1) await sleep(wait);
    };
  }

  /**
   * Sends an order: first the attempt is recorded, then sent, then what was answered is recorded. Killed anywhere in
   * between, it is asked for under the same reference. Says whether it was this worker's.
   */
  private async send(rail: Rail, order: PayoutOrder, now: number): Promise<boolean> {
    const { pool, keyring, orders, onError } = this.options;
    // Held since it was approved.
    if (order.reference === null && (await this.holdThese([order], now)) > 0) return true;
    const payee = await payeeAt(pool, keyring, order.payeeSeq);
    // Only the first sending knows whom: whoever was erased since cannot be sent anything again.
    if (payee === undefined) return false;
    const begun = await this.record(orders.begin, { orderId: order.id, lastSeq: order.lastSeq });
    if (begun === undefined) return false;
    this.due.set(order.id, now + 1);
    const attempt = {
      reference: begun.reference,
      amount: order.amount,
      payee: { account: payee.account ?? '', ...(payee.name === undefined ? {} : { name: payee.name }) },
      purpose: PURPOSE,
    };
    let outcome: Outcome;
    try {
      outcome = await rail.submit(attempt);
    } catch (error) {
      onError(error as Error);
      // A refusal of ours comes before the sending; of anything else nobody knows whether something was sent.
      outcome =
        error instanceof DomainError
          ? { kind: 'unknown', code: error.code, refused: true }
          : { kind: 'unknown', code: 'not_known' };
    }
    await this.told(order, begun.reference, 'submit', outcome);
    if (outcome.kind !== 'unknown') this.due.set(order.id, now + ASK_AGAIN_MS);
    return true;
  }

  /** Does the next step under an order's reference, by what is recorded. Says whether something new was recorded. */
  private async ask(rail: Rail, order: PayoutOrder, now: number): Promise<boolean> {
    const { pool } = this.options;
    const { rows } = await pool.query<PayoutAttempt>(selectSql(payoutAttempts as never), [[order.reference]]);
    const { steps, reference } = rows[0]!;
    const next = nextStep(steps, rail.limits, now);
    if (next === 'submit') return this.send(rail, order, now);
    this.due.set(order.id, now + ASK_AGAIN_MS);
    if (next === 'free') return this.told(order, reference, 'query', { kind: 'failed', code: 'refused' });
    if (next !== 'query') return false;
    const outcome = await rail.query(reference, steps[0]!.at);
    const news = await this.told(order, reference, 'query', outcome, steps.at(-1));
    // What the rail does not know may be sent again, as it was, after a while.
    const sendings = steps.filter((step) => step.did === 'submit').length;
    if (outcome.kind === 'not-found') this.due.set(order.id, now + ASK_AGAIN_MS * Math.min(sendings, 60));
    if (END_KINDS.includes(outcome.kind)) this.due.delete(order.id);
    return news;
  }

  /** Records an answer that tells something new. An amount that is not the order's is not believed. */
  async told(
    order: PayoutOrder,
    reference: string,
    did: Step['did'],
    said: Outcome,
    last?: Step,
  ): Promise<boolean> {
    const differs = said.amount !== undefined && said.amount !== order.amount;
    const outcome: Outcome = differs ? { kind: 'unknown', code: 'another_amount' } : said;
    const to = TRANSITIONS[order.state][outcome.kind];
    const repeated = to === order.state && last?.did === did && last.outcome?.kind === outcome.kind;
    if (did !== 'submit' && (to === undefined || repeated)) return false;
    if (did === 'query' && outcome.kind === 'unknown') return false;
    return (
      (await this.record(this.options.orders.answer, { orderId: order.id, reference, did, outcome })) !==
      undefined
    );
  }
}

const inParallel = async <T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> => {
  const left = [...items];
  const hands = Array.from({ length: Math.min(CALLS_AT_ONCE, left.length) }, async () => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item);
  });
  await Promise.all(hands);
};
