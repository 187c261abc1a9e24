import { z } from 'zod';
import { Id, note, Seq, TotalGrams } from '../kernel/values.ts';
import type { FactType } from '../ledger/fact.ts';
import { changeLot, LotUse, returnTo } from '../lots/lots.ts';
import { processRuns } from './processing.tables.ts';

const Voided = z.strictObject({
  runId: Id,
  /** The last fact that changed the run. */
  seq: Seq,
  /** The fact that recorded the run: what it took is what goes back. */
  completedSeq: Seq,
  /** Lots that get grams back, in the order the run took them. */
  inputs: z.array(LotUse),
  /** Lots that hold nothing any more, and what they held. */
  outputs: z.array(LotUse.extend({ grams: TotalGrams })),
});
const VoidedPrivate = z.strictObject({ keyId: Id, reason: note(2_000) });

export const processRunVoided: FactType<z.infer<typeof Voided>, z.infer<typeof VoidedPrivate>> = {
  type: 'process-run.voided.v1',
  title: { en: 'Process run voided', zh: '加工记录作废' },
  data: Voided,
  private: VoidedPrivate,
  grams: 'Inputs get back the very grams the run took; its outputs hold none, its losses were none.',
  fen: 'none',
  backPointers: ['seq', 'completedSeq', 'inputs[].seq', 'outputs[].seq'],
  apply(world, { seq, data }) {
    for (const use of data.inputs) returnTo(world, use, seq);
    for (const { lotId } of data.outputs) changeLot(world, lotId, seq, { grams: 0 });
    world.put(processRuns, { ...world.get(processRuns, data.runId)!, state: 'voided', lastSeq: seq });
  },
};

export const voidFacts = [processRunVoided];
