import { escaped } from '../kernel/html.ts';
import { type Line, MOST_SITES, type Storage, type Stored } from './attention.ts';
import type { View } from './parts.ts';
import * as parts from './parts.ts';
import type { TextName } from './texts.ts';

/** The first page: what waits, how much of it, since when. */
export const attentionHtml = (view: View, lines: readonly Line[]): string => {
  const { t, language } = view;
  const shown = lines.filter(({ section }) => parts.sectionsOf(view.session.caller.role).includes(section));
  const rows = shown.map(({ name, section, query, count, more, since }) => {
    const path = `${parts.SECTIONS[section]}${query === '' ? '' : `?${query}`}`;
    const number = more ? t('more', { n: count }) : count;
    const oldest = since === null ? '' : ` <small>${t('oldest')}: ${parts.ageOf(view, since)}</small>`;
    return `<li><a href="${escaped(parts.withLanguage(path, language))}">${t(name)}</a>: <strong>${number}</strong>${oldest}</li>`;
  });
  const list = rows.length === 0 ? `<p>${t('allClear')}</p>` : `<ul>${rows.join('')}</ul>`;
  return parts.consoleHtml(view, 'attention', parts.SECTIONS.attention, list);
};

type Column<Item> = { name: TextName; cell: (item: Item) => string; number?: true };

/** A table of what waits, and how it is decided. */
const queueTable = <Item>(view: View, columns: readonly Column<Item>[], items: readonly Item[]): string => {
  const { t } = view;
  if (items.length === 0) return `<p>${t('nothing')}</p>`;
  const heads = columns.map(({ name, number }) => `<th${number ? ' class="number"' : ''}>${t(name)}</th>`);
  const rows = items.map(
    (item) =>
      `<tr>${columns.map(({ cell, number }) => `<td${number ? ' class="number"' : ''}>${cell(item)}</td>`).join('')}</tr>`,
  );
  return `<div class="scroll" tabindex="0"><table><thead><tr>${heads.join('')}</tr></thead><tbody>${rows.join('')}</tbody></table></div>`;
};

const byApi = ({ t }: View, route: string): string => `<p><small>${t('byApi', { route })}</small></p>`;

export type DeclarationShown = {
  id: string;
  siteId: string;
  vesselNumber: string | null;
  items: { material: string }[];
  wantedFrom: string;
  wantedUntil: string;
};

export const declarationsHtml = (
  view: View,
  path: string,
  page: { items: readonly DeclarationShown[]; nextCursor: string | null },
  sites: ReadonlyMap<string, string>,
): string => {
  const { language } = view;
  const columns: Column<DeclarationShown>[] = [
    { name: 'vessel', cell: ({ vesselNumber }) => escaped(vesselNumber ?? '') },
    { name: 'site', cell: ({ siteId }) => escaped(sites.get(siteId) ?? siteId) },
    {
      name: 'material',
      cell: ({ items }) =>
        items.map(({ material }) => parts.nameOf('material', material, language)).join('，'),
    },
    { name: 'wanted', cell: ({ wantedUntil }) => parts.dayOf(view, wantedUntil) },
    { name: 'subject', cell: ({ id }) => parts.short(id) },
  ];
  return parts.consoleHtml(
    view,
    'declarations',
    path,
    `${queueTable(view, columns, page.items)}${byApi(view, 'POST /v1/pollutant-declarations/{id}/accept')}${parts.nextLink(view, path, page.nextCursor)}`,
  );
};

export const storageHtml = (view: View, storage: Storage): string => {
  const { t, language } = view;
  const columns: Column<Stored>[] = [
    { name: 'site', cell: ({ site }) => escaped(site) },
    { name: 'material', cell: ({ material }) => parts.nameOf('material', material, language) },
    { name: 'weight', number: true, cell: ({ grams }) => parts.kg(grams, language) },
    { name: 'opened', cell: ({ since }) => escaped(since) },
    {
      name: 'limit',
      cell: ({ until, limitDays }) => (until === null ? t('days', { n: limitDays! }) : escaped(until)),
    },
  ];
  return parts.consoleHtml(
    view,
    'storage',
    parts.SECTIONS.storage,
    `<h2>${t('pollutantsOverdue')}</h2>${queueTable(view, columns, storage.pollutants)}
<h2>${t('stockLapsed')}</h2>${queueTable(view, columns, storage.lots)}
${storage.more ? `<p>${t('firstSites', { n: MOST_SITES })}</p>` : ''}`,
  );
};
