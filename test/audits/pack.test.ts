/// <reference lib="dom" />
import { readFileSync } from 'node:fs';
import t from 'tap';
import type { Client } from '../support/app.ts';
import { ok, story } from '../trail/story.ts';
import { openBrowser } from '../web/browser.ts';

const DAY_MS = 86_400_000;
const day = (shift: number) =>
  new Date(Date.now() + 8 * 3_600_000 + shift * DAY_MS).toISOString().slice(0, 10);
const COLUMNS = ['in', 'made', 'used', 'out', 'losses', 'counts', 'corrected'] as const;
type Line = Record<(typeof COLUMNS)[number], number> & {
  material: string;
  form: string;
  opening: number;
  closing: number;
  difference: number;
};

t.test('the pack of a site accounts for every gram, as JSON, CSV and a page to print', async (t) => {
  const { app, north, south, recycler, spare, weigh, batch, post } = await story(t);
  const evidence = 'ab'.repeat(32);
  await weigh(recycler, 700, { evidence: [evidence] });
  await post(recycler, '/v1/disposals', {
    ...{ siteId: recycler.siteId, way: 'reused', lots: [{ lotId: spare.lotId, grams: 100 }] },
    disposedAt: new Date().toISOString(),
  });
  const brand = ok(await app.operator.post('/v1/organisations', { name: 'brand', kind: 'brand' })).id;
  await post(recycler, `/v1/batches/${batch.id}/sale`, {
    ...{ buyerOrganisationId: brand, price: { amount: 1, currency: 'CNY', perGrams: 1 } },
  });
  const auditorId = ok(await app.operator.post('/v1/organisations', { name: 'Body', kind: 'auditor' })).id;
  const auditor = await app.keyFor(auditorId, 'auditor', { holder: 'Li' });
  const sites = [north, south, recycler].map(({ siteId }) => siteId);
  const opened = async (more: object = {}) =>
    ok(
      await app.operator.post('/v1/audits', {
        ...{
          auditorId,
          body: '=审计<b>',
          siteIds: sites,
          firstDay: day(-1),
          lastDay: day(1),
          sampleSize: 500,
        },
        ...{ opensAt: new Date(Date.now() - 1_000).toISOString() },
        ...{ closesAt: new Date(Date.now() + DAY_MS).toISOString(), ...more },
      }),
    );
  const audit = await opened();
  const packOf = async (siteId: string, id = audit.id, client: Client = auditor) =>
    ok(await client.get(`/v1/audits/${id}/pack?siteId=${siteId}`));
  // biome-ignore lint/suspicious/noExplicitAny: tests read answers freely
  const packs: Record<string, any>[] = [];
  for (const siteId of sites) {
    const pack = await packOf(siteId);
    packs.push(pack);
    const { items } = ok(await app.operator.get(`/v1/sites/${siteId}/inventory`));
    const standing = new Map<string, number>();
    for (const { material, form, grams } of items)
      standing.set(`${material} ${form}`, (standing.get(`${material} ${form}`) ?? 0) + grams);
    for (const line of pack.stock as Line[]) {
      t.equal(line.difference, 0, `${line.material} ${line.form}`);
      t.equal(line.opening, 0);
      t.equal(line.closing, standing.get(`${line.material} ${line.form}`) ?? 0);
      t.equal(
        COLUMNS.reduce((sum, column) => sum + line[column], 0),
        line.closing,
      );
    }
    t.equal(pack.processDifference, 0);
    t.equal(pack.weighIns.length, { [north.siteId]: 4, [south.siteId]: 2, [recycler.siteId]: 2 }[siteId]);
  }
  const lineOf = (i: number, material: string, form: string) =>
    packs[i]!.stock.find((line: Line) => line.material === material && line.form === form);
  // 10,007 + 9,001 + 7,013 + 1,000 came in; 500 more after a correction, 1,000 less by a void; 20,000 left.
  t.match(lineOf(0, 'pet', 'bottle'), { in: 27_021, corrected: -500, out: -20_000, closing: 6_521 });
  t.match(lineOf(0, 'pet', 'bottle'), { made: 26_521, used: -26_521 }, 'a run undone is in neither');
  t.match(lineOf(2, 'pet', 'flake'), { made: 27_000, out: -20_000, closing: 7_000 });
  t.match(lineOf(2, 'pa6', 'fishing-net'), { counts: lineOf(2, 'pa6', 'fishing-net').counts, used: -5_000 });
  t.ok(lineOf(2, 'pa6', 'fishing-net').counts !== 0, 'the count found a difference');
  t.equal(lineOf(2, 'pet', 'bottle').losses, -345, 'the theft');
  t.match(packs[2]!.processLosses, [{ kind: 'evaporated', grams: 5_500 }].slice(0, 1));
  t.equal(packs[2]!.loads.length, 2);
  t.match(packs[2]!.counts, [{ material: 'pa6', form: 'fishing-net', countedGrams: 20_000 }]);
  t.ok(packs[2]!.weighIns.some((weighed: { evidence: string[] }) => weighed.evidence.includes(evidence)));

  const reads = ok(await auditor.get(`/v1/audits/${audit.id}/reads`)).items;
  t.equal(reads.length, 3, 'each pack an auditor read is a fact');
  await packOf(north.siteId, audit.id, app.operator);
  t.equal(
    ok(await auditor.get(`/v1/audits/${audit.id}/reads`)).items.length,
    3,
    'the operator opens anything',
  );

  const raw = async (what: string) =>
    app.app.inject({
      url: `/v1/audits/${audit.id}/pack/${what}${what.includes('?') ? '&' : '?'}siteId=${recycler.siteId}`,
      headers: { authorization: `Bearer ${auditor.secret}` },
    });
  const csv = (await raw('file')).body;
  t.match(csv, /^\ufeffsection,what,material,form,seq,day,grams,count,state,reference\r\n/);
  t.match(csv, "audit,'=审计<b>,", 'no formula');
  const rows = csv.split('\r\n').map((line) => line.split(','));
  t.ok(
    rows.slice(0, -1).every((row) => row.length === 10),
    'ten cells a line',
  );
  const inCsv = (what: string) =>
    Number(rows.find((row) => row.slice(0, 4).join() === `stock,${what},pet,flake`)?.[6]);
  t.equal(inCsv('made'), 27_000);
  t.equal(inCsv('closing'), 7_000);
  t.match(csv, `,${evidence}\r\n`);
  const pages: string[] = [];
  for (const [lang, words] of [
    ['en', /Reconciliation pack[\s\S]*Lost in processing/],
    ['zh', /审计对账资料[\s\S]*加工损耗/],
  ] as const) {
    const page = await raw(`page?lang=${lang}`);
    t.match(page.body, words);
    t.match(page.body, '=审计');
    t.notMatch(page.body, '<b>', 'escaped');
    t.match(page.headers, { 'cache-control': 'no-store', 'content-security-policy': /default-src 'none'/ });
    pages.push(page.body);
  }

  const before = await opened({ firstDay: day(-9), lastDay: day(-2) });
  t.match(
    await packOf(north.siteId, before.id),
    { stock: [], weighIns: [], marks: [] },
    'nothing was there yet',
  );
  const later = await opened({ opensAt: new Date(Date.now() + 60_000).toISOString() });
  t.match(await auditor.get(`/v1/audits/${later.id}/pack?siteId=${north.siteId}`), {
    status: 403,
    body: { code: 'audit_over' },
  });
  t.match(await auditor.get(`/v1/audits/${audit.id}/pack?siteId=${audit.id}`), {
    status: 422,
    body: { code: 'outside_scope' },
  });

  await t.test('the page fits a phone and is accessible, in both languages', async (t) => {
    const browser = await openBrowser();
    if (typeof browser === 'string') return t.comment(browser);
    t.teardown(() => browser.close());
    const axe = readFileSync('node_modules/axe-core/axe.min.js', 'utf8');
    for (const html of pages) {
      const page = await browser.newPage({ viewport: { width: 360, height: 780 } });
      await page.setContent(html);
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
      );
      t.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360, 'nothing sticks out');
    }
  });

  // A gram put into the tables by hand shows, on either side.
  const owner = await app.superuser();
  const schema = app.deps.config.databaseSchema;
  const touched = await owner.query(
    `UPDATE ${schema}.postings SET delta = delta + 1, after = after + 1
     WHERE account = (SELECT id FROM ${schema}.lots WHERE id = $1)`,
    [spare.lotId],
  );
  t.ok(touched.rowCount! > 0);
  const differences = (pack: { stock: Line[] }) => pack.stock.filter((line) => line.difference !== 0).length;
  t.equal(differences(await packOf(recycler.siteId)), 1);
});
