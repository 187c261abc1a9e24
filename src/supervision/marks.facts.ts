import { z } from 'zod';
import { Id, note, Seq, Sha256Hex, text } from '../kernel/values.ts';
import type { FactType } from '../ledger/fact.ts';
import { clearings, MARK_SUBJECTS } from './marks.tables.ts';

const MarkNamed = z.strictObject({
  markId: Id,
  subjectKind: z.enum(['collection', 'process-run']),
  subjectId: Id,
  /** The fact that is in doubt. */
  seq: Seq,
  code: z.string(),
});
type MarkNamed = z.infer<typeof MarkNamed>;
const ClearedMark = MarkNamed.extend({ subjectKind: z.enum(MARK_SUBJECTS) });
export const By = z.strictObject({
  keyId: Id,
  holder: text(120),
  organisationId: Id,
  evidence: z.array(Sha256Hex).optional(),
  note: note(2_000).optional(),
});
type By = z.infer<typeof By>;

export const markSet: FactType<MarkNamed, By> = {
  type: 'mark.set.v1',
  title: { en: 'Mark set by hand', zh: '人工标记' },
  data: MarkNamed,
  private: By,
  grams: 'None move; those of the fact in doubt are not claimable until it is cleared.',
  fen: 'none',
  backPointers: ['seq'],
  apply: () => undefined,
};

const clearing = <Named extends { markId: string }>(
  type: string,
  title: FactType['title'],
  data: z.ZodType<Named>,
  grams: string,
  state: 'proposed' | 'cleared',
): FactType<Named, By> => ({
  type,
  title,
  data,
  private: By,
  grams,
  fen: 'none',
  backPointers: ['seq'],
  apply(world, { seq, data, private: { keyId, holder, organisationId, note: said = null } }) {
    world.get(clearings, data.markId);
    const proposal = { organisationId, keyId, holder, note: said };
    world.put(clearings, { markId: data.markId, lastSeq: seq, proposal, state });
  },
});

export const markClearingProposed = clearing(
  'mark.clearing-proposed.v1',
  { en: 'Clearing of a mark proposed', zh: '提请消除标记' },
  ClearedMark,
  'none',
  'proposed',
);
export const markCleared = clearing(
  'mark.cleared.v1',
  { en: 'Mark cleared by a second person', zh: '标记经第二人消除' },
  ClearedMark,
  'None move; those of the fact are claimable again as far as nothing else is open.',
  'cleared',
);

/** What was received is named by its fact alone: the id of a reception is never public. */
const PollutantMark = z.strictObject({
  markId: Id,
  /** The fact that is in doubt. */
  seq: Seq,
  /** Which of what it brought; absent where the whole is in doubt. */
  material: z.string().optional(),
  code: z.string(),
});

export const pollutantClearingProposed = clearing(
  'pollutant-mark.clearing-proposed.v1',
  { en: 'Clearing of a mark on pollutants proposed', zh: '提请消除污染物标记' },
  PollutantMark,
  'none',
  'proposed',
);
export const pollutantMarkCleared = clearing(
  'pollutant-mark.cleared.v1',
  { en: 'Mark on pollutants cleared by a second person', zh: '污染物标记经第二人消除' },
  PollutantMark,
  'none',
  'cleared',
);

export const markFacts = [
  markSet,
  markClearingProposed,
  markCleared,
  pollutantClearingProposed,
  pollutantMarkCleared,
];
