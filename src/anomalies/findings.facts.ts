import { z } from 'zod';
import { Id, Seq } from '../kernel/values.ts';
import type { FactType } from '../ledger/fact.ts';
import { openCase } from '../supervision/open-case.ts';

/** One rule's part: what it measured, under which version. */
const Found = z.strictObject({
  rule: z.string(),
  version: z.int(),
  figures: z.record(z.string(), z.int()),
});
export type Found = z.infer<typeof Found>;

const Marked = z.strictObject({
  markId: Id,
  subjectKind: z.literal('collection'),
  /** The lot of the weigh-in. */
  subjectId: Id,
  /** The weigh-in in doubt. */
  seq: Seq,
  code: z.string(),
});
const MarkedPrivate = z.strictObject({
  siteId: Id,
  /** Whose weigh-in it is. */
  organisationId: Id,
  hits: z.array(Found).min(1),
});

/** One fact a weigh-in, however many rules it hit. */
export const anomalyMarked: FactType<z.infer<typeof Marked>, z.infer<typeof MarkedPrivate>> = {
  type: 'anomaly.marked.v1',
  title: { en: 'Weigh-in marked by a rule', zh: '称重经规则标记' },
  data: Marked,
  private: MarkedPrivate,
  grams: 'None move; those of the weigh-in are not claimable until the mark is cleared.',
  fen: 'none',
  backPointers: ['seq'],
  apply: () => undefined,
};

/** Facts about people show type, site and day only; a case of a rule shows no more than its site. */
const CaseOpened = z.strictObject({ caseId: Id, siteId: Id });
const CaseOpenedPrivate = z.strictObject({
  /** The fact that made the sums cross. */
  causeSeq: Seq,
  /** Those who profit, and may not decide. */
  organisationIds: z.array(Id).min(1),
  /** The key of the keeper it is about. */
  subjectKeyId: Id.optional(),
  grams: z.int().min(0),
  hit: Found,
});

export const anomalyCaseOpened: FactType<z.infer<typeof CaseOpened>, z.infer<typeof CaseOpenedPrivate>> = {
  type: 'anomaly.case-opened.v1',
  title: { en: 'Case opened by a rule', zh: '规则触发立案' },
  data: CaseOpened,
  private: CaseOpenedPrivate,
  /** The people it is about, each under their own seal. */
  person: z.strictObject({ personId: Id }),
  grams: 'None move, none are held.',
  fen: 'none',
  backPointers: [],
  apply(world, { seq, data: { caseId, siteId }, private: { organisationIds, grams } }) {
    openCase(world, {
      id: caseId,
      seq,
      kind: 'anomaly',
      subjectId: siteId,
      organisationIds,
      siteIds: [siteId],
      lotIds: [],
      measuredGrams: 0,
      grams,
    });
  },
};

export const findingFacts = [anomalyMarked, anomalyCaseOpened];
