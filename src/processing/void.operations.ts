import { conflict, notFound } from '../kernel/errors.ts';
import { draft, type Operation } from '../ledger/fact.ts';
import { givenBack, unusedLots } from '../lots/undo.ts';
import { mayReach } from '../registry/access.ts';
import { actorOf } from '../registry/actor.ts';
import { PROCESSORS } from './processing.operations.ts';
import { processRuns } from './processing.tables.ts';
import { processRunVoided } from './void.facts.ts';

export type VoidAnswer = { id: string; state: 'voided'; inputs: { lotId: string; grams: number }[] };

/** @param programme whose operator stands for natural persons */
export const voidOperations = (programme: {
  operatorId: string;
}): { voidRun: Operation<{ runId: string; reason: string }, VoidAnswer> } => ({
  voidRun: {
    name: 'process-run.void',
    roles: PROCESSORS,
    status: 201,
    decide(world, { runId, reason }, { caller }) {
      const run = world.get(processRuns, runId);
      if (run === undefined || !mayReach(caller, run.organisationId, run.siteId))
        throw notFound('process run');
      if (run.state === 'voided')
        throw conflict('already_voided', 'This run was voided already.', { runId, seq: run.lastSeq });
      return draft({
        type: processRunVoided,
        ...actorOf(world, caller, programme),
        data: {
          runId,
          seq: run.lastSeq,
          completedSeq: run.seq,
          inputs: givenBack(world, run.inputs, { siteId: run.siteId }),
          outputs: unusedLots(world, run.outputs, { siteId: run.siteId }),
        },
        private: { keyId: caller.keyId, reason },
      });
    },
    answer: ({ data: { runId: id, inputs } }) => ({ id, state: 'voided', inputs }),
  },
});
