import { journal, table } from '../db/table.ts';

/** Who may look into what, until when. Times are milliseconds since 1970; days are of the programme's time zone. */
export type Audit = {
  id: string;
  /** The sample is drawn by the root over the entries up to and with this one. */
  seq: number;
  lastSeq: number;
  /** The organisation whose auditors' keys may look. */
  auditorId: string;
  /** The auditing body, as it writes its name. */
  body: string;
  /** Whose sites they are: the audited. */
  organisationIds: string[];
  siteIds: string[];
  /** The period audited, both days in it. */
  firstDay: string;
  lastDay: string;
  /** From when to when the auditor may open private parts. */
  opensAt: number;
  closesAt: number;
  /** Weigh-ins to be drawn. */
  sampleSize: number;
  state: 'open' | 'closed';
  closedSeq: number | null;
};
export const audits = table<Audit>('audits', 'id', {
  id: 'uuid',
  seq: 'int8',
  lastSeq: 'int8',
  auditorId: 'uuid',
  body: 'text',
  organisationIds: 'json',
  siteIds: 'json',
  firstDay: 'text',
  lastDay: 'text',
  opensAt: 'int8',
  closesAt: 'int8',
  sampleSize: 'int4',
  state: 'text',
  closedSeq: 'int8',
});

export const SEVERITIES = ['minor', 'major', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];
export const FINDING_STATES = ['open', 'answered', 'closed', 'withdrawn'] as const;
export type FindingState = (typeof FINDING_STATES)[number];

/** What the audited said to a finding. */
export type FindingAnswer = {
  seq: number;
  organisationId: string;
  holder: string;
  text: string;
  evidence: string[];
};
/** What the auditor made of the answer. */
export type FindingJudgement = { seq: number; outcome: string; holder: string; note: string | null };

/** What an auditor found, and how far it has come. */
export type Finding = {
  id: string;
  seq: number;
  lastSeq: number;
  auditId: string;
  auditorId: string;
  organisationIds: string[];
  /** Null where it is about all sites of the audit. */
  siteId: string | null;
  severity: Severity;
  /** The last day on which an answer is in time. */
  dueOn: string;
  text: string;
  /** Entries it is about. */
  entries: number[];
  answer: FindingAnswer | null;
  judgement: FindingJudgement | null;
  state: FindingState;
  closedSeq: number | null;
};
export const auditFindings = table<Finding>('audit_findings', 'id', {
  id: 'uuid',
  seq: 'int8',
  lastSeq: 'int8',
  auditId: 'uuid',
  auditorId: 'uuid',
  organisationIds: 'json',
  siteId: 'uuid',
  severity: 'text',
  dueOn: 'text',
  text: 'text',
  entries: 'json',
  answer: 'json',
  judgement: 'json',
  state: 'text',
  closedSeq: 'int8',
});

/** Entries an auditor opened at one time. */
export type AuditRead = {
  auditId: string;
  seq: number;
  at: number;
  keyId: string;
  holder: string;
  entries: number[];
};
export const auditReads = journal<AuditRead>('audit_reads', {
  auditId: 'uuid',
  seq: 'int8',
  at: 'int8',
  keyId: 'uuid',
  holder: 'text',
  entries: 'json',
});
