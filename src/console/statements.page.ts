import { escaped } from '../kernel/html.ts';
import { APPROVERS } from '../statements/statements.operations.ts';
import type { Approval, StatementState } from '../statements/statements.tables.ts';
import { type Bar, barTo } from './impartial.ts';
import type { View } from './parts.ts';
import * as parts from './parts.ts';
import { isTextName } from './texts.ts';

/** A statement as `GET /v1/statements` shows it. */
export type StatementShown = {
  id: string;
  batchId: string;
  saleId: string;
  holderId: string;
  scheme: string;
  schemeVersion: number;
  grams: number;
  ofGrams: number;
  custodyModel: string;
  state: StatementState;
  reason: string | null;
  code: string | null;
  issuedAt: string | null;
  validUntil: string | null;
  replacedBy: string | null;
};

export type StatementMore = {
  of: {
    organisationIds: readonly string[];
    approvals: readonly Approval[];
    sellerId: string;
    only: string | null;
    rules: { name: { en: string; zh: string } };
  };
  organisations: ReadonlyMap<string, string>;
  /** What the scheme accepts of the sale by now; null where it cannot be said. */
  eligibility: {
    eligibleGrams: number;
    reasons: { code: string; mark: string | null; grams: number }[];
  } | null;
};

export const STATES_SHOWN = [
  'requested',
  'in-review',
  'issued',
  'suspended',
  'refused',
  'revoked',
  'superseded',
  'withdrawn',
] as const;

/** A list of statements of one state, each leading to its page. */
export const statementsHtml = (
  view: View,
  path: string,
  state: StatementState | undefined,
  page: { items: readonly StatementShown[]; nextCursor: string | null },
  organisations: ReadonlyMap<string, string>,
): string => {
  const { t, language } = view;
  const boxes = page.items.map(
    (shown) => `<section class="box"><h2>${escaped(organisations.get(shown.holderId) ?? shown.holderId)}</h2>
${parts.details([
  [t('state'), t(shown.state)],
  [t('stated'), parts.kg(shown.grams, language)],
  [t('scheme'), `${escaped(shown.scheme)}, ${t('version', { n: shown.schemeVersion })}`],
  [t('code'), shown.code === null ? '' : parts.short(shown.code)],
  [t('reason'), reasonOf(shown)],
])}<p><a class="button" href="${escaped(parts.withLanguage(`/console/statements/${shown.id}`, language))}">${t('look')}</a></p></section>`,
  );
  return parts.consoleHtml(
    view,
    'statements',
    path,
    `<p>${t('twoStatement')}</p>${parts.chooser(view, '/console/statements', STATES_SHOWN, state)}
${boxes.length === 0 ? `<p>${t('nothing')}</p>` : boxes.join('\n')}${parts.nextLink(view, path, page.nextCursor)}`,
  );
};

const reasonOf = ({ reason }: StatementShown): string => (reason === null ? '' : escaped(reason));

type Deed = 'approve' | 'reinstate' | 'refuse' | 'suspend' | 'revoke';
/** What may be decided of a statement in a state. */
const DEEDS: Partial<Record<StatementState, readonly Deed[]>> = {
  requested: ['approve', 'refuse'],
  'in-review': ['approve', 'refuse'],
  issued: ['suspend', 'revoke'],
  suspended: ['reinstate', 'revoke'],
};
const ROLES_OF: Record<Deed, readonly string[]> = {
  approve: APPROVERS,
  reinstate: APPROVERS,
  refuse: APPROVERS,
  revoke: APPROVERS,
  suspend: [...APPROVERS, 'regulator'],
};

/** Agreements count towards what is asked now. */
const firstOf = (deed: Deed, approvals: readonly Approval[]): Approval | undefined => {
  const wanted = { approve: 'issue', reinstate: 'reinstate' }[deed as 'approve'];
  return wanted === undefined ? undefined : approvals.find((approval) => approval.for === wanted);
};

const deedForm = (view: View, shown: StatementShown, deed: Deed, more: StatementMore): string => {
  const { t, session, organisation } = view;
  const { organisationIds: profiting, only, approvals } = more.of;
  const first = firstOf(deed, approvals);
  const bar = barTo({ roles: ROLES_OF[deed], profiting, only, first }, session.caller, organisation.kind);
  if (bar !== null) return barText(view, deed, bar);
  const action = `/console/statements/${shown.id}/${deed}`;
  if (deed === 'approve' || deed === 'reinstate') {
    const button = deed === 'approve' && first !== undefined ? t('approveSecond') : t(deed);
    return parts.formOf(view, action, parts.noteField(t('note')), button);
  }
  return `<details><summary>${t(deed)}</summary>${parts.formOf(view, action, parts.noteField(t('noteReason'), 'reason', true), t(deed), 'danger')}</details>`;
};

const barText = ({ t }: View, deed: Deed, bar: Bar): string =>
  `<p><strong>${t(deed)}</strong>: <span class="alarm">${t(bar)}</span></p>`;

const eligibilityText = (
  { t, language }: View,
  { grams: stated }: StatementShown,
  { eligibility }: StatementMore,
): string => {
  if (eligibility === null) return '';
  const reasons = eligibility.reasons.map(
    ({ code, mark, grams }) =>
      `<li>${parts.kg(grams, language)}: ${mark === null ? escaped(code) : parts.nameOf('mark', mark, language)}</li>`,
  );
  const accepted = parts.kg(eligibility.eligibleGrams, language);
  const said = eligibility.eligibleGrams < stated ? `<span class="alarm">${accepted}</span>` : accepted;
  return `${said}${reasons.length === 0 ? '' : `<br><small>${t('notEligible')}</small><ul>${reasons.join('')}</ul>`}`;
};

/** One statement: what it says, who agreed so far, and what the one who looks may do. */
export const statementHtml = (
  view: View,
  path: string,
  shown: StatementShown,
  more: StatementMore,
): string => {
  const { t, language, session, organisation } = view;
  const { of, organisations } = more;
  const nameOfOrganisation = (id: string): string => escaped(organisations.get(id) ?? id);
  const agreed = of.approvals.map(
    ({ holder, organisationId, for: what }) =>
      `<li>${what === 'reinstate' ? `${t('reinstate')}: ` : ''}${t('agreedBy', {
        holder,
        organisation: organisations.get(organisationId) ?? organisationId,
      })}</li>`,
  );
  const deeds = DEEDS[shown.state] ?? [];
  // What bars every deed alike is said once.
  const bars = deeds.map((deed) => {
    const { organisationIds: profiting, only } = of;
    return barTo({ roles: ROLES_OF[deed], profiting, only }, session.caller, organisation.kind);
  });
  const common = bars.length > 0 && bars.every((bar) => bar !== null && bar === bars[0]) ? bars[0]! : null;
  const forms =
    common === null
      ? deeds.map((deed) => deedForm(view, shown, deed, more)).join('\n')
      : `<p class="alarm">${t(common)}</p>`;
  return parts.consoleHtml(
    view,
    'statements',
    path,
    `<p>${t('twoStatement')}</p><section class="box"><h2>${isTextName(shown.state) ? t(shown.state) : escaped(shown.state)}</h2>
${parts.details([
  [
    t('stated'),
    t('statedOf', { grams: parts.kg(shown.grams, language), of: parts.kg(shown.ofGrams, language) }),
  ],
  [t('eligible'), eligibilityText(view, shown, more)],
  [t('scheme'), `${escaped(of.rules.name[language])}, ${t('version', { n: shown.schemeVersion })}`],
  [t('custody'), parts.nameOf('custodyModel', shown.custodyModel, language)],
  [t('holder'), nameOfOrganisation(shown.holderId)],
  [t('seller'), nameOfOrganisation(of.sellerId)],
  [t('batch'), parts.short(shown.batchId)],
  [t('code'), shown.code === null ? '' : parts.short(shown.code)],
  [t('validUntil'), parts.dayOf(view, shown.validUntil)],
  [t('reason'), reasonOf(shown)],
  [t('approvals'), agreed.length === 0 ? t('nobody') : `<ul>${agreed.join('')}</ul>`],
])}</section>
${deeds.length === 0 ? `<p>${t('ended')}</p>` : forms}`,
  );
};
