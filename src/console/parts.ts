import { VOCABULARY } from '../http/vocabulary.ts';
import { escaped } from '../kernel/html.ts';
import { dayIn } from '../kernel/time.ts';
import { thousandths } from '../pollutants/note.page.ts';
import { sitePage } from '../web/kit.ts';
import type { Language } from '../web/texts.ts';
import type { Session } from './sessions.ts';
import { plainText, type TextName, type Texts } from './texts.ts';

/** Who looks, in which language, and what was just done. */
export type View = {
  language: Language;
  t: Texts;
  session: Session;
  /** Name and kind of the organisation of who looks. */
  organisation: { name: string; kind: string | undefined };
  timeZone: string;
  now: number;
  newId: () => string;
  said?: TextName | undefined;
};

export const SECTIONS = {
  attention: '/console',
  cases: '/console/cases',
  marks: '/console/marks',
  statements: '/console/statements',
  runs: '/console/runs',
  reconciliation: '/console/reconciliation',
  waiting: '/console/waiting',
  storage: '/console/storage',
  declarations: '/console/declarations',
} as const;
export type Section = keyof typeof SECTIONS;

/** The section a path of the console belongs to. */
export const sectionOf = (path: string): Section =>
  (Object.keys(SECTIONS) as Section[]).findLast((name) => path.startsWith(SECTIONS[name])) ?? 'attention';

/** Who may read what stands in a section; the API says so again. */
const READERS: Partial<Record<Section, readonly string[]>> = {
  runs: ['operator', 'payer', 'auditor'],
  reconciliation: ['operator', 'payer', 'auditor'],
  waiting: ['operator', 'payer', 'certifier', 'regulator', 'auditor'],
};
/** A payer pays; what else stands here is others'. */
const OF_PAYERS: readonly Section[] = ['attention', 'runs', 'reconciliation', 'waiting'];

/** The sections somebody of the role has something to see in. */
export const sectionsOf = (role: string): Section[] =>
  (Object.keys(SECTIONS) as Section[]).filter((section) =>
    role === 'payer' ? OF_PAYERS.includes(section) : (READERS[section] ?? [role]).includes(role),
  );

/** `&` and `?` stand as they are: markup is made by `escaped`. */
export const withLanguage = (path: string, language: Language): string =>
  `${path}${path.includes('?') ? '&' : '?'}lang=${language}`;

const header = ({ t, session, organisation, language }: View, section: Section): string => {
  const { holder, role } = session.caller;
  const links = sectionsOf(role).map(
    (name) =>
      `<a href="${escaped(withLanguage(SECTIONS[name], language))}"${name === section ? ' aria-current="page"' : ''}>${t(name)}</a>`,
  );
  return `<nav aria-label="${t('sections')}">${links.join('')}</nav>
<p><small>${t('signedIn', { holder, role: plainName('role', role, language), organisation: organisation.name })}</small></p>`;
};

const footer = ({ t, session, language }: View): string =>
  `<footer><form method="post" action="${escaped(withLanguage('/console/sign-out', language))}"><input type="hidden" name="form" value="${session.form}"><button class="quiet">${t('signOut')}</button></form></footer>`;

/** A page of the console. `main` is markup already; `path` is the page's own, without the language. */
export const consoleHtml = (view: View, section: Section, path: string, main: string): string => {
  const { language, t, said } = view;
  const title = `${plainText(section, language)} · ${plainText('title', language)}`;
  const told =
    said === undefined ? '' : `<div class="box verdict good" role="status"><p>${t(said)}</p></div>`;
  return sitePage({
    ...{ language, path, title, hidden: true },
    main: `${header(view, section)}\n${told}<h1>${t(section)}</h1>\n${main}\n${footer(view)}`,
  });
};

/** Name of a code of the vocabulary, plain; the code itself where it has none. */
export const plainName = (kind: keyof typeof VOCABULARY, code: string, language: Language): string => {
  const names = VOCABULARY[kind] as Record<string, { en: string; zh: string }>;
  return Object.hasOwn(names, code) ? names[code]![language] : code;
};
/** Name of a code of the vocabulary, as markup. */
export const nameOf = (kind: keyof typeof VOCABULARY, code: string, language: Language): string =>
  escaped(plainName(kind, code, language));

export const kg = (grams: number, language: Language): string =>
  `${grams < 0 ? '−' : ''}${thousandths(Math.abs(grams))} ${language === 'zh' ? '千克' : 'kg'}`;

/** Markup of a list of names and values; those whose value is empty are left out. */
export const details = (rows: readonly (readonly [name: string, value: string])[]): string =>
  `<dl>${rows.map(([name, value]) => (value === '' ? '' : `<dt>${name}</dt><dd>${value}</dd>`)).join('')}</dl>`;

export const dayOf = ({ timeZone }: View, at: number | string | null | undefined): string =>
  at == null ? '' : dayIn(timeZone, typeof at === 'string' ? Date.parse(at) : at);

/** How long something has waited, in whole days. */
export const ageOf = ({ t, now }: View, at: number | undefined): string => {
  if (at === undefined) return '';
  const days = Math.max(0, Math.floor((now - at) / 86_400_000));
  return days === 0 ? t('today') : t('days', { n: days });
};

export const short = (id: string): string => `<code>${escaped(id)}</code>`;

/**
 * A form of the session that does one thing once, however often it is sent. `fields` and `button` are markup; what it
 * leads back to is the page's own path.
 */
export const formOf = (
  { session, language, newId }: View,
  action: string,
  fields: string,
  button: string,
  look: 'quiet' | 'danger' | '' = '',
): string =>
  `<form method="post" action="${escaped(withLanguage(action, language))}"><input type="hidden" name="form" value="${session.form}"><input type="hidden" name="once" value="${newId()}">${fields}<button${look === '' ? '' : ` class="${look}"`}>${button}</button></form>`;

export const hiddenField = (name: string, value: string | number): string =>
  `<input type="hidden" name="${name}" value="${escaped(String(value))}">`;

export const noteField = (label: string, name = 'note', required = false, most = 2_000): string =>
  `<label>${label}<textarea name="${name}" maxlength="${most}" rows="2"${required ? ' required' : ''}></textarea></label>`;

/** The link to the next page of a list. */
export const nextLink = ({ t, language }: View, path: string, cursor: string | null): string =>
  cursor === null
    ? ''
    : `<p><a href="${escaped(withLanguage(`${path}${path.includes('?') ? '&' : '?'}cursor=${cursor}`, language))}">${t('older')}</a></p>`;

/** Links that choose one state of a list; `chosen` is the one shown. */
export const chooser = <State extends TextName>(
  { t, language }: View,
  path: string,
  states: readonly State[],
  chosen: State | undefined,
): string =>
  `<nav aria-label="${t('state')}">${states
    .map(
      (state) =>
        `<a href="${escaped(withLanguage(`${path}?state=${state}`, language))}"${state === chosen ? ' aria-current="page"' : ''}>${t(state)}</a>`,
    )
    .join('')}</nav>`;
