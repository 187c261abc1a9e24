import type { ExternalCertificate } from '../certificates/certificates.tables.ts';
import type { Reader } from '../db/reader.ts';
import type { Clock } from '../kernel/time.ts';
import type { Entry } from '../ledger/entry.ts';
import type { Queryable } from '../ledger/store.ts';
import type { LotSummary } from '../provenance/summary.ts';
import type { PublicName } from '../registry/public-names.tables.ts';
import type { Batch } from '../resale/resale.tables.ts';
import type { Sale } from '../resale/sales.tables.ts';
import type { SchemeVersion } from '../schemes/schemes.tables.ts';
import { type CheckDeps, type Checked, checkCodes, factsOf } from '../statements/checking.ts';
import type { Stated } from '../statements/stated.ts';
import { findStatementByCode, rulesOf } from '../statements/statements.queries.ts';
import type { Statement } from '../statements/statements.tables.ts';

/** Outside certificates shown with a statement, the newest. */
const MOST_CERTIFICATES = 20;

export type StatementPageDeps = CheckDeps & { clock: Clock; programme: { timeZone: string } };

/** What the page shows of one statement whose facts stand in the signed log. */
export type StatementData = {
  checked: Checked & { statement: Stated; signature: NonNullable<Checked['signature']> };
  scheme: SchemeVersion;
  batch: Pick<Batch, 'code' | 'material' | 'form'>;
  /** Of the stated grams, those in products. */
  usedGrams: number;
  /** Null where the holder has not had its name published. */
  holder: string | null;
  /** Names of those who approved, as far as they are published, each once. */
  approvers: string[];
  facts: Pick<Entry, 'seq' | 'at' | 'type' | 'data'>[];
  certificates: ExternalCertificate[];
};

type Tables = {
  batches: Batch;
  batchSales: Sale;
  publicNames: PublicName;
  externalCertificates: ExternalCertificate;
};

/** Certificates registered for the scheme that name a site of the batch, the newest first. */
const certificatesFor = async (
  db: Reader,
  pool: Queryable,
  { scheme, batchId }: Pick<Stated, 'scheme' | 'batchId'>,
): Promise<ExternalCertificate[]> => {
  const { rows } = await pool.query<{ summary: Pick<LotSummary, 'bySite'> }>(
    'SELECT summary FROM batch_summaries WHERE batch_id = $1 ORDER BY seq DESC LIMIT 1',
    [batchId],
  );
  const sites = new Set(rows[0]?.summary.bySite.map(({ siteId }) => siteId));
  const all = await db
    .withTables<Tables>()
    .selectFrom('externalCertificates')
    .selectAll()
    .orderBy('seq', 'desc')
    .execute();
  return all
    .filter(({ schemes, siteIds }) => schemes.includes(scheme) && siteIds.some((id) => sites.has(id)))
    .slice(0, MOST_CERTIFICATES);
};

const more = async (
  { db, pool }: StatementPageDeps,
  row: Statement,
  stated: Stated,
): Promise<Omit<StatementData, 'checked'>> => {
  const tables = db.withTables<Tables>();
  const [scheme, batch, sale, names, facts, certificates] = await Promise.all([
    rulesOf(db, row),
    tables.selectFrom('batches').selectAll().where('id', '=', stated.batchId).executeTakeFirstOrThrow(),
    tables.selectFrom('batchSales').selectAll().where('id', '=', stated.saleId).executeTakeFirstOrThrow(),
    tables
      .selectFrom('publicNames')
      .selectAll()
      .where('organisationId', 'in', [row.holderId, ...stated.approvedBy])
      .execute(),
    factsOf(pool, [row]),
    certificatesFor(db, pool, stated),
  ]);
  const nameOf = new Map(names.map(({ organisationId, name }) => [organisationId, name]));
  return {
    ...{ scheme, batch, certificates },
    usedGrams: Math.min(stated.grams, sale.productGrams),
    holder: nameOf.get(row.holderId) ?? null,
    approvers: [...new Set(stated.approvedBy.flatMap((id) => nameOf.get(id) ?? []))],
    facts: facts.get(row.id) ?? [],
  };
};

/** What is known of a code; a string is a verdict beside which nothing may be shown. */
export const statementData = async (
  deps: StatementPageDeps,
  code: string,
): Promise<StatementData | 'unknown' | 'tampered' | 'test'> => {
  const [checked] = (await checkCodes(deps, [code], deps.clock())) as [Checked];
  const { verdict, statement, signature } = checked;
  if (verdict === 'unknown' || verdict === 'tampered' || verdict === 'test') return verdict;
  const row = await findStatementByCode(deps.db, checked.code);
  if (statement === null || signature === null || row === undefined) return 'unknown';
  return { checked: { ...checked, statement, signature }, ...(await more(deps, row, statement)) };
};
