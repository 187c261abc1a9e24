import { escaped } from '../kernel/html.ts';
import { LOSS_KINDS } from '../kernel/vocabulary.ts';
import { DECIDERS } from '../supervision/cases.operations.ts';
import { barTo } from './impartial.ts';
import type { View } from './parts.ts';
import * as parts from './parts.ts';
import { isTextName, plainText } from './texts.ts';

/** A case as `GET /v1/cases` shows it. */
export type CaseShown = {
  id: string;
  kind: string;
  subjectId: string;
  state: string;
  grams: number;
  measuredGrams: number;
  proposal: {
    outcome: string;
    lossKind: string;
    note: string | null;
    organisationId: string;
    holder: string;
  } | null;
  seq: number;
  dueAt: string | null;
  overdue: boolean;
  dispute: { collectionId: string; about: string } | null;
};

/** What else a page tells of the cases on it, by id and position. */
export type CaseMore = {
  of: ReadonlyMap<string, { organisationIds: readonly string[]; siteIds: readonly string[] }>;
  organisations: ReadonlyMap<string, string>;
  sites: ReadonlyMap<string, string>;
  openedAt: ReadonlyMap<number, number>;
};

const OUTCOMES = ['explained', 'loss', 'released'] as const;
const OF_DISPUTE = ['upheld', 'rejected'] as const;

const decisionFields = ({ t, language }: View, isDispute: boolean): string => {
  const outcomes = (isDispute ? OF_DISPUTE : OUTCOMES).map(
    (outcome) => `<option value="${outcome}">${t(`outcome-${outcome}`)}</option>`,
  );
  const kinds = LOSS_KINDS.map(
    (kind) => `<option value="${kind}">${parts.nameOf('lossKind', kind, language)}</option>`,
  );
  return `<label>${t('outcome')}<select name="outcome">${outcomes.join('')}</select></label>${
    isDispute
      ? ''
      : `<label>${t('lossKind')}<select name="lossKind"><option value="">${t('unexplained')}</option>${kinds.join('')}</select></label>`
  }${parts.noteField(t(isDispute ? 'noteDispute' : 'note'), 'note', isDispute)}`;
};

const decisionForms = (view: View, shown: CaseShown): string => {
  const { t } = view;
  const { id, proposal, dispute } = shown;
  const action = `/console/cases/${id}/decision`;
  const own = decisionFields(view, dispute !== null || shown.kind === 'dispute');
  if (proposal === null) return parts.formOf(view, action, own, t('propose'));
  const { outcome, lossKind } = proposal;
  const same = `${parts.hiddenField('outcome', outcome)}${outcome === 'loss' ? parts.hiddenField('lossKind', lossKind) : ''}`;
  return `${parts.formOf(view, action, `${same}${parts.noteField(t(shown.kind === 'dispute' ? 'noteDispute' : 'note'), 'note', shown.kind === 'dispute')}`, t('second'))}
<details><summary>${t('otherwise')}</summary>${parts.formOf(view, action, own, t('propose'), 'quiet')}</details>`;
};

const proposalText = (view: View, { proposal }: CaseShown, more: CaseMore): string => {
  if (proposal === null) return view.t('nobody');
  const { outcome, lossKind, holder, organisationId, note } = proposal;
  const said = view.t('proposedBy', {
    outcome: nameOfOutcome(view, outcome, lossKind),
    holder,
    organisation: more.organisations.get(organisationId) ?? organisationId,
  });
  return `${said}${note === null ? '' : `<br><small>${escaped(note)}</small>`}`;
};

/** Plain. The first words of an outcome name it; the rest explains. */
const nameOfOutcome = ({ language }: View, outcome: string, lossKind: string): string => {
  const name = `outcome-${outcome}`;
  const [said] = (isTextName(name) ? plainText(name, language) : outcome).split(/[:：]/) as [string];
  return outcome === 'loss' ? `${said}, ${parts.plainName('lossKind', lossKind, language)}` : said;
};

const caseBox = (view: View, shown: CaseShown, more: CaseMore): string => {
  const { t, session, organisation, language } = view;
  const { organisationIds = [], siteIds = [] } = more.of.get(shown.id) ?? {};
  const question = { roles: DECIDERS, profiting: organisationIds, first: shown.proposal };
  const isOver = !['open', 'proposed'].includes(shown.state);
  const bar = barTo(question, session.caller, organisation.kind);
  const deciding = bar === null ? decisionForms(view, shown) : `<p class="alarm">${t(bar)}</p>`;
  const siteNames = siteIds.map((id) => escaped(more.sites.get(id) ?? id)).join('，');
  const openedAt = more.openedAt.get(shown.seq);
  return `<section class="box"><h2>${parts.nameOf('caseKind', shown.kind, language)}</h2>
${parts.details([
  [t('grams'), parts.kg(shown.grams, language)],
  [t('measured'), shown.measuredGrams === 0 ? '' : parts.kg(shown.measuredGrams, language)],
  [t('sites'), siteNames],
  [t('subject'), parts.short(shown.subjectId)],
  [t('dispute'), shown.dispute === null ? '' : parts.nameOf('disputeAbout', shown.dispute.about, language)],
  [t('opened'), `${parts.dayOf(view, openedAt)} <small>${parts.ageOf(view, openedAt)}</small>`],
  [
    t('due'),
    shown.dueAt === null
      ? ''
      : `${parts.dayOf(view, shown.dueAt)}${shown.overdue ? ` <span class="alarm">${t('overdue')}</span>` : ''}`,
  ],
  [t('proposal'), proposalText(view, shown, more)],
])}
${isOver ? '' : deciding}</section>`;
};

/** The cases of one state, oldest first, each with what may be done. `path` is the page's own. */
export const casesHtml = (
  view: View,
  path: string,
  state: 'open' | 'proposed' | 'decided' | undefined,
  page: { items: readonly CaseShown[]; nextCursor: string | null },
  more: CaseMore,
): string => {
  const { t } = view;
  const boxes = page.items.map((shown) => caseBox(view, shown, more)).join('\n');
  return parts.consoleHtml(
    view,
    'cases',
    path,
    `<p>${t('twoPeople')}</p>${parts.chooser(view, '/console/cases', ['open', 'proposed', 'decided'], state)}
${boxes === '' ? `<p>${t('nothing')}</p>` : boxes}${parts.nextLink(view, path, page.nextCursor)}`,
  );
};
