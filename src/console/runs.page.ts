import { escaped } from '../kernel/html.ts';
import { moneyText } from '../passbook/receipt-text.ts';
import { PAYERS } from '../payouts/orders.operations.ts';
import type { By, PayoutRun } from '../payouts/payouts.tables.ts';
import { barTo } from './impartial.ts';
import type { View } from './parts.ts';
import * as parts from './parts.ts';

/** A run as `GET /v1/payout-runs` shows it. */
export type RunShown = {
  id: string;
  rail: string;
  currency: string;
  count: number;
  total: number;
  draftedCount: number | null;
  draftedTotal: number | null;
  asAnnounced: boolean | null;
  state: PayoutRun['state'];
  seq: number;
};

export type RunMore = {
  makers: ReadonlyMap<string, By>;
  organisations: ReadonlyMap<string, string>;
  openedAt: ReadonlyMap<number, number>;
};

const forms = (view: View, run: RunShown, maker: By | undefined): string => {
  const { t, session } = view;
  if (run.state !== 'drafted' && run.state !== 'approved') return '';
  const may = barTo({ roles: PAYERS }, session.caller, 'operator');
  if (may !== null) return `<p class="alarm">${t(may)}</p>`;
  const action = `/console/runs/${run.id}`;
  const reject = `<details><summary>${t('rejectRun')}</summary>${parts.formOf(view, `${action}/reject`, '', t('rejectRun'), 'danger')}</details>`;
  if (run.state === 'approved')
    return `${parts.formOf(view, `${action}/submit`, '', t('submitRun'))}${reject}`;
  // Payers' holders are told apart by name, in whatever organisation (domain, rule 7).
  const bar = barTo({ roles: PAYERS, first: maker }, session.caller, 'operator');
  const seen = `${parts.hiddenField('count', run.draftedCount ?? 0)}${parts.hiddenField('total', run.draftedTotal ?? 0)}`;
  const approve =
    bar === null
      ? parts.formOf(view, `${action}/approve`, seen, t('approveRun'))
      : `<p class="alarm">${t(bar)}</p>`;
  return `${approve}${reject}`;
};

const runBox = (view: View, run: RunShown, more: RunMore): string => {
  const { t, language } = view;
  const maker = more.makers.get(run.id);
  const openedAt = more.openedAt.get(run.seq);
  const total = { amount: run.draftedTotal ?? run.total, currency: run.currency };
  return `<section class="box"><h2>${escaped(moneyText(total, language))}</h2>
${parts.details([
  [t('people'), String(run.draftedCount ?? run.count)],
  [t('rail'), parts.nameOf('payoutRail', run.rail, language)],
  [t('state'), t(run.state)],
  [t('asAnnounced'), run.asAnnounced === null ? '' : t(run.asAnnounced ? 'yes' : 'no')],
  [t('opened'), `${parts.dayOf(view, openedAt)} <small>${parts.ageOf(view, openedAt)}</small>`],
  [
    t('madeBy'),
    maker === undefined
      ? ''
      : escaped(`${maker.holder}, ${more.organisations.get(maker.organisationId) ?? maker.organisationId}`),
  ],
])}
${forms(view, run, maker)}</section>`;
};

export const RUNS_SHOWN = ['drafted', 'approved', 'submitted', 'rejected'] as const;

/** Payout runs of one state, each with what may be done. */
export const runsHtml = (
  view: View,
  path: string,
  state: (typeof RUNS_SHOWN)[number] | undefined,
  page: { items: readonly RunShown[]; nextCursor: string | null },
  more: RunMore,
): string => {
  const { t } = view;
  const boxes = page.items.map((run) => runBox(view, run, more)).join('\n');
  return parts.consoleHtml(
    view,
    'runs',
    path,
    `<p>${t('twoRun')}</p>${parts.chooser(view, '/console/runs', RUNS_SHOWN, state)}
${boxes === '' ? `<p>${t('nothing')}</p>` : boxes}${parts.nextLink(view, path, page.nextCursor)}`,
  );
};
