import type { Reader } from '../db/reader.ts';
import { notFound } from '../kernel/errors.ts';
import type { Caller } from '../ledger/fact.ts';
import type { Audit, AuditRead, Finding, FindingState } from './audits.tables.ts';

type Tables = { audits: Audit; auditFindings: Finding; auditReads: AuditRead };
const from = (db: Reader) => db.withTables<Tables>();

/** Who sees every audit; an auditor sees those of his own organisation. */
const seesAll = ({ role }: Caller): boolean => role === 'operator' || role === 'regulator';

/** Audits in the order opened; one more than `limit`. */
export const listAudits = (db: Reader, caller: Caller, after: number, limit: number): Promise<Audit[]> => {
  let rows = from(db).selectFrom('audits').selectAll().where('seq', '>', after);
  if (!seesAll(caller)) rows = rows.where('auditorId', '=', caller.organisationId);
  return rows
    .orderBy('seq')
    .limit(limit + 1)
    .execute();
};

/** 404 for an audit that is unknown, or another auditor's. */
export const findAudit = async (db: Reader, caller: Caller, id: string): Promise<Audit> => {
  const audit = await from(db).selectFrom('audits').selectAll().where('id', '=', id).executeTakeFirst();
  if (audit === undefined || !(seesAll(caller) || audit.auditorId === caller.organisationId))
    throw notFound('audit');
  return audit;
};

/** What was opened under an audit, in the order opened; one more than `limit`. */
export const listReads = (db: Reader, auditId: string, after: number, limit: number): Promise<AuditRead[]> =>
  from(db)
    .selectFrom('auditReads')
    .selectAll()
    .where('auditId', '=', auditId)
    .where('seq', '>', after)
    .orderBy('seq')
    .limit(limit + 1)
    .execute();

export type FindingFilter = {
  auditId?: string | undefined;
  state?: FindingState | 'overdue' | undefined;
};

/** Nobody answered it, and the last day for that is over. */
export const isOverdue = ({ state, dueOn }: Pick<Finding, 'state' | 'dueOn'>, today: string): boolean =>
  state === 'open' && dueOn < today;

/**
 * Findings the caller may see, in the order recorded; one more than `limit`: all to operator and regulator, an auditor's to himself,
 * and to the audited those about them.
 */
export const listFindings = (
  db: Reader,
  caller: Caller,
  { auditId, state }: FindingFilter,
  today: string,
  after: number,
  limit: number,
): Promise<Finding[]> => {
  let rows = from(db).selectFrom('auditFindings').selectAll().where('seq', '>', after);
  if (auditId !== undefined) rows = rows.where('auditId', '=', auditId);
  if (state === 'overdue') rows = rows.where('state', '=', 'open').where('dueOn', '<', today);
  else if (state !== undefined) rows = rows.where('state', '=', state);
  const { organisationId } = caller;
  if (caller.role === 'auditor') rows = rows.where('auditorId', '=', organisationId);
  else if (!seesAll(caller))
    rows = rows.where((e) =>
      e.exists(
        e
          .selectFrom((f) => f.fn<{ value: string }>('json_array_elements_text', ['organisationIds']).as('o'))
          .select('o.value')
          .where('o.value', '=', organisationId),
      ),
    );
  return rows
    .orderBy('seq')
    .limit(limit + 1)
    .execute();
};
