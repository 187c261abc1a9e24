import { conflict, DomainError, forbidden, notFound, unprocessable } from '../kernel/errors.ts';
import { draft, type Operation } from '../ledger/fact.ts';
import type { World } from '../ledger/world.ts';
import { organisations, sites } from '../registry/registry.tables.ts';
import { auditClosed, auditOpened, openingsRead } from './audits.facts.ts';
import type { AuditRequest, CloseRequest } from './audits.schema.ts';
import { type Audit, audits } from './audits.tables.ts';

const DAY_MS = 86_400_000;
/** A time box is no standing key: nobody is let in for longer. */
export const LONGEST_BOX_DAYS = 183;

export type AuditAnswer = { id: string; state: 'open' | 'closed' };

/** Whose sites these are. 422 for one that nobody knows or that is named twice. */
const auditedOf = (world: World, siteIds: readonly string[]): string[] => {
  world.need(sites, siteIds);
  const owners = siteIds.map((siteId, i) => {
    const site = world.get(sites, siteId);
    if (site === undefined)
      throw unprocessable('unknown_site', `/siteIds/${i}`, 'no such site; register it first');
    if (siteIds.indexOf(siteId) < i)
      throw unprocessable('site_named_twice', `/siteIds/${i}`, 'name each site once');
    return site.organisationId;
  });
  return [...new Set(owners)];
};

/**
 * Lets an auditor look, for a time, at some sites and a period. 422 `audits_itself` where the auditor is the operator or
 * holds one of the sites (domain, rule 8: who gains does not judge).
 */
export const openAudit: Operation<AuditRequest, AuditAnswer> = {
  name: 'audit.open',
  roles: ['operator'],
  status: 201,
  decide(world, input, { caller, id, now }) {
    const { auditorId, siteIds, opensAt, closesAt, note, id: _, ...said } = input;
    const auditor = world.get(organisations, auditorId);
    if (auditor === undefined)
      throw unprocessable('unknown_organisation', '/auditorId', 'no such organisation; register it first');
    const organisationIds = auditedOf(world, siteIds);
    if (auditor.kind === 'operator' || organisationIds.includes(auditorId))
      throw unprocessable(
        'audits_itself',
        '/auditorId',
        'runs the programme or one of these sites; name an organisation that does neither',
      );
    const [from, until] = [Date.parse(opensAt), Date.parse(closesAt)];
    if (until - from > LONGEST_BOX_DAYS * DAY_MS)
      throw unprocessable('box_too_long', '/closesAt', `must be within ${LONGEST_BOX_DAYS} days of opensAt`);
    if (until <= now) throw unprocessable('in_the_past', '/closesAt', 'must be later than now');
    return draft({
      type: auditOpened,
      data: { auditId: id },
      private: {
        ...{ keyId: caller.keyId, auditorId, organisationIds, siteIds, opensAt: from, closesAt: until },
        ...said,
        ...(note === undefined ? {} : { note }),
      },
    });
  },
  answer: ({ data }) => ({ id: data.auditId, state: 'open' }),
};

/** Ends what the auditor may open before its time is over. */
export const closeAudit: Operation<CloseRequest & { auditId: string }, AuditAnswer> = {
  name: 'audit.close',
  roles: ['operator', 'auditor'],
  status: 200,
  decide(world, { auditId, note }, { caller }) {
    const audit = world.get(audits, auditId);
    if (audit === undefined || (caller.role === 'auditor' && caller.organisationId !== audit.auditorId))
      throw notFound('audit');
    if (audit.state === 'closed')
      throw conflict('already_closed', 'This audit is closed.', { auditId, seq: audit.lastSeq });
    return draft({
      type: auditClosed,
      data: { auditId, seq: audit.lastSeq },
      private: { keyId: caller.keyId, ...(note === undefined ? {} : { note }) },
    });
  },
  answer: ({ data }) => ({ id: data.auditId, state: 'closed' }),
};

/** Whether an auditor of the organisation may open private parts under this audit at `now`, milliseconds since 1970. */
export const isInTime = (audit: Pick<Audit, 'state' | 'opensAt' | 'closesAt'>, now: number): boolean =>
  audit.state === 'open' && audit.opensAt <= now && now < audit.closesAt;

/**
 * Writes down what an auditor is about to see, before it is shown. The scope was looked at outside, since it follows from
 * facts that never change; that the audit still stands is asked here.
 */
export const noteOpeningsRead: Operation<{ auditId: string; entries: number[] }, { id: string }> = {
  name: 'audit.openings-read',
  roles: ['auditor'],
  status: 201,
  decide(world, { auditId, entries }, { caller, now }) {
    const audit = world.get(audits, auditId);
    if (audit === undefined || audit.auditorId !== caller.organisationId)
      throw new DomainError('not_found', 'outside_audit', 'No audit of yours covers this entry.');
    if (!isInTime(audit, now)) throw forbidden('The audit was closed, or its time is over.');
    const { keyId, holder } = caller;
    return draft({
      type: openingsRead,
      data: { auditId, seq: audit.lastSeq },
      private: { keyId, holder, entries },
    });
  },
  answer: ({ data }) => ({ id: data.auditId }),
};
