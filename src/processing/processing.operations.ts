import { expandContainers } from '../containers/containers.ts';
import { unprocessable } from '../kernel/errors.ts';
import { draft, type Operation } from '../ledger/fact.ts';
import { commonOrigin, usableLots } from '../lots/lots.ts';
import { reachableSite } from '../registry/access.ts';
import { actorOf } from '../registry/actor.ts';
import { processRunCompleted } from './processing.facts.ts';
import type { RunRequest } from './processing.schema.ts';
import type { RunOutput } from './processing.tables.ts';
import {
  assertBalance,
  assertPollutantsApart,
  assertStep,
  maxYieldBasisPoints,
  normsMet,
  runMarks,
} from './processing.ts';

/** Who may process. */
export const PROCESSORS = ['operator', 'station', 'warehouse', 'recycler'] as const;

/** How far a clock at the site may run ahead of ours. */
const AHEAD_MS = 10 * 60_000;

export type RunAnswer = { id: string; outputs: RunOutput[]; marks: string[] };

/** @param programme whose operator stands for natural persons */
export const processingOperations = (programme: {
  operatorId: string;
}): { completeRun: Operation<RunRequest, RunAnswer> } => ({
  completeRun: {
    name: 'process-run.complete',
    roles: PROCESSORS,
    status: 201,
    decide(world, input, { caller, id, now, newId }) {
      const { step, outputs, losses, lineClean = false, at, note } = input;
      if (at !== undefined && Date.parse(at) > now + AHEAD_MS)
        throw unprocessable('not_yet_run', '/at', 'must not lie in the future');
      const site = reachableSite(world, caller, input.siteId);
      const loose = usableLots(world, caller, site, input.inputs ?? [], 'inputs');
      const inside = expandContainers(world, caller, site, input.containers ?? [], loose, newId);
      const used = [...loose, ...inside.used];
      const inputs = used.map(({ lot, use }) => ({
        material: lot.material,
        form: lot.form,
        grams: use.grams,
      }));
      assertPollutantsApart(inputs, outputs);
      assertStep(step, inputs, outputs, losses);
      assertBalance(inputs, outputs, losses);
      const norms = normsMet(site.norms, step, inputs, outputs);
      const maxYield = maxYieldBasisPoints(norms, inputs, outputs);
      return draft({
        type: processRunCompleted,
        ...actorOf(world, caller, programme),
        data: {
          runId: id,
          siteId: site.id,
          siteSeq: site.lastSeq,
          step,
          inputs: used.map(({ use }) => use),
          outputs: outputs.map((output) => ({ lotId: newId(), ...output })),
          losses,
          originClass: commonOrigin(used.map(({ lot }) => lot)),
          lineClean,
          custodyModel: site.custodyModel,
          norms,
          ...(maxYield === null ? {} : { maxYieldBasisPoints: maxYield }),
          marks: runMarks(step, lineClean, norms),
          ...(inside.named.length === 0 ? {} : { containers: inside.named }),
        },
        private: {
          keyId: caller.keyId,
          ...(at === undefined ? {} : { at }),
          ...(note === undefined ? {} : { note }),
          ...(inside.named.length === 0 ? {} : { containerIds: inside.containerIds }),
        },
      });
    },
    answer: ({ data }) => ({ id: data.runId, outputs: data.outputs, marks: data.marks }),
  },
});
