import { z } from 'zod';
import { Day, Id, note, Seq, Sha256Hex, text } from '../kernel/values.ts';
import type { FactType } from '../ledger/fact.ts';
import { auditFindings, audits, SEVERITIES } from './audits.tables.ts';

/** That an audit found something, and whether it is closed, is public; what, where and about whom is not. */
const Recorded = z.strictObject({ findingId: Id, auditId: Id, seq: Seq });
const RecordedPrivate = z.strictObject({
  keyId: Id,
  organisationIds: z.array(Id).min(1),
  siteId: Id.optional(),
  severity: z.enum(SEVERITIES),
  dueOn: Day,
  text: note(4_000),
  entries: z.array(Seq),
});

export const findingRecorded: FactType<z.infer<typeof Recorded>, z.infer<typeof RecordedPrivate>> = {
  type: 'audit-finding.recorded.v1',
  title: { en: 'Audit finding recorded', zh: '审计发现' },
  data: Recorded,
  private: RecordedPrivate,
  grams: 'none',
  fen: 'none',
  backPointers: ['seq'],
  apply(world, { seq, data, private: { keyId: _, siteId = null, ...said } }) {
    const { auditorId } = world.get(audits, data.auditId)!;
    world.put(auditFindings, {
      ...{ id: data.findingId, seq, lastSeq: seq, auditId: data.auditId, auditorId, siteId, ...said },
      ...{ answer: null, judgement: null, state: 'open', closedSeq: null },
    });
  },
};

const Answered = z.strictObject({ findingId: Id, seq: Seq });
const AnsweredPrivate = z.strictObject({
  keyId: Id,
  organisationId: Id,
  holder: text(200),
  text: note(4_000),
  evidence: z.array(Sha256Hex),
});

export const findingAnswered: FactType<z.infer<typeof Answered>, z.infer<typeof AnsweredPrivate>> = {
  type: 'audit-finding.answered.v1',
  title: { en: 'Audit finding answered', zh: '审计发现答复' },
  data: Answered,
  private: AnsweredPrivate,
  grams: 'none',
  fen: 'none',
  backPointers: ['seq'],
  apply(world, { seq, data, private: { keyId: _, ...answer } }) {
    const finding = world.get(auditFindings, data.findingId)!;
    world.put(auditFindings, { ...finding, answer: { seq, ...answer }, state: 'answered', lastSeq: seq });
  },
};

export const OUTCOMES = ['closed', 'open-again', 'withdrawn'] as const;
const Judged = z.strictObject({ findingId: Id, seq: Seq, outcome: z.enum(OUTCOMES) });
const JudgedPrivate = z.strictObject({
  keyId: Id,
  holder: text(200),
  dueOn: Day.optional(),
  note: note(4_000).optional(),
});

export const findingJudged: FactType<z.infer<typeof Judged>, z.infer<typeof JudgedPrivate>> = {
  type: 'audit-finding.judged.v1',
  title: { en: 'Audit finding judged', zh: '审计发现复核' },
  data: Judged,
  private: JudgedPrivate,
  grams: 'none',
  fen: 'none',
  backPointers: ['seq'],
  apply(world, { seq, data: { findingId, outcome }, private: { holder, dueOn, note: said = null } }) {
    const finding = world.get(auditFindings, findingId)!;
    world.put(auditFindings, {
      ...finding,
      judgement: { seq, outcome, holder, note: said },
      dueOn: dueOn ?? finding.dueOn,
      state: outcome === 'open-again' ? 'open' : outcome,
      closedSeq: outcome === 'open-again' ? null : seq,
      lastSeq: seq,
    });
  },
};

export const findingFacts = [findingRecorded, findingAnswered, findingJudged];
