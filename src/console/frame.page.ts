import { escaped } from '../kernel/html.ts';
import { sitePage } from '../web/kit.ts';
import type { Language } from '../web/texts.ts';
import type { Refused } from './asking.ts';
import type { View } from './parts.ts';
import * as parts from './parts.ts';
import { isTextName, plainText, type TextName, textsIn } from './texts.ts';

/** Where somebody signs in; `said` is why they see it again. */
export const signInHtml = (
  language: Language,
  { said, alarm = false }: { said?: TextName | undefined; alarm?: boolean },
): string => {
  const t = textsIn(language);
  const told =
    said === undefined
      ? ''
      : `<div class="box verdict${alarm ? ' bad' : ''}" role="${alarm ? 'alert' : 'status'}"><p>${t(said)}</p></div>`;
  return sitePage({
    ...{ language, path: '/console', title: plainText('title', language), hidden: true },
    main: `<h1>${t('title')}</h1>${told}<p>${t('lead')}</p>
<form method="post" action="${escaped(parts.withLanguage('/console/sign-in', language))}">
<label>${t('key')}<input name="key" type="password" required maxlength="200" autocomplete="off" autocapitalize="none" spellcheck="false"></label>
<p><small>${t('keyHint')}</small></p><button>${t('signIn')}</button></form>`,
  });
};

/**
 * What the API refused, in the reader's language where there are words for it, and in its own. `path` is what was asked
 * for, `back` where it leads to from here.
 */
export const refusedHtml = (
  view: View,
  { code, detail }: Refused['problem'],
  { path, back }: { path: string; back: string },
): string => {
  const { t, language } = view;
  return parts.consoleHtml(
    { ...view, said: undefined },
    parts.sectionOf(path),
    back,
    `<div class="box verdict bad" role="alert"><h2>${t('notDone')}</h2><p>${t(isTextName(code) ? code : 'other')}</p>
<p lang="en"><small>${escaped(detail)} (${escaped(code)})</small></p></div>
<p><a class="button" href="${escaped(parts.withLanguage(back, language))}">${t('back')}</a></p>`,
  );
};
