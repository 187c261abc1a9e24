import type { FastifyReply, FastifyRequest } from 'fastify';
import { sha256 } from '../kernel/hash.ts';
import { escaped } from '../kernel/html.ts';
import type { Language } from './texts.ts';
import { languageOf } from './verify.page.ts';

// One style for every page for people: readable at 360 px, in print, and without scripts. Pictures are SVG within the page,
// and may be drawn with the classes s1 to s6.
const STYLE = `:root{color-scheme:light;--line:#c9d3da;--soft:#f3f7f9;--blue:#0b5c86;--good:#0a6b3d;--bad:#b00020;--quiet:#465b66}
*{box-sizing:border-box}[hidden]{display:none!important}
body{font:16px/1.55 system-ui,"PingFang SC","Noto Sans CJK SC","Source Han Sans SC","Microsoft YaHei",sans-serif;color:#16242c;background:#fff;margin:0}
main,header,nav{max-width:46rem;margin:0 auto;padding:0 1rem}.wide main,.wide header,.wide nav{max-width:72rem}main{padding-bottom:3rem}
header{display:flex;justify-content:space-between;align-items:baseline;padding-top:1rem;gap:1rem}
nav{display:flex;flex-wrap:wrap;gap:.2rem 1rem;padding-top:.3rem}nav [aria-current]{font-weight:700;text-decoration:none;color:inherit}
main nav{padding:.3rem 0}
a{color:var(--blue)}h1{font-size:1.5rem;line-height:1.25;margin:1rem 0 .5rem;overflow-wrap:anywhere}h2{font-size:1.15rem;margin:1.5rem 0 .25rem}h3{font-size:1rem;margin:1rem 0 .25rem;overflow-wrap:anywhere}
p{margin:.5rem 0;overflow-wrap:anywhere}ul,ol{margin:.25rem 0;padding-left:1.25rem}li{margin:.2rem 0}.brand{font-weight:700}
.box{border:1px solid var(--line);border-radius:.6rem;padding:.75rem 1rem;margin:1rem 0}.box>:first-child{margin-top:0}.box>:last-child{margin-bottom:0}
.verdict{border-width:0 0 0 .5rem;background:var(--soft)}.verdict h2,.verdict .big{font-size:1.5rem;line-height:1.25;font-weight:700;margin:0}
.good{border-color:var(--good)}.good h2,.good .big{color:var(--good)}.bad{border-color:var(--bad)}.bad h2,.bad .big,.alarm{color:var(--bad)}.alarm{font-weight:700}
dl{display:grid;grid-template-columns:minmax(0,max-content) minmax(50%,1fr);gap:.1rem .75rem;margin:.5rem 0}dt{font-weight:600;overflow-wrap:anywhere}dd{margin:0;min-width:0;overflow-wrap:anywhere}
table{width:100%;border-collapse:collapse;margin:.5rem 0}caption{text-align:left;font-weight:600;padding:.25rem 0}th,td{padding:.3rem .4rem .3rem 0;border-bottom:1px solid var(--line);text-align:left;vertical-align:top;overflow-wrap:anywhere}
.number{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}thead th{overflow-wrap:normal}th{font-weight:600}.scroll{overflow-x:auto}.scroll :is(th,td){overflow-wrap:normal}
code,pre{font:.85em/1.45 ui-monospace,"SF Mono",Consolas,monospace;overflow-wrap:anywhere}pre{white-space:pre-wrap;background:var(--soft);padding:.5rem;border-radius:.4rem;margin:.25rem 0}
form{margin:.75rem 0}label{display:block;margin:.5rem 0}
input,select,textarea{display:block;width:100%;font:inherit;padding:.5rem;border:1px solid #5d7f91;border-radius:.4rem;background:#fff;color:inherit}
input[type=checkbox],input[type=radio]{display:inline-block;width:auto}
button,.button{display:inline-block;font:inherit;min-height:2.75rem;padding:.5rem 1rem;border:1px solid var(--blue);border-radius:.4rem;background:var(--blue);color:#fff;cursor:pointer;text-decoration:none}
button.quiet{background:#fff;color:var(--blue)}button.danger{border-color:var(--bad);background:var(--bad)}
:is(button,a,input,select,textarea,summary):focus-visible{outline:3px solid #f0a500;outline-offset:2px}
progress{width:100%;height:1rem;accent-color:var(--blue)}details{border-top:1px solid var(--line);padding:.4rem 0}summary{cursor:pointer;overflow-wrap:anywhere;padding:.3rem 0}
svg,img{max-width:100%;height:auto}svg text{font-size:13px;fill:#16242c}
.s1{fill:#0b5c86}.s2{fill:#3d8f6e}.s3{fill:#b8860b}.s4{fill:#7a5c99}.s5{fill:#8a939a}.s6{fill:#b0532f}
small{color:var(--quiet)}footer{border-top:1px solid var(--line);margin-top:2rem;padding-top:.5rem;font-size:.9em}
@media print{nav,form,header a,.screen{display:none}main,header{max-width:none;padding:0}body{font-size:10pt;color:#000}.box,tr{break-inside:avoid}h2,h3{break-after:avoid}}
`;

/**
 * What a page may load: its own style, named by its hash, and scripts, pictures and data from here. What it may send:
 * forms, to here. Nothing that stands within it runs.
 */
export const SITE_POLICY = `default-src 'none'; style-src 'sha256-${Buffer.from(
  sha256(Buffer.from(STYLE)),
).toString(
  'base64',
)}'; script-src 'self'; connect-src 'self'; worker-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'`;

/** Routes of pages and of forms on them: hidden from the API's document, open to all. */
export const HIDDEN = { schema: { hide: true }, config: { access: 'public' as const } };

/** What one page or group of pages says, in both languages. */
export type Words<Name extends string> = Readonly<Record<Name, Readonly<Record<Language, string>>>>;
/** A text ready to stand in HTML, with `{name}` filled in. */
export type Say<Name extends string> = (
  name: NoInfer<Name>,
  values?: Readonly<Record<string, string | number>>,
) => string;

/** `wordsIn(WORDS, language)('title')`: the texts of a page in one language, escaped, values included. */
export const wordsIn =
  <Name extends string>(words: Words<Name>, language: Language): Say<Name> =>
  (name, values = {}) =>
    escaped(
      words[name][language].replace(/\{(\w+)\}/g, (_, key: string) =>
        Object.hasOwn(values, key) ? String(values[key]) : '',
      ),
    );

/** The places of the site that every page leads to. */
export const NAV = {
  home: { path: '/', en: 'Home', zh: '首页' },
  verify: { path: '/verify', en: 'Verify', zh: '核验' },
  register: { path: '/register', en: 'Register', zh: '公开登记' },
  transparency: { path: '/transparency', en: 'Transparency', zh: '公开数据' },
  passbook: { path: '/passbook', en: 'Passbook', zh: '我的存折' },
} as const;
/** Which of the places of the site a page belongs to. */
export type Place = keyof typeof NAV;

export type SitePage = {
  language: Language;
  /** The page's own address without the language, as the other language links to it. */
  path: string;
  /** Plain text. */
  title: string;
  /** Markup already. */
  main: string;
  place?: Place | undefined;
  wide?: boolean;
  /** Addresses of modules on this server. */
  scripts?: readonly string[];
  /** Pages that search engines should pass over. */
  hidden?: boolean;
};

const inOther = (path: string, other: Language): string =>
  `${path}${path.includes('?') ? '&' : '?'}lang=${other}`;

/** A whole page for people: header with the other language, the places of the site, and what it says. */
export const sitePage = ({ language, path, title, main, place, wide, scripts, hidden }: SitePage): string => {
  const other = language === 'en' ? 'zh' : 'en';
  const links = Object.entries(NAV).map(
    ([name, { path: to, [language]: label }]) =>
      `<a href="${to}?lang=${language}"${name === place ? ' aria-current="page"' : ''}>${label}</a>`,
  );
  return `<!doctype html>
<html lang="${language === 'zh' ? 'zh-CN' : 'en'}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
${hidden ? '<meta name="robots" content="noindex">\n' : ''}<title>${escaped(title)} · Blue Cycle 蓝色循环</title><style>${STYLE}</style>${(
    scripts ?? []
  )
    .map((src) => `<script type="module" src="${escaped(src)}"></script>`)
    .join('')}</head>
<body${wide ? ' class="wide"' : ''}>
<header><span class="brand">Blue Cycle 蓝色循环</span><a href="${escaped(inOther(path, other))}" lang="${other}" hreflang="${other}">${other === 'en' ? 'English' : '中文'}</a></header>
<nav aria-label="${language === 'en' ? 'Site' : '网站'}">${links.join('')}</nav>
<main>
${main}
</main></body></html>
`;
};

/** The language asked for with `?lang=`, else the first one the browser names that the pages speak. */
export const languageAsked = (request: FastifyRequest): Language => {
  const { lang } = request.query as Record<string, unknown>;
  return lang === 'en' || lang === 'zh' ? lang : languageOf(request.headers['accept-language']);
};

/** The headers of a page for people. `cache`: public pages may be asked for again; what is somebody's own is not stored. */
export const pageHeaders = (reply: FastifyReply, cache: 'no-cache' | 'no-store' = 'no-cache'): FastifyReply =>
  reply
    .header('content-type', 'text/html; charset=utf-8')
    .header('content-security-policy', SITE_POLICY)
    .header('cache-control', cache)
    .header('vary', cache === 'no-store' ? 'accept-language, cookie' : 'accept-language');
