import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Page } from 'playwright-core';
import t from 'tap';
import { tradeOf } from '../resale/sealed.ts';
import { startTestApp } from '../support/app.ts';
import { openBrowser } from './browser.ts';

const browser = await openBrowser();
const options = { timeout: 180_000, skip: typeof browser === 'string' ? browser : false };
t.teardown(() => (typeof browser === 'string' ? undefined : browser.close()));

const AXE = readFileSync(path.resolve(import.meta.dirname, '../../node_modules/axe-core/axe.min.js'), 'utf8');
type Axe = { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };

/** A browser of somebody's own; without scripts unless the page is to be judged by one. */
const visit = async (base: string, javaScriptEnabled: boolean): Promise<Page & { complaints: string[] }> => {
  if (typeof browser === 'string') throw new Error(browser);
  const context = await browser.newContext({ viewport: { width: 360, height: 740 }, javaScriptEnabled });
  const page = Object.assign(await context.newPage(), { complaints: [] as string[] });
  page.on('console', (said) => said.type() === 'error' && page.complaints.push(said.text()));
  page.on('request', (request) => {
    if (!request.url().startsWith(base)) page.complaints.push(`asked ${request.url()}`);
  });
  return page;
};

/** Pictures for whoever wants to look at the pages. */
const picture = async (page: Page, name: string): Promise<void> => {
  const directory = process.env.SCREENSHOTS;
  if (directory !== undefined)
    await page.screenshot({ path: path.join(directory, `${name}.png`), fullPage: true });
};

t.test('two people in two browsers approve a statement, then one revokes it', options, async (t) => {
  const app = await startTestApp(t);
  const trade = await tradeOf(app, 50);
  const organisation = { name: '中环联合认证中心', kind: 'certifier' };
  const { body } = await app.operator.post('/v1/organisations', organisation);
  const { organisationId } = (await app.operator.get('/v1/api-keys')).body.items[0];
  const operator = await app.keyFor(organisationId, 'operator', { holder: '陈主管' });
  const keys = {
    zh: await app.keyFor(body.id, 'certifier', { holder: '李维' }),
    en: await app.keyFor(body.id, 'certifier', { holder: 'Zhou Min' }),
  };
  await app.operator.put('/v1/schemes/traceability-statement', {});
  const consent = { version: '1', at: '2026-01-01T00:00:00+08:00' };
  const collector = { siteId: trade.seller.siteId, name: '王海生', consent };
  const { id: collectorId } = (await app.operator.post('/v1/collectors', collector)).body;
  const batch = await trade.seal([{ lotId: await trade.mixed([300_000, 200_000], { collectorId }) }]);
  await trade.sell(batch.id);
  const asked = { batchId: batch.id, scheme: 'traceability-statement' };
  const { id } = (await trade.brandA.client.post('/v1/statements', asked)).body;
  const lotId = await trade.weighIn(10_000);
  const warehouse = await app.site('warehouse', { name: '石塘云仓', toleranceBasisPoints: 50 });
  const { siteId: fromSiteId, client: seller } = trade.seller;
  const load = { fromSiteId, toSiteId: warehouse.siteId, lots: [{ lotId }] };
  const sent = (await seller.post('/v1/shipments', load)).body;
  await warehouse.client.post(`/v1/shipments/${sent.id}/receipt`, { measuredGrams: 8_000 });
  await app.deps.follower.catchUp();
  const { items } = (await app.operator.get('/v1/collections?limit=10')).body;
  await app.operator.post(`/v1/collections/${items.at(-1).id}/marks`, { code: 'review' });
  const line = {
    id: randomUUID(),
    source: 'bank',
    rail: 'bank',
    serial: '20261124000123',
    day: '2026-11-24',
  };
  const told = { ...line, kind: 'other', amount: { amount: 50_000, currency: 'CNY' } };
  t.equal((await app.operator.post('/v1/statement-lines/batch', [told])).status, 200);
  const stateOf = async () => (await app.operator.get(`/v1/statements/${id}`)).body;
  const base = await app.app.listen({ port: 0, host: '127.0.0.1' });

  const signedIn = async (language: 'zh' | 'en', scripts: boolean, { secret } = keys[language]) => {
    const page = await visit(base, scripts);
    await page.goto(`${base}/console?lang=${language}`);
    await picture(page, `${language}-sign-in`);
    await page.fill('input[name=key]', secret);
    await page.click('main button');
    await page.waitForSelector('h1');
    t.match(await page.textContent('h1'), { zh: '待办事项', en: 'What needs attention' }[language]);
    t.notMatch(page.url(), secret);
    return page;
  };
  const [li, zhou] = [await signedIn('zh', false), await signedIn('en', false)];
  await picture(li, 'zh-attention');
  await li.click('text=待审核的声明');
  await picture(li, 'zh-statements');
  await li.click('text=查看并决定');
  await picture(li, 'zh-statement');
  await li.fill('textarea[name=note]', '抽样核对无误');
  await li.dblclick('form[action*="/approve"] button');
  await li.waitForSelector('text=已记录您的同意');
  await picture(li, 'zh-approved-once');
  t.match(await li.textContent('main'), '李维，中环联合认证中心');
  t.match(await li.textContent('main'), '您已表态：须由另一人决定。');
  t.equal(await li.locator('form[action*="/approve"]').count(), 0);
  t.match(await stateOf(), { state: 'in-review', approvals: 1 }, 'a double click is one approval');

  await zhou.reload();
  await zhou.click('text=Statements that wait for a second person');
  await zhou.click('text=Look and decide');
  await picture(zhou, 'en-second');
  await zhou.dblclick('form[action*="/approve"] button');
  await zhou.waitForSelector('text=It is issued.');
  const { code, state } = await stateOf();
  t.equal(state, 'issued');
  await zhou.click('summary:has-text("Revoke for good")');
  await zhou.fill('details[open] textarea[name=reason]', 'origin papers were forged');
  await picture(zhou, 'en-revoke');
  await zhou.click('details[open] button');
  await zhou.waitForSelector('text=It is revoked for good.');
  await picture(zhou, 'en-revoked');
  const verdict = (await app.client('').get(`/v1/verify/${code}`)).body;
  t.match(verdict.statement, { state: 'revoked' });
  await li.reload();
  t.match(await li.textContent('main'), '已撤销');

  await li.goto(`${base}/console/cases?lang=zh`);
  await picture(li, 'zh-cases');
  await li.goto(`${base}/console/marks?lang=zh`);
  await picture(li, 'zh-marks');
  const complaints = (page: { complaints: string[] }): string[] =>
    page.complaints.filter((said) => !said.includes('404'));
  for (const page of [li, zhou]) t.same(complaints(page), []);
  for (const language of ['zh', 'en'] as const) {
    const page = await signedIn(language, true, operator);
    for (const where of [
      ...['', '/cases', '/marks', '/statements?state=revoked', `/statements/${id}`, '/storage'],
      ...['/waiting', '/declarations', '/reconciliation', '/runs', `/statements/${body.id}`],
    ]) {
      await page.goto(`${base}/console${where}${where.includes('?') ? '&' : '?'}lang=${language}`);
      if (where === '/reconciliation' || where === '')
        await picture(page, `${language}-operator${where.slice(1)}`);
      const width = await page.evaluate(() => document.documentElement.scrollWidth);
      t.equal(width, 360, `${where}: nothing hangs over at 360 px`);
      // Evaluated by the debugger, which the page's policy does not hold.
      await page.evaluate(AXE);
      const { violations } = await page.evaluate(() => (window as unknown as { axe: Axe }).axe.run());
      t.same(
        violations.map(({ id, nodes }) => `${id}: ${nodes[0]!.html}`),
        [],
        `${where} in ${language} is accessible`,
      );
    }
    t.same(complaints(page), []);
    await page.click('button:has-text("退出"), button:has-text("Sign out")');
    await page.waitForSelector('input[name=key]');
  }
});
