import { z } from 'zod';
import { Receipt } from '../http/route.ts';
import { Day, Id, note, Seq, Sha256Hex, Time, text } from '../kernel/values.ts';
import { FINDING_STATES, SEVERITIES } from './audits.tables.ts';
import { OUTCOMES } from './findings.facts.ts';

/** Weigh-ins one sample may have. */
export const MOST_SAMPLED = 500;

const LONGEST_PERIOD_MS = 366 * 86_400_000;

export const AuditRequest = z
  .strictObject({
    id: Id.optional(),
    auditorId: Id.meta({ description: 'The organisation whose keys of the role auditor may look.' }),
    body: text(200).meta({ description: 'The auditing body, as it writes its name.' }),
    siteIds: z.array(Id).min(1).max(100),
    firstDay: Day.meta({ description: 'Of the period audited, in the programme’s time zone.' }),
    lastDay: Day,
    opensAt: Time.meta({ description: 'From when the auditor may open private parts.' }),
    closesAt: Time.meta({ description: 'From when no more.' }),
    sampleSize: z.int().min(1).max(MOST_SAMPLED).meta({ description: 'Weigh-ins to be drawn.' }),
    note: note(2_000).optional(),
  })
  .refine(({ firstDay, lastDay }) => firstDay <= lastDay, {
    path: ['lastDay'],
    message: 'must not be before firstDay',
  })
  .refine(({ firstDay, lastDay }) => Date.parse(lastDay) - Date.parse(firstDay) <= LONGEST_PERIOD_MS, {
    path: ['lastDay'],
    message: 'must be within 366 days of firstDay; open another audit for the rest',
  })
  .refine(({ opensAt, closesAt }) => Date.parse(opensAt) < Date.parse(closesAt), {
    path: ['closesAt'],
    message: 'must be after opensAt',
  });
export type AuditRequest = z.infer<typeof AuditRequest>;

export const CloseRequest = z.strictObject({ id: Id.optional(), note: note(2_000).optional() }).nullish();
export type CloseRequest = NonNullable<z.infer<typeof CloseRequest>>;

const State = z.enum(['open', 'closed']);
export const AuditAnswer = z.object({ id: Id, state: State, receipt: Receipt }).meta({ id: 'AuditChanged' });

export const AuditView = z
  .object({
    id: Id,
    seq: z.int(),
    auditorId: Id,
    body: z.string(),
    siteIds: z.array(Id),
    firstDay: z.string(),
    lastDay: z.string(),
    opensAt: z.string(),
    closesAt: z.string(),
    sampleSize: z.int(),
    state: State,
  })
  .meta({ id: 'Audit' });

export const FindingRequest = z.strictObject({
  id: Id.optional(),
  siteId: Id.optional().meta({ description: 'Of the audit; left out where it is about all of them.' }),
  severity: z.enum(SEVERITIES),
  dueOn: Day.meta({ description: 'The last day on which an answer is in time.' }),
  text: note(4_000),
  entries: z.array(Seq).max(100).default([]).meta({ description: 'Entries of the ledger it is about.' }),
});
export type FindingRequest = z.infer<typeof FindingRequest>;

export const AnswerRequest = z.strictObject({
  id: Id.optional(),
  text: note(4_000),
  evidence: z.array(Sha256Hex).max(50).default([]),
});
export type AnswerRequest = z.infer<typeof AnswerRequest>;

export const JudgementRequest = z
  .strictObject({
    id: Id.optional(),
    outcome: z.enum(OUTCOMES).meta({ description: 'withdrawn: it was no finding.' }),
    dueOn: Day.optional().meta({ description: 'Another last day, where it is open again.' }),
    note: note(4_000).optional(),
  })
  .refine(({ outcome, dueOn }) => outcome === 'open-again' || dueOn === undefined, {
    path: ['dueOn'],
    message: 'is for open-again alone',
  });
export type JudgementRequest = z.infer<typeof JudgementRequest>;

export const FindingState = z.enum(FINDING_STATES);
export const FindingChanged = z
  .object({ id: Id, state: FindingState, receipt: Receipt })
  .meta({ id: 'AuditFindingChanged' });

export const FindingView = z
  .object({
    id: Id,
    auditId: Id,
    seq: z.int(),
    siteId: Id.nullable(),
    severity: z.enum(SEVERITIES),
    dueOn: z.string(),
    overdue: z.boolean().meta({ description: 'Not answered, and its last day is over.' }),
    text: z.string(),
    entries: z.array(z.int()),
    answer: z
      .object({ seq: z.int(), organisationId: Id, text: z.string(), evidence: z.array(z.string()) })
      .nullable(),
    judgement: z.object({ seq: z.int(), outcome: z.string(), note: z.string().nullable() }).nullable(),
    state: FindingState,
  })
  .meta({ id: 'AuditFinding' });

export const SampleView = z
  .object({
    algorithm: z.literal('blue-cycle/audit-sample/1').meta({
      description:
        'Of the entries 0 … treeSize − 1, those of type collection.recorded.v1 at one of siteIds with firstDay ≤ day ≤ lastDay; ' +
        'ordered by SHA-256(root ‖ seq as 8 bytes, big-endian) as bytes; the first sampleSize.',
    }),
    treeSize: z.int().meta({ description: 'The entries up to and with the one that opened the audit.' }),
    root: z
      .string()
      .meta({ description: 'RFC 6962 root over them in lower-case hex: any later checkpoint proves it.' }),
    siteIds: z.array(Id),
    firstDay: z.string(),
    lastDay: z.string(),
    sampleSize: z.int(),
    population: z.int().meta({ description: 'Weigh-ins it was drawn from.' }),
    items: z.array(
      z.object({
        seq: z.int(),
        siteId: Id,
        day: z.string(),
        material: z.string(),
        form: z.string(),
        grams: z.int().meta({ description: 'Gross less tare, as recorded.' }),
      }),
    ),
  })
  .meta({ id: 'AuditSample' });

export const ReadView = z.object({
  seq: z.int(),
  at: z.string(),
  keyId: Id,
  holder: z.string(),
  entries: z.array(z.int()),
});
