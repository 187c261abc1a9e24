import t, { type Test } from 'tap';
import { gramsTyped } from '../../src/passbook/page.routes.ts';
import type { TestApp } from '../support/app.ts';
import { openBrowser } from '../web/browser.ts';
import { cny, ok, quay } from './harness.ts';

const EVIL = `<img src=x onerror=alert(1)>"'&<script>alert(2)</script>`;

/** A browser without scripts: keeps one cookie, follows what a form leads to. */
const browserOf = (app: TestApp['app']) => {
  let cookie = '';
  const go = async (method: 'GET' | 'POST', url: string, fields?: [string, string][], more = {}) => {
    const answer = await app.inject({
      ...{ method, url },
      headers: {
        ...(cookie === '' ? {} : { cookie }),
        ...(fields === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
        'accept-language': 'zh-CN',
        ...more,
      },
      ...(fields === undefined ? {} : { payload: new URLSearchParams(fields).toString() }),
    });
    const set = answer.headers['set-cookie'];
    if (typeof set === 'string') cookie = set.split(';')[0]!;
    const { location } = answer.headers;
    return {
      status: answer.statusCode,
      html: answer.body,
      headers: answer.headers,
      location: String(location ?? ''),
    };
  };
  return {
    get: (url: string) => go('GET', url),
    post: (url: string, fields: [string, string][], more = {}) => go('POST', url, fields, more),
    forget: () => {
      cookie = '';
    },
    take: (other: string) => {
      cookie = other;
    },
    cookie: () => cookie,
  };
};
type Browser = ReturnType<typeof browserOf>;
const enter = (browser: Browser, card: { number: string; pin: string }, more = {}) =>
  browser.post(
    '/passbook/open',
    [
      ['number', card.number],
      ['pin', card.pin],
      ['lang', 'zh'],
    ],
    more,
  );
const bagsIn = (html: string): string[] =>
  [...html.matchAll(/action="\/passbook\/dispute">.*?name="bag" value="([^"]+)"/gs)].map((m) => m[1]!);

/** Nothing comes from elsewhere, nothing runs, and no name is read as markup. */
const harmless = (t: Test, { html, headers }: { html: string; headers: Record<string, unknown> }) => {
  t.notMatch(html, /<img|<script|<iframe|<link|onerror=(?!alert)|src=(?!x)|javascript:|url\(/i);
  t.notMatch(html, /https?:\/\//, 'no outside address');
  const policy = String(headers['content-security-policy']);
  t.match(
    policy,
    /^default-src 'none'; style-src 'sha256-[^']+'; form-action 'self'; frame-ancestors 'none'/,
  );
  t.equal(headers['cache-control'], 'no-store');
  t.equal(headers['referrer-policy'], 'no-referrer');
};

t.test('without a script: card and PIN, the passbook, confirm, dispute, close', async (t) => {
  const { app, client, collector, weigh } = await quay(t);
  const lin = await collector();
  const bags = [await weigh(lin.id), await weigh(lin.id), await weigh(lin.id), await weigh(lin.id)];
  const browser = browserOf(app.app);
  const asked = await browser.get('/passbook');
  t.match(asked.html, /action="\/passbook\/open".*name="pin" type="password"/s);
  harmless(t, asked);
  const wrong = await enter(browser, { ...lin.card, pin: '9999' });
  t.match(wrong, { status: 403, html: /卡号或密码不对/ });
  t.equal(browser.cookie(), '');
  const spaced = lin.card.number.replace(/(\d{4})/g, '$1 ');
  const opened = await enter(browser, { number: spaced, pin: lin.card.pin });
  t.match(opened, { status: 303, location: '/passbook?lang=zh' });
  t.match(String(opened.headers['set-cookie']), /; Path=\/passbook; HttpOnly; SameSite=Strict; Max-Age=900$/);
  const shown = await browser.get('/passbook?lang=zh');
  harmless(t, shown);
  t.match(
    shown.html,
    /林阿海.*140\.00元.*有 4 次称重待您确认.*大陈岛站.*毛重<\/dt><dd>12\.6 千克.*来源溢价<\/dt><dd>20\.00元/s,
  );
  t.equal(bagsIn(shown.html).length, 4);
  const english = await browser.get('/passbook?lang=en');
  t.match(english.html, /<html lang="en">.*CNY 140\.00.*4 weigh-ins wait for you.*Gross<\/dt><dd>12\.6 kg/s);

  const [a, b, c, d] = bagsIn(shown.html) as [string, string, string, string];
  const said = async (what: string, fields: [string, string][]) =>
    (await browser.post(`/passbook/${what}`, [...fields, ['lang', 'zh']])).location;
  t.equal(
    await said('confirm', [
      ['bag', a],
      ['bag', b],
    ]),
    '/passbook?lang=zh&said=saidConfirmed',
  );
  const typed: [string, string][] = [
    ['bag', c],
    ['about', 'weight'],
    ['kilograms', '13.5'],
    ['note', '秤\r\n没归零'],
  ];
  t.equal(await said('dispute', typed), '/passbook?lang=zh&said=saidDisputed');
  t.equal(
    await said('dispute', [
      ['bag', c],
      ['about', 'price'],
    ]),
    '/passbook?lang=zh&said=dispute_open',
  );
  t.equal(
    await said('dispute', [
      ['bag', d],
      ['about', 'weight'],
      ['kilograms', '很多'],
    ]),
    '/passbook?lang=zh&said=failed',
  );
  t.equal(
    await said('dispute', [
      ['bag', d],
      ['about', 'nothing'],
    ]),
    '/passbook?lang=zh&said=failed',
  );
  t.equal(await said('confirm', [['bag', 'x']]), '/passbook?lang=zh&said=failed');
  t.equal(
    await said('confirm', [['bag', `${d.split(' ')[0]} ${'a'.repeat(64)}`]]),
    '/passbook?lang=zh&said=values_changed',
  );
  const now = await browser.get('/passbook?lang=zh&said=saidDisputed');
  t.match(now.html, /已收到。七日内.*有 1 次称重待您确认.*您已确认.*有异议（重量）/s);
  const id = c.split(' ')[0];
  t.match(ok(await client.get(`/v1/collections/${id}/disputes`), 200).items, [
    { way: 'pin', claimedGrams: 13_500, note: '秤\n没归零' },
  ]);
  t.ok(bags.some((bag) => bag.id === id));

  const kept = browser.cookie();
  t.equal(
    (await browser.post('/passbook/close', [['lang', 'zh']])).location,
    '/passbook?lang=zh&said=saidClosed',
  );
  browser.take(kept);
  t.match(await browser.get('/passbook'), { html: /存折已自动关闭/ }, 'a kept cookie opens nothing any more');
});

t.test('a link opens with a button, once, and only from here', async (t) => {
  const { app, collector, weigh, link } = await quay(t);
  const lin = await collector();
  await weigh(lin.id);
  const browser = browserOf(app.app);
  const { path, token } = await link(lin.id);
  for (let i = 0; i < 3; i++) {
    const looked = await browser.get(path);
    harmless(t, looked);
    t.match(looked.html, /name="link" value="[\w-]{12}"/, 'looking does not use it up');
  }
  const sent: [string, string][] = [
    ['link', token],
    ['lang', 'en'],
  ];
  const elsewhere = await browser.post('/passbook/open', sent, { 'sec-fetch-site': 'cross-site' });
  t.equal(elsewhere.status, 403);
  t.equal(browser.cookie(), '', 'another site opens nothing here');
  t.equal((await browser.post('/passbook/open', sent)).status, 303);
  const shown = await browser.get('/passbook?lang=en');
  t.match(shown.html, /1 weigh-ins wait/);
  const [bag] = bagsIn(shown.html) as [string];
  const cross = { 'sec-fetch-site': 'cross-site' };
  t.match((await browser.post('/passbook/confirm', [['bag', bag]], cross)).location, /saidOver/);
  t.match(
    (await browser.get('/passbook?lang=en')).html,
    /1 weigh-ins wait/,
    'another site confirmed nothing',
  );
  browser.forget();
  const again = await browser.post('/passbook/open', sent);
  t.match(again, { status: 404, html: /This link was used or has expired/ });
  t.match(
    (await browser.post('/passbook/confirm', [['bag', bag]])).location,
    /saidOver/,
    'no cookie, no voice',
  );
  const evil = await browser.get(`/b/${encodeURIComponent(EVIL)}`);
  harmless(t, evil);
});

t.test('no name, reason or note is read as markup', async (t) => {
  const { app, client, organisationId, collector } = await quay(t);
  const site = ok(
    await app.operator.post('/v1/sites', {
      ...{
        organisationId,
        kind: 'station',
        name: EVIL,
        location: { latE7: 286_600_000, lonE7: 1_214_400_000 },
      },
    }),
  );
  const lin = await collector(EVIL);
  const bag = ok(
    await client.post('/v1/collections', {
      ...{ siteId: site.id, material: 'pet', form: 'bottle', originClass: 'sea-recovered', basis: 'weighed' },
      ...{ originEvidence: 'none', grossGrams: 1_000, tareGrams: 0, collectedAt: new Date().toISOString() },
      ...{ collectorId: lin.id, settlement: { kind: 'cash', paid: cny(10) } },
    }),
  );
  const fix = { grossGrams: 900, reason: EVIL };
  ok(await client.post(`/v1/collections/${bag.id}/correction`, fix));
  const browser = browserOf(app.app);
  await enter(browser, lin.card);
  const shown = await browser.get('/passbook?lang=zh');
  harmless(t, shown);
  t.equal(
    shown.html.split('&#60;img src=x onerror=alert(1)&#62;').length - 1,
    3,
    'person, site and reason are there',
  );
  t.match(shown.html, /无来源证据/, 'why money waits');
  const odd = await browser.get(
    `/passbook?lang=${encodeURIComponent(EVIL)}&said=${encodeURIComponent(EVIL)}`,
  );
  harmless(t, odd);
  t.equal((await browser.get('/passbook?cursor=x')).status, 400);
  t.equal(
    (
      await browser.post('/passbook/open', [
        ['number', EVIL],
        ['pin', EVIL],
      ])
    ).status,
    403,
  );
  const json = await app.app.inject({ method: 'POST', url: '/passbook/confirm', payload: { bag: 'x' } });
  t.equal(json.statusCode, 303, 'no form, no passbook');
});

t.test('a statement made, read, printed and taken back on the page', async (t) => {
  const { app, anyone, collector, weigh } = await quay(t);
  const [lin, wang] = [await collector(), await collector(EVIL)];
  await weigh(lin.id, { settlement: { kind: 'cash', paid: cny(1_234) } });
  const browser = browserOf(app.app);
  await enter(browser, lin.card);
  const first = await browser.get('/passbook?lang=zh');
  const [, from] = /name="from" value="([^"]+)"/.exec(first.html)!;
  const [, to] = /name="to" value="([^"]+)"/.exec(first.html)!;
  const said = async (what: string, fields: [string, string][], more = {}) =>
    (await browser.post(`/passbook/${what}`, [...fields, ['lang', 'zh']], more)).location;
  const asked: [string, string][] = [
    ['lender', `银行 ${EVIL}`],
    ['from', from!],
    ['to', to!],
  ];
  t.equal(await said('statement', asked), '/passbook?lang=zh&said=saidIssued');
  t.equal(
    await said('statement', [
      ['lender', 'x'],
      ['from', '2099-01'],
      ['to', '2099-02'],
    ]),
    '/passbook?lang=zh&said=wrong_period',
  );
  t.equal(
    await said('statement', [
      ['lender', ''],
      ['from', from!],
      ['to', to!],
    ]),
    '/passbook?lang=zh&said=failed',
  );
  t.match(await said('statement', asked, { 'sec-fetch-site': 'cross-site' }), /saidOver/);
  const shown = await browser.get('/passbook?lang=zh&said=saidIssued');
  harmless(t, shown);
  t.equal(shown.html.split('/passbook/statement?').length - 1, 1, 'one was made');
  const [, id] = /name="statement" value="([^"]+)"/.exec(shown.html)!;
  const read = await browser.get(`/passbook/statement?lang=zh&id=${id}`);
  harmless(t, read);
  t.match(read.html, /收入证明.*林阿海.*银行 &#60;img.*有效.*12\.34元/s);
  const [jws] = /eyJ[\w-]+\.[\w-]+\.[\w-]+/.exec(read.html)!;
  const ask = async () => ok(await anyone.post('/v1/income-statements/verification', { jws }), 200);
  t.match(await ask(), { verdict: 'valid', statement: { paid: 1_234 } });
  t.match(await browser.get(`/passbook/statement?lang=en&id=${id}`), {
    html: /Income statement.*CNY 12\.34/s,
  });

  const hers = browserOf(app.app);
  await enter(hers, wang.card);
  t.match((await hers.get(`/passbook/statement?id=${id}`)).location, /failed/, 'not another’s');
  t.match((await hers.post('/passbook/revoke', [['statement', id!]])).location, /failed/);
  t.match(await ask(), { verdict: 'valid' });
  t.equal(await said('revoke', [['statement', id!]]), '/passbook?lang=zh&said=saidRevoked');
  t.match(await ask(), { verdict: 'revoked' });
  t.match(await browser.get(`/passbook/statement?lang=zh&id=${id}`), { html: /已撤回/ });
  browser.forget();
  t.match((await browser.get(`/passbook/statement?id=${id}`)).location, /saidOver/);
});

t.test('kilograms as people type them', async (t) => {
  for (const [text, grams] of [
    ['12', 12_000],
    ['12.5', 12_500],
    ['0.001', 1],
    [' 3,25 ', 3_250],
    ['13。5', 13_500],
  ] as const)
    t.equal(gramsTyped(text), grams, text);
  for (const text of ['', '-1', '1.2345', '1e3', '１２', '999999999', '12kg'])
    t.equal(gramsTyped(text), undefined, text);
});

t.test('in a real browser: 360 px wide without scripts, and on a roll of 58 and 80 mm', async (t) => {
  const found = await openBrowser();
  if (typeof found === 'string') {
    t.comment(found);
    return;
  }
  t.teardown(() => found.close());
  const { app, collector, weigh, link } = await quay(t);
  const lin = await collector('阿卜杜热依木·阿卜杜拉·欧阳上官诸葛');
  await weigh(lin.id, { originEvidence: 'none', settlement: { kind: 'cash', paid: cny(12_345_678) } });
  for (let i = 0; i < 2; i++) await weigh(lin.id, { grossGrams: 9_999_999_999 });
  const base = await app.app.listen({ port: 0, host: '127.0.0.1' });
  const shots = process.env.PASSBOOK_SHOTS;
  for (const lang of ['zh', 'en'] as const) {
    const context = await found.newContext({
      javaScriptEnabled: false,
      viewport: { width: 360, height: 740 },
    });
    const tab = await context.newPage();
    const asked: string[] = [];
    tab.on('request', (request) => asked.push(request.url()));
    await tab.goto(`${base}${(await link(lin.id)).path}?lang=${lang}`);
    await tab.locator('button').first().click();
    await tab.waitForURL('**/passbook?lang=*');
    t.match(await tab.locator('h1').innerText(), /欧阳上官诸葛/);
    const wide = await tab.evaluate('document.documentElement.scrollWidth').catch(() => -1);
    t.equal(wide, 360, 'nothing sticks out');
    t.ok(
      asked.every((url) => url.startsWith(base)),
      'nothing from elsewhere',
    );
    if (shots) await tab.screenshot({ path: `${shots}/passbook-${lang}.png`, fullPage: true });
    await tab.emulateMedia({ media: 'print' });
    // 58 and 80 mm at 96 dots an inch, less the margins.
    for (const [mm, width] of [
      [58, 204],
      [80, 287],
    ] as const) {
      await tab.setViewportSize({ width, height: 800 });
      t.equal(await tab.evaluate('document.documentElement.scrollWidth'), width, `${mm} mm are enough`);
      t.equal(await tab.locator('button:visible').count(), 0, 'no buttons on paper');
      if (shots) await tab.screenshot({ path: `${shots}/slip-${mm}-${lang}.png`, fullPage: true });
    }
    await context.close();
  }
});
