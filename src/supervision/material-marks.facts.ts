import { z } from 'zod';
import { Id, Seq } from '../kernel/values.ts';
import type { FactType } from '../ledger/fact.ts';
import { By } from './marks.facts.ts';

const MaterialMarked = z.strictObject({
  markId: Id,
  subjectKind: z.enum(['lot', 'shipment', 'process-run']),
  subjectId: Id,
  /** The last fact that changed the lot or the load, or the fact of the run. */
  seq: Seq,
  /** Where it stands, or where it set out. */
  siteId: Id,
  code: z.string(),
  /** The lots in doubt, of a lot or a load. */
  lots: z.array(z.strictObject({ lotId: Id, seq: Seq })).optional(),
});
export type MaterialMarked = z.infer<typeof MaterialMarked>;

/** Who had a part in it and may not clear the mark, beside the owners of the lots. */
const MaterialMarkedPrivate = By.extend({ organisationIds: z.array(Id).optional() });

export const materialMarked: FactType<MaterialMarked, z.infer<typeof MaterialMarkedPrivate>> = {
  type: 'material.marked.v1',
  title: { en: 'Lot, load or run marked by hand', zh: '物料、货物或加工批人工标记' },
  data: MaterialMarked,
  private: MaterialMarkedPrivate,
  grams:
    'None move; what is in the lots, or was made of them or by the run, is not claimable until it is cleared.',
  fen: 'none',
  backPointers: ['seq', 'lots[].seq'],
  apply: () => undefined,
};

export const materialMarkFacts = [materialMarked];
