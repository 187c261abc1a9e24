import { DECIDERS } from '../collection/deciding.operations.ts';
import { escaped } from '../kernel/html.ts';
import { RECONCILIATION_DECISIONS } from '../kernel/vocabulary.ts';
import { moneyText } from '../passbook/receipt-text.ts';
import { PAYERS } from '../payouts/orders.operations.ts';
import { RESOLUTION_ACCOUNTS } from '../reconciliation/reconciliation.tables.ts';
import { barTo } from './impartial.ts';
import type { View } from './parts.ts';
import * as parts from './parts.ts';

/** An item of the queue, as `GET /v1/reconciliation/items` shows it. */
export type ItemShown = {
  id: string;
  name: { en: string; zh: string };
  rail: string;
  day: string;
  amount: number;
  suspense: number;
  currency: string;
  reference: string | null;
  proposal: {
    as: string;
    to?: string;
    bookedSeq?: number;
    reason: string;
    by: { organisationId: string; holder: string };
  } | null;
  ageDays: number;
};

type Page<Item> = { items: readonly Item[]; nextCursor: string | null };

const resolutionFields = ({ t, language }: View): string => {
  const ways = RECONCILIATION_DECISIONS.map(
    (as) => `<option value="${as}">${parts.nameOf('reconciliationDecision', as, language)}</option>`,
  );
  const accounts = RESOLUTION_ACCOUNTS.map(
    (to) => `<option value="${to}">${parts.nameOf('accountKind', to, language)}</option>`,
  );
  return `<label>${t('outcome')}<select name="as">${ways.join('')}</select></label>
<label>${t('toAccount')}<select name="to"><option value="">–</option>${accounts.join('')}</select></label>
<label>${t('bookedSeq')}<input name="bookedSeq" inputmode="numeric" maxlength="16" autocomplete="off"></label>
${parts.noteField(t('noteReason'), 'reason', true, 500)}`;
};

const itemForms = (view: View, { id, proposal }: ItemShown): string => {
  const { t, session } = view;
  const action = `/console/reconciliation/${id}/decision`;
  const may = barTo({ roles: PAYERS }, session.caller, 'operator');
  if (may !== null) return `<p class="alarm">${t(may)}</p>`;
  const own = resolutionFields(view);
  if (proposal === null) return parts.formOf(view, action, own, t('propose'));
  const bar = barTo({ roles: PAYERS, first: proposal.by }, session.caller, 'operator');
  const same = [
    parts.hiddenField('as', proposal.as),
    proposal.to === undefined ? '' : parts.hiddenField('to', proposal.to),
    proposal.bookedSeq === undefined ? '' : parts.hiddenField('bookedSeq', proposal.bookedSeq),
    parts.noteField(t('noteReason'), 'reason', true, 500),
  ].join('');
  const second =
    bar === null ? parts.formOf(view, action, same, t('second')) : `<p class="alarm">${t(bar)}</p>`;
  return `${second}<details><summary>${t('otherwise')}</summary>${parts.formOf(view, action, own, t('propose'), 'quiet')}</details>`;
};

const itemBox = (view: View, item: ItemShown, organisations: ReadonlyMap<string, string>): string => {
  const { t, language } = view;
  const { proposal, currency, suspense } = item;
  const money = (amount: number): string => escaped(moneyText({ amount, currency }, language));
  const accountOf = (to: string): string => `: ${parts.plainName('accountKind', to, language)}`;
  const said =
    proposal === null
      ? t('nobody')
      : `${t('proposedBy', {
          outcome: `${parts.plainName('reconciliationDecision', proposal.as, language)}${proposal.to === undefined ? '' : accountOf(proposal.to)}`,
          holder: proposal.by.holder,
          organisation: organisations.get(proposal.by.organisationId) ?? proposal.by.organisationId,
        })}<br><small>${escaped(proposal.reason)}</small>`;
  return `<section class="box"><h2>${escaped(item.name[language])}</h2>
${parts.details([
  [t('amount'), money(item.amount)],
  [t('suspense'), suspense === 0 ? '' : money(suspense)],
  [t('day'), escaped(item.day)],
  [t('age'), t('days', { n: item.ageDays })],
  [t('rail'), parts.nameOf('payoutRail', item.rail, language)],
  [t('reference'), item.reference === null ? '' : parts.short(item.reference)],
  [t('proposal'), said],
])}
${itemForms(view, item)}</section>`;
};

/** What statements and books do not agree about, each with what may be said of it. */
export const reconciliationHtml = (
  view: View,
  path: string,
  page: Page<ItemShown>,
  organisations: ReadonlyMap<string, string>,
): string => {
  const { t } = view;
  const boxes = page.items.map((item) => itemBox(view, item, organisations)).join('\n');
  return parts.consoleHtml(
    view,
    'reconciliation',
    path,
    `<p>${t('twoMoney')}</p>${boxes === '' ? `<p>${t('nothing')}</p>` : boxes}${parts.nextLink(view, path, page.nextCursor)}`,
  );
};

export type EarningShown = {
  collectionId: string;
  siteId: string;
  seq: number;
  amount: number;
  dueAt: string;
};

const earningForm = (view: View, { collectionId }: EarningShown): string => {
  const { t, session } = view;
  const bar = barTo({ roles: DECIDERS }, session.caller, undefined);
  if (bar !== null) return `<p class="alarm">${t(bar)}</p>`;
  const outcomes = `<label>${t('outcome')}<select name="outcome"><option value="owed">${t('owed')}</option><option value="refused">${t('notOwed')}</option></select></label>`;
  return parts.formOf(
    view,
    `/console/waiting/${collectionId}/decision`,
    `${outcomes}${parts.noteField(t('noteRefused'), 'reason')}`,
    t('decide'),
  );
};

/** Money that waits for somebody to say whether it is owed. */
export const waitingHtml = (
  view: View,
  path: string,
  page: Page<EarningShown>,
  more: { sites: ReadonlyMap<string, string>; currency: string; recordedAt: ReadonlyMap<number, number> },
): string => {
  const { t, language } = view;
  const boxes = page.items.map((earning) => {
    const { amount, siteId, collectionId, dueAt, seq } = earning;
    const at = more.recordedAt.get(seq);
    return `<section class="box"><h2>${escaped(moneyText({ amount, currency: more.currency }, language))}</h2>
${parts.details([
  [t('site'), escaped(more.sites.get(siteId) ?? siteId)],
  [t('subject'), `${t('on-collection')} ${parts.short(collectionId)}`],
  [t('opened'), `${parts.dayOf(view, at)} <small>${parts.ageOf(view, at)}</small>`],
  [t('due'), parts.dayOf(view, dueAt)],
])}
${earningForm(view, earning)}</section>`;
  });
  return parts.consoleHtml(
    view,
    'waiting',
    path,
    `<p>${t('paidAfter')}</p>${boxes.length === 0 ? `<p>${t('nothing')}</p>` : boxes.join('\n')}${parts.nextLink(view, path, page.nextCursor)}`,
  );
};
