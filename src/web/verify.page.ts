import { escaped } from '../kernel/html.ts';
import { type Language, say, type TextName } from './texts.ts';

/** What the page may load: its own files from here, and nothing that stands within it. */
export const PAGE_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; worker-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

export const STYLE = `:root{color-scheme:light;--line:#c9d3da;--soft:#f3f7f9;--blue:#0b5c86;--good:#0a6b3d;--bad:#b00020}
*{box-sizing:border-box}[hidden]{display:none!important}
body{font:16px/1.55 system-ui,"PingFang SC","Noto Sans CJK SC","Source Han Sans SC","Microsoft YaHei",sans-serif;color:#16242c;background:#fff;margin:0}
main,header{max-width:46rem;margin:0 auto;padding:0 1rem}main{padding-bottom:3rem}
header{display:flex;justify-content:space-between;align-items:baseline;padding-top:1rem;gap:1rem}
a{color:var(--blue)}h1{font-size:1.5rem;line-height:1.25;margin:1rem 0 .5rem}h2{font-size:1.05rem;margin:1.25rem 0 .25rem}h3{font-size:1rem;margin:1rem 0 .25rem}
p{margin:.5rem 0}ul{margin:.25rem 0;padding-left:1.25rem}li{margin:.2rem 0}
.brand{font-weight:700}
.drop{display:block;border:2px dashed #5d7f91;border-radius:.6rem;background:var(--soft);padding:1.5rem 1rem;margin:1rem 0;text-align:center;cursor:pointer}
.drop.over{background:#dfeff7;border-color:var(--blue)}.drop:focus-within{outline:3px solid var(--blue);outline-offset:2px}
.drop{position:relative}.drop input{position:absolute;inset:0;opacity:0;width:100%;cursor:pointer;font-size:0}.drop strong{display:block;overflow-wrap:anywhere}
form{display:flex;flex-wrap:wrap;gap:.5rem;align-items:end}form label{flex:1 1 12rem}
input[type=text]{display:block;width:100%;font:inherit;padding:.5rem;border:1px solid #5d7f91;border-radius:.4rem}
button{font:inherit;padding:.5rem 1rem;border:1px solid var(--blue);border-radius:.4rem;background:var(--blue);color:#fff;cursor:pointer}
button.quiet{background:none;color:var(--blue);border:0;padding:.25rem 0;text-decoration:underline}
:is(button,a,input,summary):focus-visible{outline:3px solid #f0a500;outline-offset:2px}
progress{width:100%;height:1rem;accent-color:var(--blue)}
.box{border:1px solid var(--line);border-radius:.6rem;padding:.75rem 1rem;margin:1rem 0}
.box h2{margin-top:0}
.verdict{border-width:0 0 0 .5rem;background:var(--soft)}.verdict h2{font-size:1.5rem;margin:0}
.good{border-color:var(--good)}.good h2{color:var(--good)}.bad{border-color:var(--bad)}.bad h2,.alarm{color:var(--bad)}.alarm{font-weight:700}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.1rem .75rem;margin:.5rem 0}dt{font-weight:600}dd{margin:0;min-width:0}
code,pre{font:.85em/1.45 ui-monospace,"SF Mono",Consolas,monospace;overflow-wrap:anywhere}
pre{white-space:pre-wrap;background:var(--soft);padding:.5rem;border-radius:.4rem;margin:.25rem 0}
details{border-top:1px solid var(--line);padding:.4rem 0}summary{cursor:pointer;overflow-wrap:anywhere}
footer{border-top:1px solid var(--line);margin-top:2rem;padding-top:.5rem;font-size:.9em}
@media print{.drop,form,header a{display:none}}
`;

/** The page: it explains itself without scripts, and its script fills in the rest. `titles` names types of facts. */
export const verifyPage = (language: Language, titles: Readonly<Record<string, string>>): string => {
  const text = (name: TextName): string => escaped(say(language, name));
  const other = language === 'en' ? 'zh' : 'en';
  return `<!doctype html>
<html lang="${language === 'zh' ? 'zh-CN' : 'en'}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>${text('title')} · Blue Cycle 蓝色循环</title><link rel="stylesheet" href="/verify/style.css">
<script type="module" src="/verify/page.js"></script></head><body>
<header><span class="brand">Blue Cycle 蓝色循环</span><a href="/verify?lang=${other}" lang="${other}" hreflang="${other}">${text('other')}</a></header>
<main>
<h1>${text('title')}</h1>
<p>${text('lead')}</p>
<noscript><p class="box">${text('noScript')}</p></noscript>
<div id="tools" hidden>
<label class="drop" id="drop">${text('drop')}<input type="file" id="file"><strong id="chosen"></strong></label>
<form id="look"><label>${text('lookUp')}<input type="text" id="asked" autocomplete="off" spellcheck="false" maxlength="20"></label><button>${text('go')}</button></form>
<div id="progress" hidden><p id="doing" role="status"></p><progress id="bar" max="100" aria-labelledby="doing"></progress></div>
<div id="result" aria-live="polite" tabindex="-1"></div>
<section class="box" id="log"><h2>${text('logHeading')}</h2><div id="log-state" role="status">${text('asking')}</div><p>${text('logHint')}</p></section>
</div>
<footer><h2>${text('provesHeading')}</h2><p>${text('proves')}</p><h2>${text('provesNotHeading')}</h2><p>${text('provesNot')}</p></footer>
</main>
<script type="application/json" id="titles">${JSON.stringify(titles).replaceAll('<', '\\u003c')}</script>
</body></html>
`;
};

/** The first language of an Accept-Language header that the page speaks; Chinese where none is. */
export const languageOf = (accepted: string | undefined): Language => {
  const asked = (accepted ?? '').split(',').map((part) => part.trim().slice(0, 2).toLowerCase());
  return asked.find((name): name is Language => name === 'en' || name === 'zh') ?? 'zh';
};
