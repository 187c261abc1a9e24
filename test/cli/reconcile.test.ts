import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { Writable } from 'node:stream';
import t from 'tap';
import { FACT_TYPES } from '../../src/catalogue.ts';
import { run } from '../../src/cli/program.ts';
import { canonicalJson } from '../../src/kernel/canonical.ts';
import { sha256, toHex } from '../../src/kernel/hash.ts';
import { readHead } from '../../src/ledger/store.ts';
import { type Answer, startTestApp, type TestApp } from '../support/app.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const AT = '2026-11-20T06:30:00+08:00';

const ok = ({ status, body }: Answer, expected = 201): Answer['body'] => {
  if (status !== expected) throw new Error(`${status} ${JSON.stringify(body)}`);
  return body;
};

/** The entries of three months: the first ends, and the second begins, at midnight where the programme is. */
const MONTHS = [
  ['2026-09', '2026-09-30T15:59:59.999Z'],
  ['2026-10', '2026-09-30T16:00:00.000Z'],
  ['2026-11', '2026-11-05T00:00:00.000Z'],
] as const;

/** The same facts, recorded at other times or saying something else: hashed and chained anew from the first to the last. */
// biome-ignore lint/suspicious/noExplicitAny: facts of every shape
const chained = (lines: readonly string[], change: (entry: any) => void): string => {
  let prev = '0'.repeat(64);
  const out = lines.map((line) => {
    const entry = JSON.parse(line);
    change(entry);
    const text = canonicalJson({ ...entry, prev });
    prev = toHex(sha256(Buffer.concat([Buffer.of(0), Buffer.from(text)])));
    return text;
  });
  return `${[...out, JSON.stringify({ head: { size: out.length, leafHash: prev } })].join('\n')}\n`;
};

const reconcile = async (...argv: string[]): Promise<{ code: number; out: string; err: string }> => {
  const child = spawn(process.execPath, [path.join(ROOT, 'examples/reconcile.mjs'), ...argv]);
  const [out, err]: [string[], string[]] = [[], []];
  child.stdout.on('data', (chunk) => out.push(String(chunk)));
  child.stderr.on('data', (chunk) => err.push(String(chunk)));
  const [code] = await once(child, 'close');
  return { code, out: out.join(''), err: err.join('') };
};

const exportOf = async ({ urls, deps }: TestApp, out: string, openings: string): Promise<void> => {
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const { size } = await readHead(deps.pool);
  if ((await deps.publisher.covering(size, 5_000)) === null) throw new Error('nothing was signed');
  const env = {
    DATABASE_URL: urls.apiUrl,
    DATABASE_OWNER_URL: urls.ownerUrl,
    BLUE_CYCLE_DATA_DIR: deps.config.dataDir,
  };
  const argv = ['export', '--out', out, '--openings', openings];
  const code = await run(argv, { stdout: silent, stderr: silent, isTTY: false, env, fetch });
  if (code !== 0) throw new Error(`export ended with ${code}`);
};

type At = Awaited<ReturnType<TestApp['site']>>;

/** Everything that moves grams, on purpose spread so that what one month did the next undoes. */
const play = async (app: TestApp) => {
  const [station, warehouse, recycler, buyer] = [
    await app.site('station', { toleranceBasisPoints: 200 }),
    await app.site('warehouse', { toleranceBasisPoints: 200 }),
    await app.site('recycler', { toleranceBasisPoints: 200 }),
    await app.site('recycler'),
  ];
  const weighIn = async ({ client, siteId }: At, grossGrams: number, tareGrams = 0, material = 'pet') =>
    ok(
      await client.post('/v1/collections', {
        siteId,
        bagTag: randomUUID(),
        material,
        form: material === 'pet' ? 'bottle' : 'mixed',
        originClass: 'shoreline',
        grossGrams,
        tareGrams,
        basis: 'weighed',
        collectedAt: AT,
      }),
    );
  const send = async (from: At, to: At, lots: object[]) =>
    ok(await from.client.post('/v1/shipments', { fromSiteId: from.siteId, toSiteId: to.siteId, lots }));
  const receive = async ({ client }: At, id: string, body: object) =>
    ok(await client.post(`/v1/shipments/${id}/receipt`, body));
  const sort = async ({ client, siteId }: At, inputs: object[], pet: number, residue: number, lost: number) =>
    ok(
      await client.post('/v1/process-runs', {
        siteId,
        step: 'sort',
        inputs,
        outputs: [
          { material: 'pet', form: 'bottle', grams: pet },
          { material: 'residue', form: 'mixed', grams: residue },
        ],
        losses: lost === 0 ? [] : [{ kind: 'evaporated', grams: lost }],
      }),
    );
  const dispose = async ({ client, siteId }: At, lotId: string, grams: number, way = 'disposal') =>
    ok(
      await client.post('/v1/disposals', {
        siteId,
        way,
        lots: [{ lotId, grams }],
        manifest: '331002',
        wasteCode: '900',
        receiver: { name: 'x', licence: 'y' },
        disposedAt: AT,
      }),
    );
  const burn = async ({ client }: At, at: object, lotId: string, grams: number) =>
    ok(
      await client.post('/v1/incidents', {
        ...at,
        kind: 'fire',
        lots: [{ lotId, grams }],
        reference: 'x',
        happenedAt: AT,
      }),
    );
  const undo = async ({ client }: At, what: string, id: string, more: object = {}) =>
    ok(await client.post(`/v1/${what}/${id}/void`, { reason: 'x', ...more }));
  const count = async ({ client, siteId }: At, countedGrams: number) =>
    ok(
      await client.post(`/v1/sites/${siteId}/stock-counts`, {
        cutOffAt: AT,
        items: [{ material: 'pet', form: 'bottle', countedGrams }],
      }),
    );
  const head = async (): Promise<number> => (await app.verify()).size;

  // September: what comes in, the first loads, a first sorting.
  const [a, b, c] = [
    await weighIn(station, 6_400, 400),
    await weighIn(station, 3_000),
    await weighIn(station, 2_000),
  ];
  const dirty = await weighIn(warehouse, 10_000, 0, 'mixed-debris');
  const outside = ok(
    await warehouse.client.post('/v1/outside-materials', {
      siteId: warehouse.siteId,
      kind: 'opening-stock',
      material: 'pet',
      form: 'bottle',
      grams: 5_000,
    }),
  );
  const load = await send(station, warehouse, [{ lotId: a.lot.id }, { lotId: b.lot.id, grams: 1_000 }]);
  await receive(warehouse, load.id, { measuredGrams: 6_950 });
  const wrongRun = await sort(warehouse, [{ lotId: dirty.lot.id, grams: 4_000 }], 3_000, 700, 300);
  const wrongWay = await dispose(warehouse, outside.lot.id, 500);
  const never = await send(station, recycler, [{ lotId: b.lot.id, grams: 300 }, { lotId: c.lot.id }]);
  const first = await head();

  // October: some of it undone, loads in parts, counts, a fire on the way, a batch and its sale.
  await undo(station, 'shipments', never.id);
  await undo(warehouse, 'process-runs', wrongRun.id);
  await undo(warehouse, 'disposals', wrongWay.id);
  ok(await station.client.post(`/v1/collections/${c.id}/correction`, { grossGrams: 1_900, reason: 'x' }));
  const sorted = await sort(warehouse, [{ lotId: dirty.lot.id }], 8_000, 1_500, 500);
  await dispose(warehouse, sorted.outputs[1].lotId, 1_500);
  await count(warehouse, 19_900);
  const big = await send(warehouse, recycler, [
    { lotId: a.lot.id },
    { lotId: outside.lot.id, grams: 2_000 },
    { lotId: sorted.outputs[0].lotId },
  ]);
  const parts: { lotId: string; grams: number }[] = big.lots;
  await burn(warehouse, { shipmentId: big.id }, parts[1]!.lotId, 120);
  const mistaken = await burn(warehouse, { shipmentId: big.id }, parts[2]!.lotId, 77);
  await receive(recycler, big.id, {
    lots: [{ lotId: parts[0]!.lotId, measuredGrams: parts[0]!.grams + 40 }],
    final: false,
  });
  await undo(warehouse, 'incidents', mistaken.id);
  const second = await head();

  // November: the rest arrives short beyond tolerance, the recycler sells, takes back, makes and unmakes.
  const short = await receive(recycler, big.id, { measuredGrams: 9_000 });
  const decided = { outcome: 'loss', lossKind: 'theft' };
  const judges = [await app.site('station'), await app.site('station')];
  for (const { organisationId } of judges) {
    const client = await app.keyFor(organisationId, 'regulator');
    ok(await client.post(`/v1/cases/${short.caseId}/decision`, decided));
  }
  const batch = ok(
    await recycler.client.post('/v1/batches', { inputs: [{ lotId: parts[0]!.lotId, grams: 4_000 }] }),
  );
  const price = { amount: 100, currency: 'CNY', perGrams: 1_000 };
  const sell = async (grams: number) =>
    ok(
      await recycler.client.post(`/v1/batches/${batch.id}/sale`, {
        buyerOrganisationId: buyer.organisationId,
        price,
        grams,
      }),
    );
  const wrongSale = await sell(900);
  await undo(recycler, `batches/${batch.id}`, 'sale', { saleId: wrongSale.id });
  const sale = await sell(3_000);
  const at = { saleId: sale.id, deliveredAt: AT };
  ok(await recycler.client.post(`/v1/batches/${batch.id}/deliveries`, { ...at, grams: 1_000 }));
  // The rest arrives, does not, and arrives after all.
  for (const again of [true, false]) {
    const { receipt } = ok(
      await recycler.client.post(`/v1/batches/${batch.id}/deliveries`, {
        ...at,
        grams: 2_000,
        siteId: buyer.siteId,
      }),
    );
    if (again) await undo(recycler, `batches/${batch.id}`, 'entries', { entrySeq: receipt.seq });
  }
  const make = async (units: number) =>
    ok(
      await buyer.client.post('/v1/products', {
        batchId: batch.id,
        units,
        unitMassGrams: 30,
        contentGrams: 20,
        market: 'CN',
      }),
    );
  await make(10);
  await undo(buyer, 'products', (await make(5)).id);
  const takeBack = async (grams: number, measuredGrams: number) =>
    ok(
      await recycler.client.post(`/v1/batches/${batch.id}/returns`, {
        grams,
        measuredGrams,
        siteId: recycler.siteId,
        returnedAt: AT,
        reason: 'x',
      }),
    );
  await takeBack(500, 495);
  const { seq: entrySeq } = (await takeBack(300, 296)).receipt;
  ok(await recycler.client.post(`/v1/batches/${batch.id}/entries/void`, { entrySeq, reason: 'x' }));
  const bag = ok(
    await station.client.post('/v1/containers', { siteId: station.siteId, tag: 'B', kind: 'bag' }),
  );
  ok(await station.client.post(`/v1/containers/${bag.id}/fill`, { lots: [{ lotId: c.lot.id }] }));
  ok(await station.client.post(`/v1/lots/${c.lot.id}/samples`, { kind: 'moisture', basisPoints: 80 }));
  ok(await station.client.post(`/v1/collections/${b.id}/void`, { reason: 'x' }));
  const d = await weighIn(station, 800);
  ok(await station.client.post(`/v1/collections/${d.id}/void`, { reason: 'x' }));
  const spare = ok(
    await station.client.post('/v1/outside-materials', {
      siteId: station.siteId,
      kind: 'purchase',
      material: 'pp',
      form: 'rigid',
      grams: 700,
    }),
  );
  await undo(station, 'outside-materials', spare.id);
  await burn(station, { siteId: station.siteId }, b.lot.id, 5);
  const wrong = await send(station, warehouse, [{ lotId: b.lot.id, grams: 400 }]);
  await receive(warehouse, wrong.id, { measuredGrams: 395 });
  await undo(warehouse, `shipments/${wrong.id}`, 'receipt');
  await receive(warehouse, wrong.id, { measuredGrams: 399 });
  await count(station, 3_490);
  const late = await weighIn(station, 600);
  if (late.count?.lossGrams === undefined) throw new Error('the count at the station found no shortage');
  return { sites: { station, warehouse, recycler, buyer }, ends: [first, second, await head()] as const };
};

type Item = {
  kind: string;
  openingGrams: number;
  figures: Record<string, { seq: number; grams: number }[]>;
  closingGrams: number;
  difference: number;
};

t.test('the script knows every fact that moves grams, in few lines and with nothing of ours', async (t) => {
  const source = await readFile(path.join(ROOT, 'examples/reconcile.mjs'), 'utf8');
  // Pollutants are no lots.
  for (const { type, grams, backPointers } of FACT_TYPES)
    if (
      type !== 'container.sealed.v1' &&
      !type.startsWith('pollutant') &&
      (!/^none/i.test(grams) || /\blots?\b/.test(`${backPointers}`))
    )
      t.ok(source.includes(`'${type}'`), `${type}: ${grams} Add it to EFFECTS in examples/reconcile.mjs`);
  t.ok(source.split('\n').length <= 261, 'at most 260 lines');
  t.same(
    [...source.matchAll(/from '([^']*)'/g)].filter(([, name]) => !name!.startsWith('node:')),
    [],
  );
});

t.test('any site and month reconciles to the gram from the export and its openings', async (t) => {
  const app = await startTestApp(t);
  const { sites, ends } = await play(app);
  const here = await mkdtemp(path.join(os.tmpdir(), 'blue-cycle-reconcile-'));
  t.teardown(() => rm(here, { recursive: true, force: true }));
  const [raw, openings, file] = ['raw', 'openings', 'three-months'].map((name) => path.join(here, name));
  await exportOf(app, raw!, openings!);
  const lines = (await readFile(raw!, 'utf8')).trimEnd().split('\n').slice(0, -1);
  t.equal(lines.length, ends[2]);
  const monthOf = (seq: number): number => ends.findIndex((end) => seq < end);
  const redate = (entry: { seq: number; at: string }): void => {
    entry.at = MONTHS[monthOf(entry.seq)]![1];
  };
  await writeFile(file!, chained(lines, redate));

  const inventory = async (siteId: string, asOfSeq: number): Promise<Record<string, number>> => {
    const { items } = ok(await app.operator.get(`/v1/sites/${siteId}/inventory?asOfSeq=${asOfSeq}`), 200);
    const held: Record<string, number> = {};
    for (const { material, form, grams } of items)
      held[`${material} ${form}`] = (held[`${material} ${form}`] ?? 0) + grams;
    return held;
  };
  const stockIn = (items: Item[], when: 'openingGrams' | 'closingGrams'): Record<string, number> =>
    Object.fromEntries(items.filter((item) => item[when] > 0).map((item) => [item.kind, item[when]]));
  const seen = new Set<string>();
  const sums: Record<string, Record<string, number>> = {};
  for (const [name, { siteId }] of Object.entries(sites))
    for (const [i, [month]] of MONTHS.entries()) {
      const ran = await reconcile(file!, openings!, '--site', siteId, '--month', month, '--json');
      t.equal(ran.code, 0, `${name} ${month} ${ran.err}`);
      const found: { items: Item[]; openingSeq: number; closingSeq: number } = JSON.parse(ran.out);
      t.same([found.openingSeq, found.closingSeq], [i === 0 ? -1 : ends[i - 1]! - 1, ends[i]! - 1]);
      const before = i === 0 ? {} : await inventory(siteId, ends[i - 1]! - 1);
      t.same(stockIn(found.items, 'openingGrams'), before, `${name} at the beginning of ${month}`);
      t.same(stockIn(found.items, 'closingGrams'), await inventory(siteId, ends[i]! - 1), `and its end`);
      for (const { kind, figures } of found.items)
        for (const [figure, entries] of Object.entries(figures)) {
          seen.add(figure);
          const key = `${name} ${month} ${kind}`;
          sums[key] = { ...sums[key], [figure]: entries.reduce((sum, { grams }) => sum + grams, 0) };
          for (const { seq } of entries) t.equal(MONTHS[monthOf(seq)]![0], month, `entry ${seq}`);
        }
    }
  t.same([...seen].sort(), [
    'corrected',
    'dispatched',
    'from outside',
    'left: disposal',
    'lost: drained',
    'lost: fire',
    'lost: stock-shortage',
    'lost: theft',
    'made',
    'received',
    'sold',
    'surplus',
    'used',
    'weighed in',
  ]);
  t.match(sums, {
    'station 2026-09 pet bottle': { 'weighed in': 11_000, dispatched: -9_300 },
    // What never left counts against what left: 300 and 2,000 g.
    'station 2026-10 pet bottle': { dispatched: 2_300, corrected: -100 },
    'warehouse 2026-09 pet bottle': { 'from outside': 5_000, received: 7_000, 'lost: drained': -50 },
    'warehouse 2026-09 mixed-debris mixed': { 'weighed in': 10_000, used: -4_000 },
    'warehouse 2026-10 mixed-debris mixed': { used: -6_000 },
    'buyer 2026-11 pet bottle': { received: 3_000, used: -200, dispatched: -500 },
  });

  const argv = [openings!, '--site', sites.warehouse.siteId, '--month', '2026-10'];
  const told = await reconcile(file!, ...argv, '--explain');
  t.equal(told.code, 0);
  t.match(told.out, /^2026-10 \(Asia\/Shanghai\) at /);
  t.match(
    told.out,
    /of what was used\n {2}lost: evaporated +200 g\n {4}entry +\d+ -300 g\n {4}entry +\d+ 500 g/,
  );
  t.notMatch(told.out, /difference +[^0 ]/);

  await t.test('and what was changed since shows', async (t) => {
    const good = await readFile(file!);
    const bad = path.join(here, 'bad');
    const wrong = async (content: string | Buffer, reason: RegExp, with_ = argv) => {
      await writeFile(bad, content);
      const ran = await reconcile(bad, ...with_);
      t.match(ran, { code: 1, err: reason }, String(reason));
    };
    const flipped = Buffer.from(good);
    flipped[good.indexOf('"grossGrams":6400') + 13]! ^= 1;
    await wrong(flipped, /does not follow upon the entry before/);
    await wrong(good.subarray(0, good.lastIndexOf('{"head"')), /the checkpoint is missing/);
    // Whoever hashes everything anew still has to make the figures agree.
    // biome-ignore lint/suspicious/noExplicitAny: facts of every shape
    const rewritten = (change: (entry: any) => void) =>
      chained(lines, (entry) => {
        redate(entry);
        change(entry);
      });
    await wrong(
      rewritten(({ type, data }) => {
        if (type === 'collection.recorded.v1' && data.grossGrams === 6_400) data.grossGrams = 6_401;
      }),
      /says 6000 g of the lot .* which holds 6001 g/,
    );
    await wrong(
      rewritten(({ type, data }) => {
        if (type === 'process-run.completed.v1') data.outputs[0].grams += 1;
      }),
      /used 4000 g and accounts for 4001 g/,
    );
    await wrong(
      rewritten(({ type, data }) => {
        if (type === 'collection.corrected.v1') data.lotChangeGrams = 0;
      }),
      /says \d+ g of the lot/,
    );
    await wrong(
      rewritten((entry) => {
        if (entry.type === 'lot.sampled.v1') entry.type = 'lot.blessed.v1';
      }),
      /its type lot\.blessed\.v1 is not understood/,
    );
    await wrong(
      rewritten((entry) => {
        if (entry.type === 'incident.voided.v1') {
          entry.type = 'programme.rested.v1';
          entry.data = {};
        }
      }),
      /opening is another|changed .* last|says \d+ g/,
    );
    const buyers = [openings!, '--site', sites.buyer.siteId, '--month', '2026-11'];
    const sealed = await readFile(openings!, 'utf8');
    const delivery = lines.findIndex((line) => {
      const { type, data } = JSON.parse(line);
      return type === 'batch.delivered.v1' && data.lot !== undefined;
    });
    const without = sealed.split('\n').filter((line) => !line.startsWith(`{"seq":${delivery},`));
    await writeFile(path.join(here, 'fewer'), without.join('\n'));
    await wrong(good, /its opening is missing/, [path.join(here, 'fewer'), ...buyers.slice(1)]);
    await writeFile(path.join(here, 'other'), sealed.replace(sites.buyer.siteId, sites.station.siteId));
    await wrong(good, /its opening is another/, [path.join(here, 'other'), ...buyers.slice(1)]);
    for (const few of [
      [],
      [file!],
      [file!, openings!, '--site', 'x'],
      [file!, openings!, '--month', '2026-10'],
    ])
      t.equal((await reconcile(...few)).code, 2, 'used wrongly');
  });
});
