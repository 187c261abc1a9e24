import { conflict, notFound } from '../kernel/errors.ts';
import { dayIn } from '../kernel/time.ts';
import type { PayoutRail } from '../kernel/vocabulary.ts';
import { type DecideContext, draft, type Operation } from '../ledger/fact.ts';
import type { World } from '../ledger/world.ts';
import { byOf, expectAnother, PAYERS } from './orders.operations.ts';
import { type PayoutRun, payoutRuns, type RunRule } from './payouts.tables.ts';
import { payoutRunDecided, payoutRunDrafted, payoutRunOpened, payoutRunSubmitted } from './runs.facts.ts';

export type RunList = { count: number; total: number; listHash: string };
export type RunAnswer = { id: string; state: PayoutRun['state']; count: number; total: number };

export type OpenRun = {
  rail: PayoutRail;
  currency: string;
  asOfSeq: number;
  rule: RunRule;
  /** Added up before the door, from balances as of the position, which never change. */
  list: RunList;
};
type Decision = { runId: string; approve: boolean; count?: number | undefined; total?: number | undefined };

const runInPath = (world: World, id: string): PayoutRun => {
  const run = world.get(payoutRuns, id);
  if (run === undefined) throw notFound('payout run');
  return run;
};

const expectRun = (run: PayoutRun, ...wanted: PayoutRun['state'][]): void => {
  if (!wanted.includes(run.state))
    throw conflict(`run_${run.state}`, `This run is ${run.state}.`, { state: run.state });
};

/** Runs: opened by one person, approved by another, submitted. */
export const runOperations = (programme: { timeZone: string }) => {
  const data = ({ now }: DecideContext) => ({ day: dayIn(programme.timeZone, now) });
  const answer = ({ private: { runId: id, state, count, total } }: { private: Record<string, unknown> }) =>
    ({ id, state, count, total }) as RunAnswer;
  return {
    open: {
      name: 'payout-run.open',
      roles: PAYERS,
      status: 201,
      decide(_world, { list, ...run }, context) {
        if (list.count === 0)
          throw conflict('nothing_to_pay', 'Nobody whom this rail pays is owed as much as the minimum.');
        return draft({
          type: payoutRunOpened,
          data: data(context),
          private: { id: context.id, ...run, ...list, maker: byOf(context.caller) },
        });
      },
      answer: ({ private: { id, count, total } }) => ({ id, state: 'drafting', count, total }),
    } as Operation<OpenRun, RunAnswer>,

    complete: {
      name: 'payout-run.complete',
      roles: ['programme'],
      status: 201,
      decide(world, { runId, ...list }, context) {
        expectRun(runInPath(world, runId), 'drafting');
        return draft({ type: payoutRunDrafted, data: data(context), private: { runId, ...list } });
      },
      answer: ({ private: { runId: id, count, total } }) => ({ id, state: 'drafted', count, total }),
    } as Operation<RunList & { runId: string }, RunAnswer>,

    /** Of what was drafted, by another than the maker; with count and total, of just these. */
    decide: {
      name: 'payout-run.decide',
      roles: PAYERS,
      status: 201,
      decide(world, { runId, approve, count, total }, context) {
        const run = runInPath(world, runId);
        if (approve) expectRun(run, 'drafted');
        else expectRun(run, 'drafted', 'approved');
        if (approve) expectAnother(run.maker, context.caller);
        const [draftedCount, draftedTotal] = [run.draftedCount!, run.draftedTotal!];
        if ((count ?? draftedCount) !== draftedCount || (total ?? draftedTotal) !== draftedTotal)
          throw conflict('run_differs', 'This run has another count or total; look at it again.', {
            count: draftedCount,
            total: draftedTotal,
          });
        return draft({
          type: payoutRunDecided,
          data: data(context),
          private: {
            ...{ runId, by: byOf(context.caller), count: draftedCount, total: draftedTotal },
            state: approve ? 'approved' : 'rejected',
          },
        });
      },
      answer,
    } as Operation<Decision, RunAnswer>,

    submit: {
      name: 'payout-run.submit',
      roles: PAYERS,
      status: 201,
      decide(world, { runId }, context) {
        const run = runInPath(world, runId);
        expectRun(run, 'approved');
        return draft({
          type: payoutRunSubmitted,
          data: data(context),
          private: {
            ...{ runId, by: byOf(context.caller), state: 'submitted' as const },
            ...{ count: run.draftedCount!, total: run.draftedTotal! },
          },
        });
      },
      answer,
    } as Operation<{ runId: string }, RunAnswer>,
  };
};
