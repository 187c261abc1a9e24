import type { z } from 'zod';
import { draft, type Operation } from '../ledger/fact.ts';
import { people } from '../ledger/tables.ts';
import { anomalyCaseOpened, anomalyMarked, type Found } from './findings.facts.ts';

export type MarkFinding = {
  lotId: string;
  /** The weigh-in. */
  seq: number;
  code: string;
  siteId: string;
  organisationId: string;
  hits: Found[];
};

export type CaseFinding = {
  siteId: string;
  causeSeq: number;
  organisationIds: string[];
  subjectKeyId?: string;
  /** The people it is about. */
  personIds?: string[];
  grams: number;
  hit: Found;
};

type Written = { id: string };

/** What a rule found in a weigh-in becomes a mark. By the programme alone: nobody else may ask for it. */
export const markAnomaly: Operation<MarkFinding, Written> = {
  name: 'anomaly.mark',
  roles: ['programme'],
  status: 201,
  decide: (_world, { lotId, seq, code, ...more }, { id }) =>
    draft({
      type: anomalyMarked,
      data: { markId: id, subjectKind: 'collection', subjectId: lotId, seq, code },
      private: more,
    }),
  answer: ({ data }) => ({ id: data.markId }),
};

/** What a rule found in sums becomes a case. Whoever was erased since is not named. */
export const openAnomalyCase: Operation<CaseFinding, Written> = {
  name: 'anomaly.open-case',
  roles: ['programme'],
  status: 201,
  decide(world, { siteId, personIds = [], ...more }, { id }) {
    world.need(people, personIds);
    const known = personIds.filter((personId) => world.get(people, personId)?.wrappedKey != null);
    const data: z.infer<typeof anomalyCaseOpened.data> = { caseId: id, siteId };
    return draft({
      type: anomalyCaseOpened,
      data,
      private: more,
      people: known.map((personId) => ({ personId, part: { personId } })),
    });
  },
  answer: ({ data }) => ({ id: data.caseId }),
};
