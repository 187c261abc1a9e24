import { z } from 'zod';
import { containersDrawn, NamedFillingShape } from '../containers/containers.facts.ts';
import { Id, note, Seq, Time, TotalGrams } from '../kernel/values.ts';
import type { FactType } from '../ledger/fact.ts';
import { drawFrom, LotUse, openLot } from '../lots/lots.ts';
import { NormShape } from '../registry/registry.facts.ts';
import { sites } from '../registry/registry.tables.ts';
import { processRuns } from './processing.tables.ts';

export const OutputShape = z.strictObject({
  lotId: Id,
  material: z.string(),
  form: z.string(),
  grams: TotalGrams.min(1),
});

const Completed = z.strictObject({
  runId: Id,
  siteId: Id,
  /** The last fact that changed the site's settings, its norms among them. */
  siteSeq: Seq,
  step: z.string(),
  inputs: z.array(LotUse),
  outputs: z.array(OutputShape),
  losses: z.array(z.strictObject({ kind: z.string(), grams: TotalGrams.min(1) })),
  /** The origin class all inputs share; null when they differ. */
  originClass: z.string().nullable(),
  lineClean: z.boolean(),
  /** What the site's scope allows at best. */
  custodyModel: z.string(),
  norms: z.array(NormShape.omit({ step: true }).extend({ inputGrams: TotalGrams, outputGrams: TotalGrams })),
  /** Of all inputs, what the norms let come out at most; absent where none applied. */
  maxYieldBasisPoints: z.int().optional(),
  marks: z.array(z.string()),
  /** Fillings drawn on; their lots stand in `inputs`. */
  containers: z.array(NamedFillingShape).optional(),
});
const CompletedPrivate = z.strictObject({
  keyId: Id,
  at: Time.optional(),
  note: note(2_000).optional(),
  containerIds: z.array(Id).optional(),
});

export const processRunCompleted: FactType<z.infer<typeof Completed>, z.infer<typeof CompletedPrivate>> = {
  type: 'process-run.completed.v1',
  title: { en: 'Process run completed', zh: '加工完成' },
  data: Completed,
  private: CompletedPrivate,
  grams: 'Inputs are drawn; outputs are new lots; inputs = outputs + losses, to the gram.',
  fen: 'none',
  backPointers: ['siteSeq', 'inputs[].seq', 'containers[].seq'],
  apply(world, { seq, data, private: more }) {
    const { organisationId } = world.get(sites, data.siteId)!;
    const { runId: id, siteId, step, lineClean, inputs, outputs, losses, marks, originClass } = data;
    containersDrawn(world, seq, data.containers, more.containerIds);
    for (const use of inputs) drawFrom(world, use, seq);
    for (const [place, { lotId, ...output }] of outputs.entries())
      openLot(world, {
        id: lotId,
        seq,
        place,
        kind: 'output',
        organisationId,
        siteId,
        originClass,
        ...output,
      });
    world.put(processRuns, {
      id,
      seq,
      lastSeq: seq,
      organisationId,
      siteId,
      step,
      lineClean,
      inputs,
      outputs,
      losses,
      marks,
      state: 'completed',
    });
  },
};

export const processingFacts = [processRunCompleted];
