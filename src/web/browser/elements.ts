import { type Language, say, type TextName } from '../texts.ts';

export const language: Language = document.documentElement.lang.startsWith('zh') ? 'zh' : 'en';

export const text = (name: TextName, values?: Readonly<Record<string, string | number>>): string =>
  say(language, name, values);

type Child = Node | string | false | null | undefined;

/** A new element; what comes from outside goes in as text, never as markup. */
export const make = (tag: string, className: string, ...children: Child[]): HTMLElement => {
  const element = document.createElement(tag);
  if (className !== '') element.className = className;
  element.append(...children.filter((child): child is Node | string => child !== false && child != null));
  return element;
};

export const byId = <T extends HTMLElement>(id: string): T => document.getElementById(id) as T;

/** Names and values side by side. */
export const pairs = (rows: readonly (readonly [string, Child])[]): HTMLElement =>
  make('dl', '', ...rows.flatMap(([name, value]) => [make('dt', '', name), make('dd', '', value)]));

export const code = (value: string): HTMLElement => make('code', '', value);

/** An instant as people here write it, in China's time. */
export const instant = (at: string | number): string => {
  const written = new Date(at).toLocaleString(language === 'zh' ? 'zh-CN' : 'en-GB', {
    timeZone: 'Asia/Shanghai',
    dateStyle: 'medium',
    timeStyle: 'medium',
  });
  return `${written} (UTC+8)`;
};

export const count = (n: number): string => n.toLocaleString('en-US');
