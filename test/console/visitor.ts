import type { TestApp } from '../support/app.ts';

/** A form as it stands in a page: where it leads, and what it holds. */
export type Form = { action: string; fields: [string, string][] };

const plain = (text: string): string =>
  text.replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code)));

/** The forms of a page with their hidden fields. */
export const formsIn = (html: string): Form[] =>
  [...html.matchAll(/<form method="post" action="([^"]+)">(.*?)<\/form>/gs)].map(([, action, inner]) => ({
    action: plain(action!),
    fields: [...inner!.matchAll(/<input type="hidden" name="(\w+)" value="([^"]*)">/g)].map(
      ([, name, value]) => [name!, plain(value!)] as [string, string],
    ),
  }));

/** Somebody at the console without scripts: keeps one cookie, follows what a form leads to. */
export const visitorOf = (app: TestApp['app'], language: 'zh' | 'en' = 'en') => {
  let cookie = '';
  const go = async (method: 'GET' | 'POST', url: string, fields?: [string, string][], more = {}) => {
    const answer = await app.inject({
      ...{ method, url },
      headers: {
        ...(cookie === '' ? {} : { cookie }),
        ...(fields === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
        ...more,
      },
      ...(fields === undefined ? {} : { payload: new URLSearchParams(fields).toString() }),
    });
    const set = answer.headers['set-cookie'];
    if (typeof set === 'string') cookie = set.split(';')[0]!;
    return {
      status: answer.statusCode,
      html: answer.body,
      headers: answer.headers,
      location: String(answer.headers.location ?? ''),
    };
  };
  const get = (url: string) => go('GET', `${url}${url.includes('?') ? '&' : '?'}lang=${language}`);
  /** The form of the page whose action ends like this. */
  const formAt = async (url: string, ending: string): Promise<Form> => {
    const { html } = await get(url);
    const form = formsIn(html).find(({ action }) => action.split('?')[0]!.endsWith(ending));
    if (form === undefined) throw new Error(`${url} has no form …${ending}: ${html.split('<main>')[1]}`);
    return form;
  };
  const send = ({ action, fields }: Form, typed: Record<string, string> = {}, more = {}) =>
    go('POST', action, [...fields, ...Object.entries(typed)], more);
  return {
    get,
    formAt,
    send,
    /** Opens the page, fills the form in, sends it. */
    fill: async (url: string, ending: string, typed: Record<string, string> = {}) =>
      send(await formAt(url, ending), typed),
    post: (url: string, fields: Record<string, string>, more = {}) =>
      go('POST', url, Object.entries(fields), more),
    signIn: (key: string, more = {}) => go('POST', `/console/sign-in?lang=${language}`, [['key', key]], more),
    cookie: () => cookie,
    take: (other: string) => {
      cookie = other;
    },
  };
};
export type Visitor = ReturnType<typeof visitorOf>;
