import { z } from 'zod';
import type { Reader } from '../db/reader.ts';
import { notFound } from '../kernel/errors.ts';
import type { Queryable } from '../ledger/store.ts';
import { type Ask, Refused } from './asking.ts';
import { attentionHtml, declarationsHtml, storageHtml } from './attention.page.ts';
import { attention, storageNow } from './attention.ts';
import { type CaseShown, casesHtml } from './cases.page.ts';
import * as queries from './console.queries.ts';
import { type MarkShown, marksHtml } from './marks.page.ts';
import { type EarningShown, type ItemShown, reconciliationHtml, waitingHtml } from './money.page.ts';
import { SECTIONS, type View } from './parts.ts';
import { RUNS_SHOWN, type RunShown, runsHtml } from './runs.page.ts';
import { STATES_SHOWN, type StatementShown, statementHtml, statementsHtml } from './statements.page.ts';

/** What a page needs to be shown: who looks, what was asked, and the API on their behalf. */
export type Shown = { view: View; ask: Ask; query: Record<string, unknown>; id: string };
export type PagesDeps = {
  db: Reader;
  pool: Queryable;
  programme: { timeZone: string; currency: string };
};

/** Each with its forms: as many as somebody decides in one go. */
const A_PAGE = 20;

const Cursor = z.string().regex(/^[\w-]{1,100}$/);
/** A choice of the address; anything else is as if nothing was chosen. */
const chosen = <T extends string>(value: unknown, of: readonly T[]): T | undefined =>
  of.find((one) => one === value);

/** The address of a list in the API, and of its page here, for what was asked. */
const asked = (
  api: string,
  page: string,
  query: Record<string, unknown>,
  filter: Readonly<Record<string, string | undefined>>,
) => {
  const own = new URLSearchParams();
  for (const [name, value] of Object.entries(filter)) if (value !== undefined) own.set(name, value);
  const path = own.size === 0 ? page : `${page}?${own}`;
  const cursor = Cursor.safeParse(query.cursor);
  own.set('limit', String(A_PAGE));
  if (cursor.success) own.set('cursor', cursor.data);
  return { url: `${api}?${own}`, path };
};

const idsOf = (items: readonly { id: string }[]): string[] => items.map(({ id }) => id);

const casesPage =
  ({ db, pool }: PagesDeps) =>
  async ({ view, ask, query }: Shown): Promise<string> => {
    const overdue = chosen(query.overdue, ['true']);
    const kind = chosen(query.kind, ['dispute']);
    const state =
      chosen(query.state, ['open', 'proposed', 'decided']) ?? (overdue === undefined ? 'open' : undefined);
    const { url, path } = asked('/v1/cases', SECTIONS.cases, query, { state, kind, overdue });
    const page: { items: CaseShown[]; nextCursor: string | null } = await ask.get(url);
    const of = await queries.casesOf(db, idsOf(page.items));
    const siteIds = [...of.values()].flatMap((one) => one.siteIds);
    return casesHtml(view, path, state, page, {
      of,
      organisations: await queries.namesOf(
        db,
        'organisations',
        page.items.flatMap(({ proposal }) => proposal?.organisationId ?? []),
      ),
      sites: await queries.namesOf(db, 'sites', siteIds),
      openedAt: await queries.recordedAll(
        pool,
        page.items.map(({ seq }) => seq),
      ),
    });
  };

const marksPage =
  ({ db, pool }: PagesDeps) =>
  async ({ view, ask, query }: Shown): Promise<string> => {
    const { url, path } = asked('/v1/marks', SECTIONS.marks, query, { state: 'open' });
    const page: { items: MarkShown[]; nextCursor: string | null } = await ask.get(url);
    const of = await queries.marksOf(db, idsOf(page.items));
    return marksHtml(view, path, page, {
      of,
      organisations: await queries.namesOf(
        db,
        'organisations',
        [...of.values()].flatMap(({ proposal }) => proposal?.organisationId ?? []),
      ),
      sites: await queries.namesOf(
        db,
        'sites',
        page.items.map(({ siteId }) => siteId),
      ),
      markedAt: await queries.recordedAll(
        pool,
        page.items.map(({ seq }) => seq),
      ),
    });
  };

const statementsPage =
  ({ db }: PagesDeps) =>
  async ({ view, ask, query }: Shown): Promise<string> => {
    const state = chosen(query.state, STATES_SHOWN) ?? 'requested';
    const { url, path } = asked('/v1/statements', SECTIONS.statements, query, { state });
    const page: { items: StatementShown[]; nextCursor: string | null } = await ask.get(url);
    const holders = page.items.map(({ holderId }) => holderId);
    return statementsHtml(view, path, state, page, await queries.namesOf(db, 'organisations', holders));
  };

/** What keeps a verdict from being said is no reason not to show the rest. */
const eligibilityOf = async (ask: Ask, { batchId, saleId, scheme }: StatementShown) => {
  try {
    const of = new URLSearchParams({ scheme, saleId });
    return await ask.get(`/v1/batches/${batchId}/eligibility?${of}`);
  } catch (error) {
    if (error instanceof Refused && error.problem.status !== 500) return null;
    throw error;
  }
};

const statementPage =
  ({ db }: PagesDeps) =>
  async ({ view, ask, id }: Shown): Promise<string> => {
    const shown: StatementShown = await ask.get(`/v1/statements/${id}`);
    const of = await queries.statementOf(db, id);
    if (of === undefined) throw notFound('statement');
    const ids = [shown.holderId, of.sellerId, ...of.approvals.map(({ organisationId }) => organisationId)];
    return statementHtml(view, `${SECTIONS.statements}/${id}`, shown, {
      of,
      organisations: await queries.namesOf(db, 'organisations', ids),
      eligibility: await eligibilityOf(ask, shown),
    });
  };

const runsPage =
  ({ db, pool }: PagesDeps) =>
  async ({ view, ask, query }: Shown): Promise<string> => {
    const state = chosen(query.state, RUNS_SHOWN) ?? 'drafted';
    const { url, path } = asked('/v1/payout-runs', SECTIONS.runs, query, { state });
    const page: { items: RunShown[]; nextCursor: string | null } = await ask.get(url);
    const makers = await queries.makersOf(db, idsOf(page.items));
    return runsHtml(view, path, state, page, {
      makers,
      organisations: await queries.namesOf(
        db,
        'organisations',
        [...makers.values()].map(({ organisationId }) => organisationId),
      ),
      openedAt: await queries.recordedAll(
        pool,
        page.items.map(({ seq }) => seq),
      ),
    });
  };

const siteNames = (db: Reader, items: readonly { siteId: string }[]) =>
  queries.namesOf(
    db,
    'sites',
    items.map(({ siteId }) => siteId),
  );

/** The pages of the console by their addresses. */
export const pagesOf = (
  deps: PagesDeps,
): readonly (readonly [url: string, show: (shown: Shown) => Promise<string>])[] => [
  [
    SECTIONS.attention,
    async ({ view, ask }) => attentionHtml(view, await attention(deps, ask, deps.programme.timeZone)),
  ],
  [SECTIONS.cases, casesPage(deps)],
  [SECTIONS.marks, marksPage(deps)],
  [SECTIONS.statements, statementsPage(deps)],
  [`${SECTIONS.statements}/:id`, statementPage(deps)],
  [SECTIONS.runs, runsPage(deps)],
  [
    SECTIONS.reconciliation,
    async ({ view, ask, query }) => {
      const state = chosen(query.state, ['proposed']) ?? 'open';
      const own = asked('/v1/reconciliation/items', SECTIONS.reconciliation, query, { state });
      const page: { items: ItemShown[]; nextCursor: string | null } = await ask.get(own.url);
      const by = page.items.flatMap(({ proposal }) => proposal?.by.organisationId ?? []);
      return reconciliationHtml(view, own.path, page, await queries.namesOf(deps.db, 'organisations', by));
    },
  ],
  [
    SECTIONS.waiting,
    async ({ view, ask, query }) => {
      const own = asked('/v1/provisional-earnings', SECTIONS.waiting, query, {});
      const page: { items: EarningShown[]; nextCursor: string | null } = await ask.get(own.url);
      const more = {
        sites: await siteNames(deps.db, page.items),
        currency: deps.programme.currency,
        recordedAt: await queries.recordedAll(
          deps.pool,
          page.items.map(({ seq }) => seq),
        ),
      };
      return waitingHtml(view, own.path, page, more);
    },
  ],
  [
    SECTIONS.storage,
    async ({ view, ask }) => storageHtml(view, await storageNow(deps, ask, deps.programme.timeZone)),
  ],
  [
    SECTIONS.declarations,
    async ({ view, ask, query }) => {
      const state = chosen(query.state, ['not-collected']) ?? 'unanswered';
      const own = asked('/v1/pollutant-declarations', SECTIONS.declarations, query, { state });
      const page = await ask.get(own.url);
      return declarationsHtml(view, own.path, page, await siteNames(deps.db, page.items));
    },
  ],
];
