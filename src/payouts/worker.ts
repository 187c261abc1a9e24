import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { selectSql } from '../db/table.ts';
import { conflict, DomainError } from '../kernel/errors.ts';
import { keyedUuid } from '../kernel/ids.ts';
import type { Clock } from '../kernel/time.ts';
import type { PayoutRail } from '../kernel/vocabulary.ts';
import type { AnyFact, Operation } from '../ledger/fact.ts';
import type { Keyring } from '../ledger/private-store.ts';
import type { Door } from '../ledger/record.ts';
import {
  type Attempt,
  nextStep,
  nextStepBack,
  type Outcome,
  type OutcomeKind,
  type Rail,
  type Step,
} from '../rails/rail.ts';
import { PROGRAMME } from '../registry/access.ts';
import { payoutCancelAsked } from './orders.facts.ts';
import type { OrderLimits, OrderOperations } from './orders.operations.ts';
import { draftedOf, fieldsOf, holdsOf, linesOf, ordersWhere, payeesAt } from './payouts.queries.ts';
import {
  type PayoutAttempt,
  type PayoutOrder,
  type PayoutRun,
  payoutAttempts,
  payoutRuns,
} from './payouts.tables.ts';
import type { runOperations } from './runs.operations.ts';
import { TRANSITIONS } from './states.ts';
import { sweepUnclaimed, type unclaimedOperations } from './unclaimed.ts';
import { UnsentOrders } from './unsent.ts';

/** Orders taken in hand together. */
const AT_ONCE = 200;
/** How long it sleeps when nobody wakes it. */
const IDLE_MS = 1_000;
/** How long after a query, or a sending that came to nothing, the rail is asked again. */
const ASK_AGAIN_MS = 60_000;
export const PURPOSE = '塑料回收款';
/** Calls to one rail under way at once. */
const CALLS_AT_ONCE = 8;
/** Orders whose sending is recorded in one turn, before the first of them is sent. */
const BEGUN_AT_ONCE = 64;

/** How often all orders that were not sent are looked at. */
const SWEEP_MS = 10_000;
/** How often balances nobody was paid are looked for. */
const UNCLAIMED_MS = 3_600_000;
const END_KINDS: readonly OutcomeKind[] = ['paid', 'failed', 'closed', 'cancelled', 'returned'];

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
  unclaimed: ReturnType<typeof unclaimedOperations>;
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
  private unclaimedAt = Number.NEGATIVE_INFINITY;
  /** Milliseconds, by order; of those under way alone. */
  private readonly due = new Map<string, number>();

  private readonly unsent: UnsentOrders;

  constructor(options: WorkerOptions) {
    this.options = options;
    this.unsent = new UnsentOrders({
      ...options,
      record: (operation, input) => this.record(operation, input),
    });
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
    const [payouts, people] = [/^payout-/, /^(collector\.(payee|heir|erased)|payout-run\.decided)/];
    for (const { type, private: more } of facts)
      if (type === payoutCancelAsked.type) this.due.delete(more.orderId as string);
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
      did += await this.unsent.sweep(now);
    }
    if (now - this.unclaimedAt >= UNCLAIMED_MS) {
      this.unclaimedAt = now;
      const { pool, unclaimed } = this.options;
      did += await sweepUnclaimed(pool, now, {
        find: (found) => this.record(unclaimed.find, found),
        claim: (accountId) => this.record(unclaimed.claim, { accountId }),
      });
    }
    did += await this.unsent.approve();
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

  private async drive(name: PayoutRail, rail: Rail, now: number): Promise<number> {
    const { pool } = this.options;
    const ready = await ordersWhere(
      pool,
      `o.rail = $1 AND o.state = 'approved' AND (o.ready OR r.state = 'submitted')`,
      [name],
      AT_ONCE,
    );
    const pace = this.paced(rail);
    let did = 0;
    for (let i = 0; i < ready.length; i += BEGUN_AT_ONCE)
      did += await this.send(rail, ready.slice(i, i + BEGUN_AT_ONCE), pace, now);
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
        if (await this.ask(rail, order, pace, now)) did++;
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
   * Sends orders: first that they are begun is recorded, of all of them in one turn, then each is sent, and what was
   * answered is recorded while others are still sent. Killed anywhere in between, they are asked for under the same
   * reference. Says how many were this worker's.
   */
  private async send(
    rail: Rail,
    ready: readonly PayoutOrder[],
    pace: () => Promise<void>,
    now: number,
  ): Promise<number> {
    const { pool, keyring, orders } = this.options;
    // Held since they were approved: these moved, and the door does not begin them.
    const held = await this.unsent.holdThese(
      ready.filter(({ reference, personId }) => reference === null && personId !== null),
      now,
    );
    const payees = await payeesAt(
      pool,
      keyring,
      ready.map(({ payeeSeq }) => payeeSeq),
    );
    // Only the first sending knows whom: whoever was erased since cannot be sent anything again.
    const known = ready.filter(({ payeeSeq }) => payees.has(payeeSeq));
    const begun = await Promise.all(
      known.map(async (order) => ({
        order,
        begun: await this.record(orders.begin, { orderId: order.id, lastSeq: order.lastSeq }),
      })),
    );
    const mine = begun.flatMap(({ order, begun }) =>
      begun === undefined ? [] : [{ order, reference: begun.reference }],
    );
    for (const { order } of mine) this.due.set(order.id, now + 1);
    const told: Promise<boolean>[] = [];
    await inParallel(mine, async ({ order, reference }) => {
      await pace();
      const { account = '', name } = payees.get(order.payeeSeq)!;
      const payee = { account, ...(name === undefined ? {} : { name }) };
      const outcome = await this.submit(rail, { reference, amount: order.amount, payee, purpose: PURPOSE });
      if (outcome.kind !== 'unknown') this.due.set(order.id, now + ASK_AGAIN_MS);
      const recorded = this.told(order, reference, 'submit', outcome);
      // Whoever waits for all of them below hears of it.
      recorded.catch(() => undefined);
      told.push(recorded);
    });
    await Promise.all(told);
    return held + mine.length;
  }

  private async submit(rail: Rail, attempt: Attempt): Promise<Outcome> {
    try {
      return await rail.submit(attempt);
    } catch (error) {
      this.options.onError(error as Error);
      // A refusal of ours comes before the sending; of anything else nobody knows whether something was sent.
      return error instanceof DomainError
        ? { kind: 'unknown', code: error.code, refused: true }
        : { kind: 'unknown', code: 'not_known' };
    }
  }

  /** Does the next step under an order's reference, by what is recorded. Says whether something new was recorded. */
  private async ask(
    rail: Rail,
    order: PayoutOrder,
    pace: () => Promise<void>,
    now: number,
  ): Promise<boolean> {
    const { pool } = this.options;
    const { rows } = await pool.query<PayoutAttempt>(selectSql(payoutAttempts as never), [[order.reference]]);
    const { steps, reference } = rows[0]!;
    if (order.state === 'cancelling') return this.takeBack(rail, order, steps, now);
    const next = nextStep(steps, rail.limits, now);
    if (next === 'submit') return (await this.send(rail, [order], pace, now)) > 0;
    this.due.set(order.id, now + ASK_AGAIN_MS);
    if (next === 'free') return this.told(order, reference, 'query', { kind: 'failed', code: 'refused' });
    if (next !== 'query') return false;
    const outcome = await rail.query(reference, steps[0]!.at);
    const news = await this.told(order, reference, 'query', outcome, steps.at(-1));
    // What the rail does not know may be sent again, as it was, after a while.
    const sendings = steps.filter((step) => step.did === 'submit').length;
    if (outcome.kind === 'not-found') this.due.set(order.id, now + ASK_AGAIN_MS * Math.min(sendings, 60));
    return news;
  }

  /**
   * Asks the rail about an order whatever its state, since what was paid may come back days later. What it answers is
   * recorded where it may still change the order.
   * @throws 409 for an order nothing was sent of, or a rail that cannot be asked
   */
  async askAgain(order: PayoutOrder): Promise<OutcomeKind> {
    const { pool, rails } = this.options;
    const rail = rails.get(order.rail);
    if (rail === undefined)
      throw conflict('rail_not_set_up', 'This rail cannot be asked here; import its statement.');
    if (order.reference === null)
      throw conflict('not_sent', 'Nothing was sent under this order yet.', { state: order.state });
    const { rows } = await pool.query<PayoutAttempt>(selectSql(payoutAttempts as never), [[order.reference]]);
    const { steps } = rows[0]!;
    const outcome = await rail.query(order.reference, steps[0]!.at);
    await this.told(order, order.reference, 'query', outcome, steps.at(-1));
    return outcome.kind;
  }

  /** Does the next step with what is to be taken back. Says whether something new was recorded. */
  private async takeBack(
    rail: Rail,
    order: PayoutOrder,
    steps: readonly Step[],
    now: number,
  ): Promise<boolean> {
    const reference = order.reference!;
    const asked = steps.filter(({ did }) => did === 'cancel').length;
    this.due.set(order.id, now + ASK_AGAIN_MS * Math.min(Math.max(asked, 1), 60));
    const next = nextStepBack(steps, rail.limits, now);
    if (next === 'by-hand') return false;
    if (next === 'cancel') {
      const outcome = await rail.cancel(reference);
      // What it was refused for, or whether it was done, the rail is asked at once.
      if (outcome.kind === 'unknown') this.due.delete(order.id);
      return this.told(order, reference, 'cancel', outcome, steps.at(-1));
    }
    const outcome = await rail.query(reference, steps[0]!.at);
    const gone = nextStepBack([...steps, { did: 'query', at: now, outcome }], rail.limits, now) === 'gone';
    const said: Outcome = gone ? { kind: 'cancelled' } : outcome;
    return this.told(order, reference, 'query', said, steps.at(-1));
  }

  /** Records an answer that tells something new. An amount that is not the order's is not believed. */
  async told(
    order: PayoutOrder,
    reference: string,
    did: Step['did'],
    said: Outcome,
    last?: Step,
  ): Promise<boolean> {
    if (END_KINDS.includes(said.kind)) this.due.delete(order.id);
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
