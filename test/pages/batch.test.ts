import { readFileSync } from 'node:fs';
import path from 'node:path';
import { inflateSync } from 'node:zlib';
import type pg from 'pg';
import type { Page } from 'playwright-core';
import { decodeQR } from 'qr/decode.js';
import t, { type Test } from 'tap';
import { tradeOf } from '../resale/sealed.ts';
import { startTestApp } from '../support/app.ts';
import { disarmLedger } from '../support/rewriting.ts';
import { openBrowser } from '../web/browser.ts';

const browser = await openBrowser();
const options = { timeout: 120_000, skip: typeof browser === 'string' ? browser : false };
t.teardown(() => (typeof browser === 'string' ? undefined : browser.close()));

const EVIL = `<img src=x onerror="alert(1)">'"&`;
const SCHEME = 'traceability-statement';
/** Where pictures of the pages go, to be looked at. */
const SHOTS = process.env.BLUE_CYCLE_SCREENSHOTS;

/**
 * A batch of five people's bags and of bought granulate, made into flakes with a loss, sold, and stated by two; whoever
 * may choose a public text chose markup.
 */
const setUp = async (t: Test) => {
  const app = await startTestApp(t);
  const trade = await tradeOf(app, 200);
  const { seller, brandA, seal, sell } = trade;
  const { operator } = app;
  const must = async (asked: ReturnType<typeof operator.post>) => {
    const { status, body } = await asked;
    if (status >= 300) throw new Error(JSON.stringify(body));
    return body;
  };
  await must(
    operator.put(`/v1/organisations/${seller.organisationId}/public-name`, { name: EVIL, consent: 'signed' }),
  );
  await must(operator.put(`/v1/schemes/${SCHEME}`, {}));
  const { rules } = (await operator.get(`/v1/schemes/${SCHEME}`)).body;
  const both = { en: EVIL, zh: EVIL };
  await must(operator.put(`/v1/schemes/${SCHEME}`, { rules: { ...rules, name: both, says: both } }));
  const consent = { version: '1', at: '2026-01-01T00:00:00+08:00' };
  const lots: string[] = [];
  for (let i = 0; i < 5; i++) {
    const { id: collectorId } = await must(
      operator.post('/v1/collectors', { siteId: seller.siteId, name: `王${i}`, consent }),
    );
    const more = i === 4 ? { originEvidence: 'declared', originClass: 'shoreline' } : {};
    lots.push(await trade.weighIn(20_000 + i, 'pet', { collectorId, ...more }));
  }
  const bought = await must(
    operator.post('/v1/outside-materials', {
      siteId: seller.siteId,
      kind: 'purchase',
      material: 'pet',
      form: 'bottle',
      grams: 10_000,
    }),
  );
  const run = await must(
    seller.client.post('/v1/process-runs', {
      siteId: seller.siteId,
      step: 'shred',
      inputs: [...lots, bought.lot.id].map((lotId) => ({ lotId })),
      outputs: [
        { material: 'pet', form: 'flake', grams: 90_000 },
        { material: 'residue', form: 'mixed', grams: 15_000 },
      ],
      losses: [{ kind: 'drained', grams: 5_010 }],
    }),
  );
  const [flake] = run.outputs;
  const batch = await seal([{ lotId: flake.lotId, grams: 60_000 }]);
  await must(sell(batch.id) as never);
  const product = await must(
    brandA.client.post('/v1/products', {
      batchId: batch.id,
      units: 10,
      unitMassGrams: 300,
      contentGrams: 100,
      market: 'CN',
      name: EVIL,
    }),
  );
  const statement = await must(
    brandA.client.post('/v1/statements', { scheme: SCHEME, batchId: batch.id, grams: 20_000 }),
  );
  const { id: bodyId } = await must(operator.post('/v1/organisations', { name: EVIL, kind: 'certifier' }));
  const certifiers = [
    await app.keyFor(bodyId, 'certifier', { holder: 'Li' }),
    await app.keyFor(bodyId, 'certifier', { holder: 'Zhou' }),
  ] as const;
  await must(certifiers[0].post(`/v1/statements/${statement.id}/approve`, {}));
  const { code: statementCode } = await must(
    certifiers[1].post(`/v1/statements/${statement.id}/approve`, {}),
  );
  await app.deps.follower.catchUp();
  const revoke = async () => {
    for (const each of certifiers) await each.post(`/v1/statements/${statement.id}/revoke`, { reason: 'x' });
  };
  return { app, trade, batch, product, statement, statementCode, certifiers, revoke };
};

const markupOf = (html: string): string => html.replace(/<style>.*?<\/style>/s, '');

t.test('a page tells of a batch, a product and a statement, and of nothing else', async (t) => {
  const { app, batch, product, statementCode, revoke } = await setUp(t);
  const get = (url: string) => app.app.inject({ url, headers: { host: 'blue.example' } });
  for (const lang of ['en', 'zh'] as const) {
    const { statusCode, payload, headers } = await get(`/p/${batch.code}?lang=${lang}`);
    t.equal(statusCode, 200);
    t.match(headers['content-security-policy'], /default-src 'none'/);
    t.notMatch(payload, /<img src=x/, 'no name is read as markup');
    t.match(payload, /&#60;img src=x/, 'and the names are there');
    t.notMatch(payload, /王\d/, 'nobody is named');
    t.match(markupOf(payload), lang === 'en' ? /5 people brought/ : /5 人收集/);
    t.match(payload, lang === 'en' ? /60\.000 kg of PET, Flake/ : /PET·破碎片，60\.000 千克/);
    t.ok(Buffer.byteLength(payload) < 60_000, `${Buffer.byteLength(payload)} bytes`);
  }
  const { payload } = await get(`/p/${batch.code}?lang=en`);
  // Half of 110,010 g in, 90,000 out as flakes; the batch holds 60,000 of these, drawn by the rule of shares.
  t.match(payload, /Lost: 5\.010 kg/);
  t.match(payload, /Weighed in \(Recovered at sea\)/);
  t.match(payload, /Recovered at sea: 80\.006 kg/, 'of each step the whole is drawn');
  t.match(payload, /Went elsewhere, or is still there: 45\.000 kg/);
  t.match(payload, /rest on somebody&#39;s|rest on somebody’s word alone/);
  t.match(payload, /did not come in by this programme’s scales/);
  const typed = `${batch.code.slice(0, 4)}-${batch.code.slice(4).toLowerCase()}`;
  t.match((await get(`/p/${typed}`)).payload, batch.code, 'as people type it');
  t.match((await get(`/p/${product.id}?lang=en`)).payload, /33\.33 % of it \(100 g\)/);
  t.match((await get(`/p/${statementCode}?lang=en`)).payload, /20\.000 kg: valid/);
  await revoke();
  t.match((await get(`/p/${statementCode}?lang=en`)).payload, /class="alarm">.*REVOKED/);
  for (const code of ['0000000000000000', 'nonsense', '%00', '%3Cscript%3E', '__proto__', 'constructor']) {
    const { statusCode, payload } = await get(`/p/${code}?lang=en`);
    t.equal(statusCode, 404, code);
    t.match(payload, /Unknown code/);
    t.notMatch(payload, /<script>|PET|verdict" role/, 'and says nothing else');
    t.equal((await get(`/p/${code}/qr.svg`)).statusCode, 404);
  }
});

/** Pixels of a PNG of one bit a pixel. */
const pixelsOf = (png: Buffer) => {
  const width = png.readUInt32BE(16);
  const at = png.indexOf('IDAT');
  const rows = inflateSync(png.subarray(at + 4, at + 4 + png.readUInt32BE(at - 4)));
  const stride = 1 + Math.ceil(width / 8);
  const data = new Uint8ClampedArray(width * width * 4).fill(255);
  for (let y = 0; y < width; y++)
    for (let x = 0; x < width; x++)
      if ((rows[y * stride + 1 + (x >> 3)]! & (0x80 >> (x & 7))) === 0)
        data.fill(0, (y * width + x) * 4, (y * width + x) * 4 + 3);
  return { width, height: width, data };
};

t.test('a QR code binds the code and the key of the log', async (t) => {
  const { app, batch } = await setUp(t);
  const headers = { host: 'blue.example' };
  const { rawPayload, headers: answered } = await app.app.inject({ url: `/p/${batch.code}/qr.png`, headers });
  t.equal(answered['content-type'], 'image/png');
  const { rows } = await app.deps.pool.query<{ key: string }>('SELECT key FROM log_keys ORDER BY seq');
  const key = rows[0]!.key;
  t.equal(
    decodeQR(pixelsOf(rawPayload)),
    `http://blue.example/p/${batch.code}#${key.slice(key.indexOf('+') + 1)}`,
  );
  const { payload } = await app.app.inject({ url: `/p/${batch.code}/qr.svg`, headers });
  t.match(payload, /^<svg xmlns="http:\/\/www.w3.org\/2000\/svg"/);
  t.ok(payload.length < 20_000, `${payload.length} bytes`);
});

type Visit = Page & { complaints: string[] };

const visit = async (base: string): Promise<Visit> => {
  if (typeof browser === 'string') throw new Error(browser);
  const context = await browser.newContext({ viewport: { width: 360, height: 740 } });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('dialog', (dialog) => complaints.push(`a dialog: ${dialog.message()}`));
  page.on('console', (said) => said.type() === 'error' && complaints.push(said.text()));
  page.on('request', (request) => {
    if (!request.url().startsWith(base)) complaints.push(`asked ${request.url()}`);
  });
  return Object.assign(page, { complaints });
};

const verdictOn = async (page: Page, url: string): Promise<{ said: string; text: string }> => {
  await page.goto(url);
  await page.reload();
  await page.waitForFunction(() => {
    const { done, facts } = document.getElementById('verdict')!.dataset;
    return done !== undefined && done !== 'checking' && (done !== 'valid' || facts !== undefined);
  });
  const said = await page.getAttribute('#verdict', 'data-done');
  return { said: said!, text: (await page.textContent('#verdict'))! };
};

/** Writes other text of the same length into the bytes of one entry. */
const turnByte = async (db: pg.Client, seq: number, from: string, to: string): Promise<void> => {
  const { rowCount } = await db.query(
    `UPDATE chunks SET bytes = overlay(bytes PLACING $3 FROM position($2 IN bytes))
     WHERE first_seq = (SELECT max(first_seq) FROM chunks WHERE first_seq <= $1) AND position($2 IN bytes) > 0`,
    [seq, Buffer.from(from), Buffer.from(to)],
  );
  if (rowCount !== 1) throw new Error(`${from} does not stand in entry ${seq}`);
};

const AXE = readFileSync(path.resolve(import.meta.dirname, '../../node_modules/axe-core/axe.min.js'), 'utf8');
type Axe = { axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> } };

t.test('a telephone verifies what it scanned, in both languages', options, async (t) => {
  const { app, batch } = await setUp(t);
  const base = await app.app.listen({ port: 0, host: '127.0.0.1' });
  const png = await fetch(`${base}/p/${batch.code}/qr.png`);
  const scanned = decodeQR(pixelsOf(Buffer.from(await png.arrayBuffer())));
  for (const lang of ['zh', 'en'] as const) {
    const page = await visit(base);
    const url = scanned.replace('#', `?lang=${lang}#`);
    const { said, text } = await verdictOn(page, url);
    t.equal(said, 'valid', text);
    t.match(text, lang === 'zh' ? /账本密钥与二维码上的一致/ : /The log’s key is the one on the QR code/);
    t.match(text, lang === 'zh' ? /时间线中的事实也已核验/ : /Facts of the timeline checked as well/);
    t.ok(Number(await page.getAttribute('#verdict', 'data-facts')) >= 5);
    t.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360, 'nothing hangs over');
    await page.evaluate(AXE);
    const { violations } = await page.evaluate(() => (window as unknown as Axe).axe.run());
    t.same(
      violations.map(({ id, nodes }) => `${id}: ${nodes[0]!.html}`),
      [],
    );
    if (SHOTS !== undefined) await page.screenshot({ path: `${SHOTS}/batch-${lang}.png`, fullPage: true });
    t.same(
      page.complaints.filter((said) => !said.includes('404')),
      [],
      'nothing is refused by the policy, and nothing asked from elsewhere',
    );

    const fresh = await visit(base);
    const started = performance.now();
    await fresh.goto(url);
    await fresh.waitForSelector('#verdict.good');
    t.comment(`verdict after ${Math.round(performance.now() - started)} ms`);
    let bytes = 0;
    const parts = ['product.js', 'worker.js', 'verifier.js'].map((name) => `/verify/${name}`);
    const proofs = ['/v1/ledger/entries/0/bundle', `/v1/batches/${batch.code}/bundle`];
    for (const each of [`/p/${batch.code}?lang=${lang}`, ...parts, ...proofs])
      bytes += (await app.app.inject(each)).rawPayload.length;
    t.ok(bytes > 50_000 && bytes < 150_000, `${bytes} bytes until the verdict`);
    t.comment(`${bytes} bytes until the verdict`);
    const other = await verdictOn(fresh, url.replace(/#.*/, '#d93defdc+AAAA'));
    t.equal(other.said, 'otherKey', 'a code printed for another log');
    t.equal(await fresh.getAttribute('#verdict', 'class'), 'box verdict bad');
  }
  if (typeof browser === 'string') return;
  const context = await browser.newContext({
    javaScriptEnabled: false,
    viewport: { width: 360, height: 740 },
  });
  const page = await context.newPage();
  await page.goto(`${base}/p/${batch.code}?lang=en`);
  t.match(await page.textContent('#verdict'), /Not checked yet.*runs no scripts/s);
  if (SHOTS !== undefined) await page.screenshot({ path: `${SHOTS}/batch-plain.png`, fullPage: true });
});

t.test('one byte turned in the database, and the page says so', options, async (t) => {
  const { app, batch } = await setUp(t);
  const base = await app.app.listen({ port: 0, host: '127.0.0.1' });
  const page = await visit(base);
  const url = `${base}/p/${batch.code}?lang=en`;
  t.equal((await verdictOn(page, url)).said, 'valid');
  const db = await app.superuser();
  await disarmLedger(db);
  await db.query('UPDATE batches SET grams = grams + 1 WHERE id = $1', [batch.id]);
  t.equal((await verdictOn(page, url)).said, 'disagrees', 'a mass the log does not say');
  await db.query('UPDATE batches SET grams = grams - 1 WHERE id = $1', [batch.id]);
  t.equal((await verdictOn(page, url)).said, 'valid');
  await turnByte(db, batch.receipt.seq, '"grams":60000', '"grams":60001');
  const bad = await verdictOn(page, url);
  t.not(bad.said, 'valid', bad.text);
  t.match(await page.getAttribute('#verdict', 'class'), /bad/);
  t.comment(`the seal: ${bad.said}`);
  if (SHOTS !== undefined) await page.screenshot({ path: `${SHOTS}/batch-bad.png` });
  await turnByte(db, batch.receipt.seq, '"grams":60001', '"grams":60000');
  t.equal((await verdictOn(page, url)).said, 'valid');
  const weighIn = (await app.operator.get('/v1/collections?limit=1')).body.items[0].receipt.seq;
  await turnByte(db, weighIn, '"grossGrams":20000', '"grossGrams":90000');
  const upstream = await verdictOn(page, url);
  t.match(upstream, { said: 'badFacts', text: new RegExp(`Entries ${weighIn}`) }, 'a weigh-in on the way');
});
