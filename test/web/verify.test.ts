import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Page } from 'playwright-core';
import t from 'tap';
import { setUp as stating } from '../statements/harness.ts';
import { startTestApp } from '../support/app.ts';
import { thingsOf } from '../support/things.ts';
import { openBrowser } from './browser.ts';
import { exportOf, textOf } from './logs.ts';

const browser = await openBrowser();
const options = { timeout: 120_000, skip: typeof browser === 'string' ? browser : false };
t.teardown(() => (typeof browser === 'string' ? undefined : browser.close()));

const VERDICT = {
  en: { good: '✓ Verified', bad: '✗ Not verified' },
  zh: { good: '✓ 核验通过', bad: '✗ 核验未通过' },
};

/** A tab of a new visitor; what its page complains of is collected. */
const visit = async (base: string, width = 360): Promise<Page & { complaints: string[] }> => {
  if (typeof browser === 'string') throw new Error(browser);
  const context = await browser.newContext({ viewport: { width, height: 740 } });
  const page = Object.assign(await context.newPage(), { complaints: [] as string[] });
  page.on('pageerror', (error) => page.complaints.push(error.message));
  page.on('console', (said) => said.type() === 'error' && page.complaints.push(said.text()));
  page.on('request', (request) => {
    if (!request.url().startsWith(base)) page.complaints.push(`asked ${request.url()}`);
  });
  return page;
};

const logShown = (page: Page) => page.waitForSelector('#log-state dl');

const directory = mkdtempSync(path.join(os.tmpdir(), 'blue-cycle-dropped-'));
t.teardown(() => rmSync(directory, { recursive: true, force: true }));

/** Chooses a file, which is what dropping one comes to; returns what the page says of it. */
const drop = async (page: Page, name: string, bytes: Buffer): Promise<string> => {
  const file = path.join(directory, name);
  writeFileSync(file, bytes);
  await page.evaluate(() => document.getElementById('result')!.replaceChildren());
  await page.setInputFiles('#file', file);
  await page.waitForSelector('#result h2');
  return (await page.textContent('#result'))!;
};

t.test('a visitor’s browser judges a bundle by itself, in both languages', options, async (t) => {
  const app = await startTestApp(t);
  const things = await thingsOf(app, 'canary');
  const batch = await things.batch();
  const bundle = (await app.app.inject(`/v1/batches/${batch.id}/bundle`)).rawPayload;
  const base = await app.app.listen({ port: 0, host: '127.0.0.1' });
  for (const language of ['zh', 'en'] as const) {
    const page = await visit(base);
    await page.goto(`${base}/verify?lang=${language}`);
    await logShown(page);
    const asked: string[] = [];
    page.on('request', (request) => asked.push(new URL(request.url()).pathname));
    const good = await drop(page, 'good.json', bundle);
    t.match(good, VERDICT[language].good);
    t.match(good, batch.code);
    t.same(
      asked.filter((url) => url !== '/v1/ledger/consistency'),
      [],
      'no verdict is asked of the server',
    );
    const carried = await page.evaluateHandle((text) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([text], 'carried.json'));
      return transfer;
    }, bundle.toString());
    await page.evaluate(() => document.getElementById('result')!.replaceChildren());
    await page.dispatchEvent('#drop', 'drop', { dataTransfer: carried });
    await page.waitForSelector('#result .good');
    t.equal(await page.textContent('#chosen'), 'carried.json', 'the same when it is dropped');
    const flipped = Buffer.from(bundle);
    flipped[bundle.indexOf('grams')]! ^= 1;
    t.match(await drop(page, 'bad.json', flipped), VERDICT[language].bad);
    t.match(await drop(page, 'other.txt', Buffer.from('hello')), VERDICT[language].bad);
    await page.fill('#asked', batch.code.toLowerCase());
    await page.click('#look button');
    await page.waitForFunction(
      (said) => document.querySelector('#result h2')?.textContent === said,
      VERDICT[language].good,
    );
    await page.fill('#asked', '999999');
    await page.click('#look button');
    await page.waitForSelector('#result > p.alarm');
    t.equal(
      await page.evaluate(() => document.documentElement.scrollWidth),
      360,
      'nothing hangs over at 360 px',
    );
    await page.goto(`${base}/verify?lang=${language}#0`);
    await page.reload();
    await page.waitForSelector('#result .good');
    t.same(
      page.complaints.filter((said) => !said.includes('404')),
      [],
      'nothing is refused by the policy, and nothing asked from elsewhere',
    );
  }
});

t.test('a whole log of 10,000 entries is checked while the page stays alive', options, async (t) => {
  const app = await startTestApp(t);
  const base = await app.app.listen({ port: 0, host: '127.0.0.1' });
  const page = await visit(base, 1_100);
  await page.goto(`${base}/verify?lang=en`);
  await logShown(page);
  await page.evaluate(() => {
    const seen: string[] = [];
    const frames = { longest: 0, last: performance.now() };
    Object.assign(window, { seen, frames });
    new MutationObserver(() => seen.push(document.getElementById('doing')!.textContent!)).observe(
      document.getElementById('doing')!,
      { childList: true },
    );
    const frame = (now: number): void => {
      frames.longest = Math.max(frames.longest, now - frames.last);
      frames.last = now;
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  });
  const { lines } = exportOf(10_000);
  const started = performance.now();
  const said = await drop(page, 'log.ndjson', textOf(lines));
  const seconds = (performance.now() - started) / 1_000;
  t.match(said, /✓ VerifiedWhole log: 10,000 entries/);
  t.match(said, 'Another log than this site’s');
  const state = (name: string) =>
    page.evaluate((name) => (window as unknown as Record<string, unknown>)[name], name);
  const { longest } = (await state('frames')) as { longest: number };
  const told = ((await state('seen')) as string[]).filter((text) =>
    /entries, \d+ %, [\d,]+ a second/.test(text),
  );
  t.ok(told.length > 0, `progress was seen ${told.length} times: ${told.at(-1)}`);
  t.ok(longest < 500, `the page answered all the while: longest frame ${Math.round(longest)} ms`);
  t.comment(`${seconds.toFixed(1)} s from drop to verdict; ${/Checked in [\d.]+ s/.exec(said)}`);

  const changed = [...lines];
  changed[7_000] = changed[7_000]!.replace('"grossGrams":17000', '"grossGrams":97000');
  t.not(changed[7_000], lines[7_000], 'the attack changed something');
  t.match(await drop(page, 'changed.ndjson', textOf(changed)), /Not verifiedFirst bad entry: 7,001/);
  const dropped = lines.filter((_, seq) => seq !== 300);
  t.match(await drop(page, 'dropped.ndjson', textOf(dropped)), /First bad entry: 300/);
  t.match(await drop(page, 'cut.ndjson', textOf(lines.slice(0, 400))), /Not verified/);
  t.same(page.complaints, []);
});

t.test('the browser remembers the log, and shows a fork in red', options, async (t) => {
  const app = await startTestApp(t);
  const things = await thingsOf(app, 'canary');
  const { receipt } = await things.collection();
  await app.app.inject(`/v1/ledger/entries/${receipt.seq}/proof`);
  const base = await app.app.listen({ port: 0, host: '127.0.0.1' });
  const page = await visit(base);
  const shown = async (): Promise<{ text: string; alarm: boolean }> => {
    await page.goto(`${base}/verify?lang=en`);
    await page.reload();
    await logShown(page);
    const text = (await page.textContent('#log-state p'))!;
    return { text, alarm: (await page.$('#log-state .alarm')) !== null };
  };
  await page.goto(`${base}/verify?lang=en`);
  await logShown(page);
  t.match(await page.textContent('#log-state'), /First visit/);
  const later = await things.collection();
  await app.app.inject(`/v1/ledger/entries/${later.receipt.seq}/proof`);
  await page.reload();
  await logShown(page);
  t.match(await page.textContent('#log-state'), /It continues the log you saw/);
  t.match(await shown(), { text: /The same as/, alarm: false });
  const remember = (change: string) =>
    page.evaluate((change) => {
      const kept = JSON.parse(localStorage.getItem('blue-cycle log')!);
      const { size, root } = kept;
      if (change === 'history') Object.assign(kept, { size: size - 1, root: 'ab'.repeat(32) });
      if (change === 'size') Object.assign(kept, { size: size + 5 });
      if (change === 'key') Object.assign(kept, { keys: ['x'] });
      localStorage.setItem('blue-cycle log', JSON.stringify(kept));
      return { size, root };
    }, change);
  for (const [change, said] of [
    ['history', /not a continuation/],
    ['size', /fewer entries/],
    ['key', /another name or key/],
  ] as const) {
    const before = await remember(change);
    t.match(await shown(), { text: said, alarm: true }, change);
    t.match(await shown(), { alarm: true }, 'and it is not forgotten by asking again');
    await page.evaluate((kept) => {
      const now = JSON.parse(localStorage.getItem('blue-cycle log')!);
      localStorage.setItem('blue-cycle log', JSON.stringify({ ...now, ...kept }));
    }, before);
    if (change !== 'key') t.match(await shown(), { alarm: false });
  }
  t.same(page.complaints, []);
});

t.test('the bundle of a statement is judged here as well, by its code or as a file', options, async (t) => {
  const { app, soldBatch, ask, issue, brandA, act, first } = await stating(t);
  const { batch } = await soldBatch(4_000_000, 3_200_000);
  const { id } = (await ask(brandA.client, { batchId: batch.id, grams: 7_200_000 })).body;
  const { code, receipt } = await issue(id);
  t.ok(await app.deps.publisher.covering(receipt.seq + 1, 10_000));
  const bundle = (await app.app.inject(`/v1/statements/${code}/bundle`)).rawPayload;
  const base = await app.app.listen({ port: 0, host: '127.0.0.1' });
  for (const language of ['zh', 'en'] as const) {
    const page = await visit(base);
    await page.goto(`${base}/verify?lang=${language}`);
    await logShown(page);
    const good = await drop(page, 'statement.json', bundle);
    t.match(good, VERDICT[language].good);
    t.match(good, new RegExp(`${code}[^]*7,200`));
    await page.evaluate(() => document.getElementById('result')!.replaceChildren());
    await page.fill('#asked', code.toLowerCase());
    await page.click('#look button');
    await page.waitForSelector('#result h2');
    t.match(await page.textContent('#result'), code, 'fetched by its code');
    const changed = Buffer.from(bundle.toString().replace('7200000', '7200001'));
    t.notOk(changed.equals(bundle));
    t.match(await drop(page, 'changed.json', changed), VERDICT[language].bad);
    t.equal(await page.evaluate('document.documentElement.scrollWidth'), 360);
    t.same(
      page.complaints.filter((said) => !/404/.test(said)),
      [],
      'a code that is no batch is asked for as a statement',
    );
  }
  await act(first, id, 'revoke', { reason: 'x' });
  const page = await visit(base);
  await page.goto(`${base}/verify?lang=en`);
  await logShown(page);
  t.match(await drop(page, 'old.json', bundle), VERDICT.en.good, 'an old file cannot know');
  t.match(await page.textContent('#result'), /What happened to it later this file cannot know/);
});

t.test('it is accessible, and explains itself without scripts', options, async (t) => {
  const app = await startTestApp(t);
  const things = await thingsOf(app, 'canary');
  const batch = await things.batch();
  const base = await app.app.listen({ port: 0, host: '127.0.0.1' });
  const axe = readFileSync(
    path.resolve(import.meta.dirname, '../../node_modules/axe-core/axe.min.js'),
    'utf8',
  );
  for (const language of ['zh', 'en'] as const) {
    const page = await visit(base);
    await page.goto(`${base}/verify?lang=${language}#${batch.code}`);
    await page.waitForSelector('#result .good');
    await logShown(page);
    // Evaluated by the debugger, which the page's policy does not hold.
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() =>
      (
        window as unknown as {
          axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
        }
      ).axe.run(),
    );
    t.same(
      violations.map(({ id, nodes }) => `${id}: ${nodes[0]!.html}`),
      [],
    );
  }
  if (typeof browser === 'string') return;
  const context = await browser.newContext({ javaScriptEnabled: false, locale: 'en-US' });
  const page = await context.newPage();
  await page.goto(`${base}/verify`);
  t.match(await page.textContent('noscript'), /blue-cycle-verifier/);
  t.equal(await page.isVisible('#tools'), false);
  t.match(await page.textContent('footer'), /What it does not prove/);
});
