import { escaped } from '../kernel/html.ts';
import { barTo } from './impartial.ts';
import type { View } from './parts.ts';
import * as parts from './parts.ts';
import { isTextName } from './texts.ts';

/** A mark as `GET /v1/marks` shows it. */
export type MarkShown = {
  id: string;
  subjectKind: string;
  subjectId: string;
  code: string;
  siteId: string;
  material?: string | null;
  state: string;
  seq: number;
};

export type MarkMore = {
  of: ReadonlyMap<
    string,
    {
      profiting: readonly string[];
      proposal: { organisationId: string; holder: string; note: string | null } | null;
    }
  >;
  organisations: ReadonlyMap<string, string>;
  sites: ReadonlyMap<string, string>;
  markedAt: ReadonlyMap<number, number>;
};

/** Who may clear marks, as the operation says. */
const CLEARERS = ['operator', 'certifier', 'regulator'];

const nameOfMark = (code: string, language: View['language']): string => {
  const name = parts.nameOf('mark', code, language);
  return name === escaped(code) ? parts.nameOf('receptionMark', code, language) : name;
};

const subjectOf = ({ t }: View, kind: string): string => {
  const name = `on-${kind}`;
  return isTextName(name) ? t(name) : escaped(kind);
};

const markBox = (view: View, mark: MarkShown, more: MarkMore): string => {
  const { t, session, organisation, language } = view;
  const { profiting = [], proposal = null } = more.of.get(mark.id) ?? {};
  const question = { roles: CLEARERS, profiting, first: proposal };
  const bar = barTo(question, session.caller, organisation.kind);
  const deciding =
    bar === null
      ? parts.formOf(
          view,
          `/console/marks/${mark.id}/clearing`,
          parts.noteField(t('note')),
          t(proposal === null ? 'proposeClearing' : 'clear'),
        )
      : `<p class="alarm">${t(bar)}</p>`;
  const by =
    proposal === null
      ? t('nobody')
      : `${t('agreedBy', {
          holder: proposal.holder,
          organisation: more.organisations.get(proposal.organisationId) ?? proposal.organisationId,
        })}${proposal.note === null ? '' : `<br><small>${escaped(proposal.note)}</small>`}`;
  const markedAt = more.markedAt.get(mark.seq);
  return `<section class="box"><h2>${nameOfMark(mark.code, language)}</h2>
${parts.details([
  [t('subject'), `${subjectOf(view, mark.subjectKind)} ${parts.short(mark.subjectId)}`],
  [t('material'), mark.material == null ? '' : parts.nameOf('material', mark.material, language)],
  [t('site'), escaped(more.sites.get(mark.siteId) ?? mark.siteId)],
  [t('opened'), `${parts.dayOf(view, markedAt)} <small>${parts.ageOf(view, markedAt)}</small>`],
  [t('proposal'), by],
])}
${deciding}</section>`;
};

/** Open marks in ledger order, each with what may be done. */
export const marksHtml = (
  view: View,
  path: string,
  page: { items: readonly MarkShown[]; nextCursor: string | null },
  more: MarkMore,
): string => {
  const { t } = view;
  const boxes = page.items.map((mark) => markBox(view, mark, more)).join('\n');
  return parts.consoleHtml(
    view,
    'marks',
    path,
    `<p>${t('twoPeople')}</p>${boxes === '' ? `<p>${t('nothing')}</p>` : boxes}${parts.nextLink(view, path, page.nextCursor)}`,
  );
};
