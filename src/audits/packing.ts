import { DomainError, unprocessable } from '../kernel/errors.ts';
import { dayIn } from '../kernel/time.ts';
import type { Caller } from '../ledger/fact.ts';
import { unavailable } from '../ledger/record.ts';
import { readHead } from '../ledger/store.ts';
import { recordedAt } from '../periods/periods.queries.ts';
import { firstAfter } from '../periods/periods.ts';
import { findById } from '../registry/registry.queries.ts';
import { isInTime } from './audits.operations.ts';
import { findAudit } from './audits.queries.ts';
import type { AuditDeps } from './audits.routes.ts';
import type { Audit } from './audits.tables.ts';
import { writeDownRead } from './opening.ts';
import { balancesAround, flowsAt, listsAt, processLossesAt, weighInsAt } from './pack.queries.ts';
import { accountOf, columnsOf, type Pack } from './pack.ts';
import { sampleOf } from './sample.ts';

/** Entries recorded from the first to the last day of the period, in the programme's time zone. */
const spanOf = async (
  { pool, programme: { timeZone } }: AuditDeps,
  { firstDay, lastDay }: Audit,
): Promise<{ from: number; until: number }> => {
  const { size } = await readHead(pool);
  const dayAt = async (seq: number): Promise<string> => dayIn(timeZone, await recordedAt(pool, seq));
  const from = await firstAfter(size, async (seq) => (await dayAt(seq)) >= firstDay);
  const until = await firstAfter(size, async (seq) => (await dayAt(seq)) > lastDay);
  return { from, until };
};

/**
 * Makes the pack of one site. It holds hashes out of private parts, so an auditor has it in the time of the audit alone, and that
 * he read them is a fact. 404 for another's audit; 422 for a site that is not of it; 403 `audit_over`.
 */
export const makePack = async (
  deps: AuditDeps,
  caller: Caller,
  auditId: string,
  siteId: string,
): Promise<Pack> => {
  const audit = await findAudit(deps.db, caller, auditId);
  const site = await findById(deps.db, 'sites', siteId);
  if (!audit.siteIds.includes(siteId) || site === undefined)
    throw unprocessable('outside_scope', '/querystring/siteId', 'must be a site of this audit');
  if (caller.role === 'auditor' && !isInTime(audit, deps.clock()))
    throw new DomainError(
      'forbidden',
      'audit_over',
      'The audit was closed, or its time is over or has not come.',
    );
  const { from, until } = await spanOf(deps, audit);
  if (!(await deps.follower.reaches(Math.max(until - 1, audit.seq))))
    throw unavailable('not_ready', 'The stock of that time is still being read; ask again in a second.');
  const span = { siteId, from, until };
  const { pool } = deps;
  const flows = await flowsAt(pool, span);
  const stock = accountOf(await balancesAround(pool, span), flows);
  const processLosses = await processLossesAt(pool, span);
  const sample = await sampleOf(pool, deps.tree, audit);
  const seqs = sample.items.filter((item) => item.siteId === siteId).map(({ seq }) => seq);
  if (caller.role === 'auditor') await writeDownRead(deps, caller, audit.id, seqs);
  const sum = (items: readonly { grams: number }[]) => items.reduce((total, { grams }) => total + grams, 0);
  const changed = stock.reduce((total, { made, used }) => total + made + used, 0);
  return {
    ...{ auditId, body: audit.body, site: { id: site.id, name: site.name } },
    ...{ firstDay: audit.firstDay, lastDay: audit.lastDay, fromSeq: from, untilSeq: until, stock },
    flows: flows.flatMap((flow) =>
      columnsOf(flow).map(([column, grams]) => {
        const { type, material, form, facts } = flow;
        return { type, material, form, column, grams, facts };
      }),
    ),
    processLosses,
    processDifference: 0 - changed - sum(processLosses),
    ...(await listsAt(pool, span)),
    weighIns: await weighInsAt(deps, caller, seqs),
  };
};
