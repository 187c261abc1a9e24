import { conflict, DomainError, notFound, unprocessable } from '../kernel/errors.ts';
import { dayIn } from '../kernel/time.ts';
import { draft, type Operation } from '../ledger/fact.ts';
import { sites } from '../registry/registry.tables.ts';
import { sameName } from '../supervision/cases.ts';
import type { AnswerRequest, FindingRequest, JudgementRequest } from './audits.schema.ts';
import { auditFindings, audits, type Finding, type FindingState } from './audits.tables.ts';
import { findingAnswered, findingJudged, findingRecorded } from './findings.facts.ts';

export type FindingChange = { id: string; state: FindingState };
type InZone = { timeZone: string };

const laterDay = (dueOn: string, today: string): void => {
  if (dueOn < today) throw unprocessable('in_the_past', '/dueOn', 'must not be before today');
};

/** By the auditor, as long as the audit stands; 409 `audit_closed` after. */
export const recordFinding: Operation<FindingRequest & { auditId: string } & InZone, FindingChange> = {
  name: 'audit-finding.record',
  roles: ['auditor'],
  status: 201,
  decide(world, { auditId, siteId, timeZone, id: _, ...said }, { caller, id, now, seq }) {
    const audit = world.get(audits, auditId);
    if (audit === undefined || audit.auditorId !== caller.organisationId) throw notFound('audit');
    if (siteId !== undefined && !audit.siteIds.includes(siteId))
      throw unprocessable('outside_scope', '/siteId', 'must be a site of this audit');
    laterDay(said.dueOn, dayIn(timeZone, now));
    for (const [i, entry] of said.entries.entries())
      if (entry >= seq)
        throw unprocessable('beyond_head', `/entries/${i}`, 'lies beyond the end of the ledger');
    if (audit.state === 'closed')
      throw conflict('audit_closed', 'This audit is closed; open another.', { auditId, seq: audit.lastSeq });
    const organisationIds =
      siteId === undefined ? audit.organisationIds : [world.get(sites, siteId)!.organisationId];
    return draft({
      type: findingRecorded,
      data: { findingId: id, auditId, seq: audit.lastSeq },
      private: { keyId: caller.keyId, organisationIds, ...(siteId === undefined ? {} : { siteId }), ...said },
    });
  },
  answer: ({ data }) => ({ id: data.findingId, state: 'open' }),
};

/** 409 `already_closed` with how it ended. */
const refuseClosed = ({ id, state, lastSeq }: Finding): void => {
  if (state === 'closed' || state === 'withdrawn')
    throw conflict('already_closed', 'This finding is closed.', { findingId: id, state, seq: lastSeq });
};

/** By the audited, or by the operator for them. An answer may be given anew until the auditor judged it. */
export const answerFinding: Operation<AnswerRequest & { findingId: string }, FindingChange> = {
  name: 'audit-finding.answer',
  roles: ['operator', 'station', 'warehouse', 'recycler', 'carrier', 'brand'],
  status: 201,
  decide(world, { findingId, text, evidence }, { caller }) {
    const finding = world.get(auditFindings, findingId);
    if (finding === undefined || !(caller.role === 'operator' || isAudited(finding, caller.organisationId)))
      throw notFound('finding');
    refuseClosed(finding);
    const { keyId, organisationId, holder } = caller;
    return draft({
      type: findingAnswered,
      data: { findingId, seq: finding.lastSeq },
      private: { keyId, organisationId, holder, text, evidence },
    });
  },
  answer: ({ data }) => ({ id: data.findingId, state: 'answered' }),
};

export const isAudited = ({ organisationIds }: Finding, organisationId: string): boolean =>
  organisationIds.includes(organisationId);

/** Nobody judges his own answer, whatever organisation his other key is of. */
const refuseAnswerer = ({ answer }: Finding, { holder }: { holder: string }): void => {
  if (answer !== null && sameName(answer.holder, holder))
    throw new DomainError(
      'forbidden',
      'same_holder',
      'You answered this finding; another person must judge it.',
    );
};

/** By the auditor alone. An answer is accepted or not; a finding that was none is withdrawn. */
export const judgeFinding: Operation<JudgementRequest & { findingId: string } & InZone, FindingChange> = {
  name: 'audit-finding.judge',
  roles: ['auditor'],
  status: 201,
  decide(world, { findingId, outcome, dueOn, note, timeZone }, { caller, now }) {
    const finding = world.get(auditFindings, findingId);
    if (finding === undefined || finding.auditorId !== caller.organisationId) throw notFound('finding');
    if (dueOn !== undefined) laterDay(dueOn, dayIn(timeZone, now));
    refuseClosed(finding);
    if (finding.state === 'open' && outcome !== 'withdrawn')
      throw conflict('not_answered', 'Nobody answered this finding yet; withdraw it where it was none.', {
        findingId,
        seq: finding.lastSeq,
      });
    refuseAnswerer(finding, caller);
    const { keyId, holder } = caller;
    return draft({
      type: findingJudged,
      data: { findingId, seq: finding.lastSeq, outcome },
      private: {
        ...{ keyId, holder },
        ...(dueOn === undefined ? {} : { dueOn }),
        ...(note === undefined ? {} : { note }),
      },
    });
  },
  answer: ({ data: { findingId: id, outcome } }) => ({
    id,
    state: outcome === 'open-again' ? 'open' : outcome,
  }),
};
