import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { openWitness } from '../../src/cli/witness.ts';
import { sha256 } from '../../src/kernel/hash.ts';
import { parseKey } from '../../src/ledger/note.ts';
import { readHead } from '../../src/ledger/store.ts';
import { AT, tradeOf } from '../resale/sealed.ts';
import { startTestApp } from '../support/app.ts';
import { openBrowser } from '../web/browser.ts';

const EVIL = `<img src=x onerror=alert(1)>"'&<script>alert(2)</script>`;
const SCHEME = 'traceability-statement';
const LANGUAGES = ['zh', 'en'] as const;

/** A statement issued by two people over grams of one known person, in a world where every name is hostile. */
const issuedStatement = async (t: Test) => {
  const app = await startTestApp(t);
  const trade = await tradeOf(app);
  const ok = async (asked: Promise<{ status: number; body: Record<string, unknown> }>) => {
    const answer = await asked;
    if (answer.status >= 300) throw new Error(JSON.stringify(answer.body));
    // biome-ignore lint/suspicious/noExplicitAny: tests read answers freely
    return answer.body as any;
  };
  await ok(app.operator.put(`/v1/schemes/${SCHEME}`, {}));
  const { rules } = await ok(app.operator.get(`/v1/schemes/${SCHEME}`));
  const name = { en: `Scheme ${EVIL}`, zh: `方案 ${EVIL}` };
  await ok(app.operator.put(`/v1/schemes/${SCHEME}`, { rules: { ...rules, name } }));
  const consent = { version: '1', at: AT };
  const person = { siteId: trade.seller.siteId, name: '王海生', consent };
  const { id: collectorId } = await ok(app.operator.post('/v1/collectors', person));
  const lotId = await trade.mixed([300_000, 200_500], { collectorId });
  await ok(
    app.operator.post('/v1/certificates/external', {
      ...{ organisationId: trade.seller.organisationId, body: `Body ${EVIL}`, approvalNumber: `A ${EVIL}` },
      ...{ number: `N ${EVIL}`, schemes: [SCHEME], scope: `Scope ${EVIL}`, siteIds: [trade.seller.siteId] },
      ...{ validFrom: '2026-01-01', validUntil: '2027-12-31', fileSha256: 'ab'.repeat(32), checkedAt: AT },
    }),
  );
  const batch = await trade.seal([{ lotId }]);
  await ok(trade.sell(batch.id));
  const body = await ok(app.operator.post('/v1/organisations', { name: 'Body A', kind: 'certifier' }));
  const [first, second] = [
    await app.keyFor(body.id, 'certifier', { holder: 'Li' }),
    await app.keyFor(body.id, 'certifier', { holder: 'Zhou' }),
  ];
  const asked = await ok(
    trade.brandA.client.post('/v1/statements', { scheme: SCHEME, batchId: batch.id, grams: 400_000 }),
  );
  await ok(first.post(`/v1/statements/${asked.id}/approve`, {}));
  const { code } = await ok(second.post(`/v1/statements/${asked.id}/approve`, {}));
  const page = async (url: string) => {
    const { statusCode: status, body: html, headers } = await app.app.inject(url);
    return { status, html, headers };
  };
  return { ...{ app, ok, batch, first, code: code as string, id: asked.id as string, page, body }, ...trade };
};

/** Nothing comes from elsewhere, nothing runs, and no name is read as markup. */
const harmless = (t: Test, { html, headers }: { html: string; headers: Record<string, unknown> }): void => {
  t.notMatch(html, /<img|<script|<iframe|<link|src=(?!x)|javascript:|url\(/i);
  t.match(String(headers['content-security-policy']), /^default-src 'none'; style-src 'sha256-/);
  t.notMatch(html, /undefined|\[object|NaN/);
  t.ok(Buffer.byteLength(html) < 150_000, `${Buffer.byteLength(html)} bytes`);
};

t.test(
  'a statement’s page: verdict, who states what, what changed when, and nothing beside a lie',
  async (t) => {
    const set = await issuedStatement(t);
    const { app, ok, code, id, page, first, brandA, batch } = set;
    const zh = await page(`/s/${code}?lang=zh`);
    t.equal(zh.status, 200);
    harmless(t, zh);
    t.match(zh.html, /data-verdict="valid".*✓ 有效.*400\s千克（占本次销售所持 500\.5\s千克 的 79\.92 %）/s);
    t.match(zh.html, /未公开名称的组织.*2 人，均非受益方.*声明申请.*声明初审通过.*声明出具/s);
    t.match(
      zh.html,
      /机构<\/dt><dd>Body &#60;img src=x onerror=alert\(1\)&#62;.*最近核查<\/dt><dd>2026-11-24: 有效/s,
    );
    t.notMatch(zh.html, /brand A|王海生|Zhou/, 'nobody is named');
    const en = await page(`/s/${code.toLowerCase().replace(/(.{4})/g, '$1-')}?lang=en`);
    t.match(en.html, /<html lang="en">.*✓ Valid.*it is no certificate.*2 people, who gain nothing by it/s);
    const publicName = `/v1/organisations/${brandA.organisationId}/public-name`;
    await ok(brandA.client.put(publicName, { name: EVIL, consent: 'x' }));
    const named = await page(`/s/${code}?lang=en`);
    harmless(t, named);
    t.match(named.html, /Held by<\/dt><dd>&#60;img src=x/, 'named with consent');

    await ok(first.post(`/v1/statements/${id}/suspend`, { reason: `because ${EVIL}` }));
    const suspended = await page(`/s/${code}?lang=en`);
    t.match(
      suspended.html,
      /data-verdict="suspended".*✗ Suspended.*Statement suspended<br><small>by somebody who checks/s,
    );
    t.notMatch(suspended.html, /because/, 'a reason may name somebody: it is sealed');
    const revoked = await ok(first.post(`/v1/statements/${id}/revoke`, { reason: 'x' }));
    t.equal(revoked.state, 'revoked');
    t.match((await page(`/s/${code}?lang=en`)).html, /data-verdict="revoked".*✗ Does not hold any more/s);

    for (const wrong of [
      '0123456789ABCDEF',
      'nonsense',
      '%00',
      '%F0%9F%90%9F',
      encodeURIComponent(EVIL).slice(0, 90),
      'constructor',
    ]) {
      const unknown = await page(`/s/${wrong}?lang=en`);
      t.equal(unknown.status, 404, wrong);
      harmless(t, unknown);
      t.notMatch(unknown.html, batch.code);
    }
    const owner = await app.superuser();
    const { rowCount } = await owner.query(
      `UPDATE ${app.deps.config.databaseSchema}.statements SET grams = grams + 1 WHERE code = $1`,
      [code],
    );
    t.equal(rowCount, 1, 'somebody changed a gram');
    const tampered = await page(`/s/${code}?lang=en`);
    t.match(tampered.html, /Something was changed/);
    t.notMatch(tampered.html, new RegExp(`${batch.code}|400|Scheme`), 'and nothing else is shown');
  },
);

t.test('a code that is typed leads somewhere, whatever it is', async (t) => {
  const { app, code, batch } = await issuedStatement(t);
  const find = async (typed: string) => {
    const { statusCode, headers } = await app.app.inject(`/find?lang=en&code=${encodeURIComponent(typed)}`);
    t.equal(statusCode, 303, typed);
    return headers.location;
  };
  t.equal(await find(` ${code.toLowerCase()} `), `/s/${code}?lang=en`);
  t.equal(await find(batch.code), `/p/${batch.code}?lang=en`);
  t.equal(await find(`${batch.code.toLowerCase()} `), `/p/${batch.code}?lang=en`);
  t.match(await find('\0'), /^\/s\//);
  t.match(await find(''), /^\/s\/-/);
  t.match(await find('//evil.example/x\r\nset-cookie: a=b'), /^\/s\/[^/\r\n]+\?lang=en$/, 'never elsewhere');
});

t.test('the register lists what was issued, by state and page by page', async (t) => {
  const { app, code, id, page, ok, first } = await issuedStatement(t);
  const listed = await page('/register?lang=zh');
  harmless(t, listed);
  t.match(listed.html, new RegExp(`/s/${code}.*有效.*400.千克`, 's'));
  t.match((await page('/register?lang=en&state=valid')).html, code);
  t.notMatch((await page('/register?lang=en&state=suspended')).html, code);
  await ok(first.post(`/v1/statements/${id}/suspend`, { reason: 'x' }));
  t.match((await page('/register?lang=en&state=suspended')).html, code);
  t.match(
    (await page('/register?lang=en&state=constructor&before=x')).html,
    code,
    'what is no filter is none',
  );
  const owner = await app.superuser();
  const schema = app.deps.config.databaseSchema;
  const columns = ['batch_id', 'sale_id', 'seller_id', 'holder_id', 'scheme', 'scheme_version', 'scheme_seq'];
  columns.push(
    'exclusion_group',
    'grams',
    'of_grams',
    'custody_model',
    'issued_at',
    'organisation_ids',
    'approvals',
  );
  await owner.query(
    `INSERT INTO ${schema}.statements (id, seq, last_seq, code, state, valid_until, ${columns.join(', ')})
     SELECT gen_random_uuid(), 1000 + n, 1000 + n, 'T' || lpad(n::text, 15, '0'), 'issued', 1000, ${columns.join(', ')}
     FROM ${schema}.statements CROSS JOIN generate_series(1, 65) n WHERE code = $1`,
    [code],
  );
  const seen: string[] = [];
  let url: string | undefined = '/register?lang=en&state=expired';
  while (url !== undefined) {
    const { html } = await page(url);
    seen.push(...[...html.matchAll(/href="\/s\/(\w+)\?/g)].map((m) => m[1]!));
    url = /href="([^"]+)">Older ones/.exec(html)?.[1]?.replaceAll('&#38;', '&');
    t.ok(seen.length <= 65);
  }
  t.equal(new Set(seen).size, 65, 'each once, over three pages');
});

t.test(
  'every number of the transparency page can be taken as CSV and run again as of an entry',
  async (t) => {
    const { app, page, ok, first, id } = await issuedStatement(t);
    const shown = await page('/transparency?lang=en');
    t.equal(shown.status, 200);
    harmless(t, shown);
    const position = Number(/name="asOfSeq"[^>]*value="(\d+)"/.exec(shown.html)![1]);
    const { items } = (await app.app.inject('/v1/figures')).json();
    const links = [...shown.html.matchAll(/href="(\/v1\/figures\/([\w-]+)\/file\?asOfSeq=(\d+))"/g)];
    t.same(
      new Set(links.map((m) => m[2])),
      new Set(items.map((f: { name: string }) => f.name)),
      'every figure',
    );
    for (const [, url, , at] of links) {
      t.equal(Number(at), position, 'all as of one entry');
      t.equal((await app.app.inject(url!)).statusCode, 200, `${url} is there`);
    }
    t.match(shown.html, /Collected PET<\/th><td class="number">500\.5\skg/);
    t.match(shown.html, /Issued<\/th><td class="number">1<\/td><td class="number">400\skg/);
    await ok(first.post(`/v1/statements/${id}/suspend`, { reason: 'x' }));
    const { size } = await readHead(app.deps.pool);
    const now = await page(`/transparency?lang=en&asOfSeq=${size - 1}`);
    t.match(
      now.html,
      /Suspended<\/th><td class="number">1<\/td><td class="number">400\skg/,
      'a later entry says otherwise',
    );
    const again = await page(`/transparency?lang=en&asOfSeq=${position}`);
    const figures = (html: string) => /<section id="masses[\s\S]*<section id="checkpoint/.exec(html)![0];
    t.equal(figures(again.html), figures(shown.html), 'the same entry the same');
    t.not(figures(now.html), figures(shown.html));
    t.notMatch(
      (await page('/transparency?lang=en&asOfSeq=0')).html,
      /500\.5\skg/,
      'nothing was weighed at entry 0',
    );
    for (const wrong of ['999999999', '-1', 'x', '1.5', '9'.repeat(30), '%00', EVIL]) {
      const refused = await page(`/transparency?lang=zh&asOfSeq=${encodeURIComponent(wrong)}`);
      t.equal(refused.status, 422, wrong);
      t.match(refused.html, /不是本账本的条目/);
      harmless(t, refused);
    }
  },
);

t.test('who cosigned the latest checkpoint is shown, and only who did', async (t) => {
  const { app, page, ok, first, id } = await issuedStatement(t);
  t.match((await page('/transparency?lang=en')).html, /Cosigned by<\/dt><dd>Nobody/);
  const state = mkdtempSync(path.join(os.tmpdir(), 'blue-cycle-pages-'));
  const log = /Key of the log<\/dt><dd><code>([^<]+)/
    .exec((await page('/?lang=en')).html)![1]!
    .replaceAll('&#43;', '+');
  const witness = await openWitness({
    log: [log],
    name: 'witness.example',
    state,
    port: 0,
    host: '127.0.0.1',
  });
  t.teardown(async () => {
    await witness.close();
    rmSync(state, { recursive: true, force: true });
  });
  app.deps.publisher.addWitness({ key: parseKey(sha256, witness.key), url: witness.url });
  await ok(first.post(`/v1/statements/${id}/suspend`, { reason: 'x' }));
  let html = '';
  for (let i = 0; i < 100 && !html.includes('witness.example'); i++) {
    await sleep(100);
    ({ html } = await page('/transparency?lang=en'));
  }
  t.match(html, /Cosigned by<\/dt><dd><code>witness\.example/);
});

t.test('a site’s page says what it did, and neither its name nor its door', async (t) => {
  const { app, page, seller } = await issuedStatement(t);
  const { html, headers, status } = await page(`/sites/${seller.siteId}?lang=en`);
  t.equal(status, 200);
  harmless(t, { html, headers });
  t.match(html, /Weighed in<\/th><td>PET<\/td><td class="number">500\.5\skg/);
  t.match(html, /Made by<\/th><td>Consolidate<\/td><td class="number">500\.5\skg/);
  t.match(html, /Fewer than five known people/);
  const site = (await app.operator.get(`/v1/sites/${seller.siteId}`)).body;
  t.notMatch(html, site.name);
  t.notMatch(html, String(site.location.latE7).slice(0, 5));
  for (const wrong of [randomUUID(), 'x', '%00', 'constructor']) {
    const none = await page(`/sites/${wrong}?lang=zh`);
    t.equal(none.status, 404);
    t.match(none.html, /没有此站点/);
  }
});

const browser = await openBrowser();
t.teardown(() => (typeof browser === 'string' ? undefined : browser.close()));

t.test(
  'in a real browser: both languages, a phone, no scripts, accessible, light',
  { timeout: 300_000, skip: typeof browser === 'string' ? browser : false },
  async (t) => {
    if (typeof browser === 'string') return;
    const { app, code, seller, page: read } = await issuedStatement(t);
    const base = await app.app.listen({ port: 0, host: '127.0.0.1' });
    const axe = readFileSync('node_modules/axe-core/axe.min.js', 'utf8');
    const shots = process.env.SCREENSHOTS;
    if (shots !== undefined) mkdirSync(shots, { recursive: true });
    const paths = ['/', `/s/${code}`, '/s/UNKNOWN', '/register', '/transparency', `/sites/${seller.siteId}`];
    for (const language of LANGUAGES) {
      const context = await browser.newContext({ viewport: { width: 360, height: 740 }, bypassCSP: true });
      const plain = await browser.newContext({
        viewport: { width: 360, height: 740 },
        javaScriptEnabled: false,
      });
      for (const path of paths) {
        const complaints: string[] = [];
        const page = await context.newPage();
        page.on('pageerror', (error) => complaints.push(error.message));
        page.on('request', (asked) => asked.url().startsWith(base) || complaints.push(asked.url()));
        await page.goto(`${base}${path}?lang=${language}`);
        await page.evaluate(axe);
        const found = await page.evaluate(() =>
          (
            window as unknown as {
              axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
            }
          ).axe.run(),
        );
        t.same(
          found.violations.map(({ id, nodes }) => `${id}: ${nodes[0]!.html}`),
          [],
          `${language} ${path} is accessible`,
        );
        t.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360, 'nothing sticks out');
        t.same(complaints, []);
        if (shots !== undefined)
          await page.screenshot({
            path: `${shots}/${language}-${path.split('/')[1] || 'home'}${path.endsWith('UNKNOWN') ? '-unknown' : ''}.png`,
            fullPage: true,
          });
        await page.close();
        const bare = await plain.newPage();
        await bare.goto(`${base}${path}?lang=${language}`);
        t.ok((await bare.textContent('h1'))!.length > 2, 'without scripts');
        await bare.close();
        harmless(t, await read(`${path}?lang=${language}`));
      }
      const typing = await plain.newPage();
      await typing.goto(`${base}/?lang=${language}`);
      await typing.fill('input[name=code]', code.toLowerCase());
      await typing.click('form button');
      t.equal(await typing.getAttribute('[data-verdict]', 'data-verdict'), 'valid', 'typed, sent, seen');
      await context.close();
      await plain.close();
    }
  },
);
