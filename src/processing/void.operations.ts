import { conflict, notFound } from '../kernel/errors.ts';
import { draft, type Operation } from '../ledger/fact.ts';
import type { World } from '../ledger/world.ts';
import { lots } from '../lots/lots.tables.ts';
import type { LotUse } from '../lots/lots.ts';
import { mayReach } from '../registry/access.ts';
import { actorOf } from '../registry/actor.ts';
import { PROCESSORS } from './processing.operations.ts';
import { type ProcessRun, processRuns } from './processing.tables.ts';
import { processRunVoided } from './void.facts.ts';

export type VoidAnswer = { id: string; state: 'voided'; inputs: { lotId: string; grams: number }[] };

/**
 * The outputs as the run made them: all their grams at the site, on no hold. What a later step took and gave back since
 * counts as untaken, so that steps are undone one after the other. 409 `in_use` names the first that is not.
 */
const unusedOutputs = (world: World, { siteId, outputs }: ProcessRun): { lotId: string; grams: number }[] => {
  world.need(
    lots,
    outputs.map((output) => output.lotId),
  );
  return outputs.map(({ lotId, grams }) => {
    const lot = world.get(lots, lotId)!;
    if (lot.grams !== grams || lot.siteId !== siteId || lot.heldBy !== null)
      throw conflict('in_use', 'What came of it was used since; undo that first.', {
        lotId,
        seq: lot.lastSeq,
        grams: lot.grams,
        siteId: lot.siteId,
      });
    return { lotId, grams };
  });
};

/**
 * What goes back, each lot named with the last fact that changed it. A lot that left the site since cannot take
 * grams there: 409 `not_here`; nor one that a case holds: 409 `on_hold`.
 */
const returnable = (world: World, { siteId, inputs }: ProcessRun): LotUse[] => {
  world.need(
    lots,
    inputs.map((use) => use.lotId),
  );
  return inputs.map(({ lotId, grams }) => {
    const lot = world.get(lots, lotId)!;
    const state = { lotId, siteId: lot.siteId, seq: lot.lastSeq };
    if (lot.siteId !== siteId)
      throw conflict('not_here', 'What went in has left the site since; bring it back first.', state);
    if (lot.heldBy !== null)
      throw conflict('on_hold', 'What went in is on hold until its case is decided.', {
        ...state,
        caseId: lot.heldBy,
      });
    return { lotId, seq: lot.lastSeq, grams };
  });
};

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
          inputs: returnable(world, run),
          outputs: unusedOutputs(world, run),
        },
        private: { keyId: caller.keyId, reason },
      });
    },
    answer: ({ data: { runId: id, inputs } }) => ({ id, state: 'voided', inputs }),
  },
});
