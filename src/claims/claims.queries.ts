import { sql } from 'kysely';
import { scopeOf } from '../certificates/certificates.queries.ts';
import { inSnapshot, type Reader } from '../db/reader.ts';
import { NIL } from '../kernel/ids.ts';
import type { Caller } from '../ledger/fact.ts';
import { unavailable } from '../ledger/record.ts';
import { type CustodyModel, lowestModel } from '../provenance/custody-model.ts';
import { modelOfSources } from '../provenance/labels.ts';
import { findLot, findModel, findSources, findVector } from '../provenance/provenance.queries.ts';
import { maySee } from '../registry/access.ts';
import type { PublicName } from '../registry/public-names.tables.ts';
import type { Product } from '../resale/products.tables.ts';
import type { Batch } from '../resale/resale.tables.ts';
import type { Sale } from '../resale/sales.tables.ts';
import type { Scheme } from '../schemes/schemes.tables.ts';
import { reasonOf } from '../statements/eligibility.ts';
import { lotsOf, rulesOf } from '../statements/statements.queries.ts';
import type { Statement } from '../statements/statements.tables.ts';
import type { OriginShare } from './claim-text.ts';
import type { Claim, OutsideListing } from './claims.tables.ts';
import type { Prepared } from './retire.ts';

type Tables = {
  claims: Claim;
  outsideListings: OutsideListing;
  statements: Statement;
  products: Product;
  batchSales: Sale;
  batches: Batch;
  publicNames: PublicName;
};
const tables = (db: Reader) => db.withTables<Tables>();

/** undefined when there is none, or it is of others: who holds a claim sees it, who sold the grams, and who checks. */
export const findClaim = async (db: Reader, caller: Caller, id: string): Promise<Claim | undefined> => {
  const found = await tables(db).selectFrom('claims').selectAll().where('id', '=', id).executeTakeFirst();
  const sees = found && [found.holderId, found.sellerId].some((owner) => maySee(caller, owner, null));
  return sees ? found : undefined;
};

/** Claims the caller may see, in the order made; one more than `limit`. */
export const listClaims = (
  db: Reader,
  caller: Caller,
  of: { state?: Claim['state'] | undefined; saleId?: string | undefined },
  after: number,
  limit: number,
): Promise<Claim[]> => {
  let query = tables(db).selectFrom('claims').selectAll().where('seq', '>', after);
  if (!maySee(caller, '', null))
    query = query.where((eb) =>
      eb.or([eb('holderId', '=', caller.organisationId), eb('sellerId', '=', caller.organisationId)]),
    );
  if (of.state !== undefined) query = query.where('state', '=', of.state);
  if (of.saleId !== undefined) query = query.where('saleId', '=', of.saleId);
  return query
    .orderBy('seq')
    .limit(limit + 1)
    .execute();
};

export const listListings = (db: Reader, after: number, limit: number): Promise<OutsideListing[]> =>
  tables(db)
    .selectFrom('outsideListings')
    .selectAll()
    .where('seq', '>', after)
    .orderBy('seq')
    .limit(limit + 1)
    .execute();

const statementsOf = (db: Reader, ids: readonly string[]): Promise<Statement[]> =>
  tables(db)
    .selectFrom('statements')
    .selectAll()
    .where('id', 'in', [NIL, ...ids])
    .execute();

const namesOf = async (db: Reader, ids: readonly string[]): Promise<Map<string, string>> => {
  const rows = await tables(db)
    .selectFrom('publicNames')
    .select(['organisationId', 'name'])
    .where('organisationId', 'in', [NIL, ...ids])
    .execute();
  return new Map(rows.map(({ organisationId, name }) => [organisationId, name]));
};

const STATEMENT_CODE = /^[0-9A-Z]{16}$/;

/** A line of the public register. No holder is in it; for whom grams were retired only with consent. */
export type Registered = {
  claim: Claim;
  batchCode: string;
  statements: { code: string; scheme: string; state: string }[];
  retiredFor: string | null;
};

/** The register in the order claims were made: all but what was only reserved and let go; one more than `limit`. */
export const readRegister = async (
  db: Reader,
  of: {
    state?: Claim['state'] | undefined;
    /** The code of a statement. */
    statement?: string | undefined;
    group?: Claim['exclusionGroup'] | undefined;
  },
  after: number,
  limit: number,
): Promise<Registered[]> => {
  let query = tables(db)
    .selectFrom('claims')
    .selectAll()
    .where('seq', '>', after)
    .where('state', '!=', 'released');
  if (of.state !== undefined) query = query.where('state', '=', of.state);
  if (of.group !== undefined) query = query.where('exclusionGroup', '=', of.group);
  if (of.statement !== undefined) {
    if (!STATEMENT_CODE.test(of.statement)) return [];
    const named = await tables(db)
      .selectFrom('statements')
      .select(['id', 'saleId'])
      .where('code', '=', of.statement)
      .executeTakeFirst();
    if (named === undefined) return [];
    query = query
      .where('saleId', '=', named.saleId)
      .where(sql<boolean>`statement_ids::jsonb @> to_jsonb(${named.id}::text)`);
  }
  const found = await query
    .orderBy('seq')
    .limit(limit + 1)
    .execute();
  const named = new Map(
    (
      await statementsOf(
        db,
        found.flatMap((c) => c.statementIds),
      )
    ).map((s) => [s.id, s]),
  );
  const batches = await tables(db)
    .selectFrom('batches')
    .select(['id', 'code'])
    .where('id', 'in', [NIL, ...found.map(({ batchId }) => batchId)])
    .execute();
  const codes = new Map(batches.map(({ id, code }) => [id, code]));
  const names = await namesOf(
    db,
    found.flatMap(({ retirement }) => (retirement?.named ? (retirement.beneficiaryId ?? []) : [])),
  );
  return found.map((claim) => ({
    claim,
    batchCode: codes.get(claim.batchId)!,
    statements: claim.statementIds.map((id) => {
      const { code, scheme, state } = named.get(id)!;
      return { code: code!, scheme, state };
    }),
    retiredFor: (claim.retirement?.named && names.get(claim.retirement.beneficiaryId ?? '')) || null,
  }));
};

/** Accepted grams of lots under a scheme by origin class, in a reader's snapshot. */
const originsOf = async (db: Reader, scheme: Scheme, lotIds: readonly string[]) => {
  const shares = new Map<string, OriginShare>();
  const models: CustodyModel[] = [];
  const inScope = scheme.rules.demandsScope ? await scopeOf(db, scheme.code) : () => true;
  for (const lotId of lotIds) {
    const lot = await findLot(db, lotId);
    if (lot === undefined || lot.grams === 0) continue;
    const vector = await findVector(db, lot);
    if (vector === undefined)
      throw unavailable(
        'not_ready',
        'What is known of these grams is being brought up to date; ask again in a second.',
      );
    const sources = new Map((await findSources(db, [...vector.keys])).map((source) => [source.key, source]));
    const label = await findModel(db, lotId);
    models.push(label?.custodyModel ?? modelOfSources(vector, (key) => sources.get(key)!));
    for (const [i, key] of vector.keys.entries()) {
      const source = sources.get(key)!;
      const { originClass } = source;
      if (originClass === null || reasonOf(scheme.rules, source, inScope) !== null) continue;
      const before = shares.get(originClass) ?? { originClass, grams: 0, declaredGrams: 0 };
      const grams = vector.grams[i]!;
      shares.set(originClass, {
        ...before,
        grams: before.grams + grams,
        declaredGrams: before.declaredGrams + (source.originEvidence === 'declared' ? grams : 0),
      });
    }
  }
  return { origins: [...shares.values()], models };
};

/** What is to be known of a claim's grams to retire them, or to say what may be said; null where there is nothing. */
export const prepareRetirement = (
  db: Reader,
  claimId: string,
  productId: string | undefined,
): Promise<{
  claim: Claim;
  named: Statement[];
  product: Product | null;
  prepared: NonNullable<Prepared>;
} | null> =>
  inSnapshot(db, async (now) => {
    const claim = await tables(now)
      .selectFrom('claims')
      .selectAll()
      .where('id', '=', claimId)
      .executeTakeFirst();
    if (claim === undefined) return null;
    const product =
      productId === undefined
        ? null
        : await tables(now).selectFrom('products').selectAll().where('id', '=', productId).executeTakeFirst();
    if (product === undefined) return null;
    const sale = await tables(now)
      .selectFrom('batchSales')
      .selectAll()
      .where('id', '=', claim.saleId)
      .executeTakeFirstOrThrow();
    const lotIds = product === null ? await lotsOf(now, sale) : [product.lotId];
    const found = new Map((await statementsOf(now, claim.statementIds)).map((one) => [one.id, one]));
    const named = claim.statementIds.map((id) => found.get(id)!);
    const schemes: NonNullable<Prepared>['schemes'] = [];
    const models: CustodyModel[] = [];
    for (const statement of named) {
      const scheme: Scheme = { ...(await rulesOf(now, statement)), lastSeq: 0 };
      const { origins, models: seen } = await originsOf(now, scheme, lotIds);
      const { organisationId } = scheme;
      const body = (await namesOf(now, [organisationId])).get(organisationId) ?? null;
      schemes.push({ statementId: statement.id, scheme, body, origins });
      models.push(...seen);
    }
    const productSeq = product?.lastSeq ?? null;
    return {
      ...{ claim, named, product },
      prepared: { claimSeq: claim.lastSeq, productSeq, model: lowestModel(models), schemes },
    };
  });
