import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { startTestApp } from '../support/app.ts';

const client = fileURLToPath(new URL('../../examples/keeper-offline-day.mjs', import.meta.url));

/**
 * A mobile network between phone and server. `cut` lets a request pass and drops the connection when the answer
 * comes, that many times; `down` lets nothing pass.
 */
const network = async (t: Test, port: number) => {
  const state = { down: false, cut: 0, cuts: 0, requests: [] as string[] };
  const server = net.createServer((phone) => {
    if (state.down) return phone.destroy();
    const upstream = net.connect(port, '127.0.0.1');
    phone.on('data', (chunk) => {
      const line = /^(GET|POST) \S+/.exec(chunk.toString('latin1'));
      if (line !== null) state.requests.push(line[0]);
      upstream.write(chunk);
    });
    upstream.on('data', (chunk) => {
      if (state.cut > 0) {
        state.cut--;
        state.cuts++;
        phone.destroy();
        upstream.destroy();
      } else phone.write(chunk);
    });
    for (const socket of [phone, upstream]) {
      socket.on('error', () => undefined);
      socket.on('close', () => {
        phone.destroy();
        upstream.destroy();
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  return Object.assign(state, { url: `http://127.0.0.1:${(server.address() as net.AddressInfo).port}` });
};

const finished = async (child: ChildProcess) => {
  let [out, err] = ['', ''];
  child.stdout!.on('data', (chunk) => {
    out += chunk;
  });
  child.stderr!.on('data', (chunk) => {
    err += chunk;
  });
  const [code] = await once(child, 'close');
  return { code: code as number | null, out, err };
};

t.test(
  'a keeper works through a day without network; nothing is lost, nothing twice, nothing asked twice',
  async (t) => {
    const { app, operator, site, deps } = await startTestApp(t);
    await app.listen({ port: 0, host: '127.0.0.1' });
    const station = await site('station');
    const { siteId } = station;
    const price = { amount: 150, currency: 'CNY', perGrams: 1_000 };
    await operator.post('/v1/tariffs', {
      source: '价目',
      startsAt: new Date().toISOString(),
      prices: [
        { material: 'pet', base: price },
        {
          material: 'pet',
          originClass: 'sea-recovered',
          base: price,
          originPremium: { ...price, amount: 250 },
        },
      ],
    });
    const tile = {
      names: { zh: '瓶', en: 'Bottle' },
      picture: 'bottle',
      material: 'pet',
      form: 'bottle',
      basis: 'weighed',
    };
    await operator.patch('/v1/presets', {
      tiles: [
        { ...tile, code: 'sea-bottle', originClass: 'sea-recovered' },
        { ...tile, code: 'land-bottle', originClass: 'land' },
      ],
    });
    for (const name of ['王海生', '林阿妹']) await station.client.post('/v1/collectors', { siteId, name });

    const phone = await network(t, (app.server.address() as net.AddressInfo).port);
    const dir = await mkdtemp(path.join(os.tmpdir(), 'blue-cycle-keeper-'));
    t.teardown(() => rm(dir, { recursive: true, force: true }));
    const env = {
      ...process.env,
      BLUE_CYCLE_URL: phone.url,
      BLUE_CYCLE_API_KEY: station.client.secret,
      SITE_ID: siteId,
      KEEPER_DIR: dir,
      KEEPER_BATCH: '40',
    };
    const start = (args: string[], more: object = {}) =>
      spawn(process.execPath, [client, ...args], {
        env: { ...env, ...more },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
    const run = (...args: string[]) => finished(start(args));

    phone.cut = 1;
    t.match(
      await run('prepare'),
      { code: 0, out: /2 tiles, 2 people/ },
      'the answer to enrolling was lost once',
    );
    t.equal(phone.cuts, 1);

    phone.down = true;
    t.match(await finished(start(['prepare'], { KEEPER_ATTEMPTS: '2' })), { code: 1, err: /no network/ });
    const killed = start(['day', '100000']);
    const [whole] = [finished(killed)];
    while (
      !(await readFile(path.join(dir, 'journal.ndjson'), 'utf8').catch(() => '')).includes('"counter":60,')
    )
      await new Promise((resolve) => setTimeout(resolve, 5));
    killed.kill('SIGKILL');
    t.equal((await whole).code, null, 'the battery is dead');
    const written = (await readFile(path.join(dir, 'journal.ndjson'), 'utf8')).split('\n').length - 1;
    await appendFile(path.join(dir, 'journal.ndjson'), '{"weighIn":{"id":"0198f3a2-1c7e');
    t.equal((await run('day', '30')).code, 0);
    const total = written + 30;
    t.match(await finished(start(['upload'], { KEEPER_ATTEMPTS: '1' })), { code: 1, err: /stays written/ });

    phone.down = false;
    phone.cut = 2;
    const sent = await run('upload');
    t.equal(sent.code, 0, sent.err);
    t.match(sent.out, new RegExp(`sent ${total}, of which [1-9]\\d* had arrived before`));
    t.equal(phone.cuts, 3);
    const uploads = () => phone.requests.filter((line) => line.startsWith('POST /v1/collections')).length;
    const before = uploads();
    t.match(await run('upload'), { code: 0, out: /sent 0/ });
    t.equal(uploads(), before, 'what has a receipt is not sent again');
    t.match(await run('prepare'), { code: 0, out: /as before/ }, 'the pack is asked for by its tag');
    t.equal(
      phone.requests.filter((line) => line.startsWith('POST /v1/devices')).length,
      2,
      'enrolled once, asked twice',
    );

    const report = await run('report');
    t.equal(report.code, 0);
    const grams = (i: number) => 5_000 + 10 * i;
    const owed = (many: number) =>
      Array.from({ length: many }, (_, i) =>
        Math.floor((grams(i) * (i % 2 === 0 ? 400 : 150)) / 1_000 + 0.5),
      );
    const sum = [...owed(written), ...owed(30)].reduce((a, b) => a + b, 0);
    t.same(JSON.parse(report.out), {
      weighed: total,
      accepted: total,
      open: 0,
      owed: { CNY: sum },
      marked: [],
      refused: [],
    });
    const { rows } = await deps.pool.query(
      "SELECT count(*)::int4 AS n, sum(grams)::int8 AS grams FROM lots WHERE kind = 'weigh-in'",
    );
    const massOf = (many: number) =>
      Array.from({ length: many }, (_, i) => grams(i)).reduce((a, b) => a + b, 0);
    t.same(rows, [{ n: total, grams: massOf(written) + massOf(30) }]);
    await deps.follower.reaches((await deps.pool.query('SELECT size FROM head')).rows[0].size - 1, 10_000);
    const { items } = (await station.client.get('/v1/devices')).body;
    t.match(items, [{ counter: total, missing: [] }], 'every counter arrived');
    t.same((await operator.get(`/v1/marks?siteId=${siteId}`)).body.items, []);

    t.match(await run('weigh', 'sea-bottle', 'nobody', '500', '100'), { code: 1, err: /no such person/ });
    t.match(await run('weigh', 'sea-bottle', 'nobody', '500', '500'), { code: 1, err: /whole grams/ });
    t.match(await run('weigh', 'x'), { code: 1, err: /sea-bottle, land-bottle/ });
    t.equal((await run('nonsense')).code, 2);
  },
);
