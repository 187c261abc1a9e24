import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { type Answer, startTestApp } from '../support/app.ts';

const run = promisify(execFile);
const ROOT = path.resolve(import.meta.dirname, '../..');
const DATA = path.resolve(ROOT, '../shared/data/mister-trash-wheel.csv');
const SKIP = existsSync(DATA) ? {} : { skip: 'the data set is not beside this checkout' };

/** The decimal text of short tons as grams, nearest, half up: an own computation, with nothing of the import. */
const shortTons = (text: string): number => {
  const [whole, fraction = ''] = text.split('.') as [string, string?];
  const scale = 10n ** BigInt(fraction.length + 2);
  const exact = BigInt(whole + fraction) * 90_718_474n;
  return Number((2n * exact + scale) / (2n * scale));
};

t.test(
  '629 dumpsters of real debris: none is lost, and a batch of them knows every gram',
  SKIP,
  async (t) => {
    const { app, site, deps, verify } = await startTestApp(t);
    const station = await site('station');
    const recycler = await site('recycler');
    await app.listen({ port: 0, host: '127.0.0.1' });
    const { port } = app.server.address() as { port: number };
    const url = `http://127.0.0.1:${port}`;
    const cli = (args: string[]) =>
      run(process.execPath, [path.join(ROOT, 'src/main.ts'), ...args], {
        env: { PATH: process.env.PATH!, BLUE_CYCLE_URL: url, BLUE_CYCLE_API_KEY: station.client.secret },
      });
    const map = path.join(ROOT, 'examples/mister-trash-wheel.map.json');
    const importing = [
      'import',
      'weigh-ins',
      DATA,
      '--map',
      map,
      '--set',
      `siteId=${station.siteId}`,
      '--json',
    ];
    const first = JSON.parse((await cli(importing)).stdout);
    t.match(first, { accepted: 629, replayed: 0, refused: 0, exitCode: 0 });
    const second = JSON.parse((await cli(importing)).stdout);
    t.match(second, { accepted: 0, replayed: 629, refused: 0 }, 'a second run records nothing twice');

    const expected = readFileSync(DATA, 'utf8')
      .trim()
      .split(/\r?\n/)
      .slice(1)
      .reduce((grams, line) => grams + shortTons(line.split(',')[6]!), 0);
    const ok = (answer: Answer): Answer['body'] => {
      if (answer.status >= 300) throw new Error(JSON.stringify(answer.body));
      return answer.body;
    };
    const lots: { id: string; grams: number }[] = [];
    for (let cursor = ''; ; ) {
      const page = ok(
        await station.client.get(
          `/v1/collections?siteId=${station.siteId}&limit=500${cursor && `&cursor=${cursor}`}`,
        ),
      );
      for (const { lot, marks } of page.items) {
        lots.push(lot);
        if (lot.claimableGrams !== 0) t.fail('mixed debris is not claimable');
        if (marks.includes('clock-doubtful') && lots.length > 629) t.fail(marks);
      }
      if (page.nextCursor === null) break;
      cursor = page.nextCursor;
    }
    t.equal(lots.length, 629);
    const total = lots.reduce((sum, { grams }) => sum + grams, 0);
    t.equal(total, expected, 'to the gram');

    const gathered: { lotId: string; grams: number }[] = [];
    for (const part of [lots.slice(0, 500), lots.slice(500)]) {
      const grams = part.reduce((sum, lot) => sum + lot.grams, 0);
      const { outputs } = ok(
        await station.client.post('/v1/process-runs', {
          siteId: station.siteId,
          step: 'consolidate',
          inputs: part.map(({ id }) => ({ lotId: id })),
          outputs: [{ material: 'mixed-debris', form: 'mixed', grams }],
          losses: [],
        }),
      );
      gathered.push({ lotId: outputs[0].lotId, grams });
    }
    const shipment = ok(
      await station.client.post('/v1/shipments', {
        fromSiteId: station.siteId,
        toSiteId: recycler.siteId,
        lots: gathered.map(({ lotId }) => ({ lotId })),
      }),
    );
    const drained = Math.floor(total / 1_000);
    ok(
      await recycler.client.post(`/v1/shipments/${shipment.id}/receipt`, { measuredGrams: total - drained }),
    );
    const left = total - drained;
    const pet = Math.floor(left * 0.04);
    const wood = Math.floor(left * 0.6);
    const residue = left - pet - wood - 12_345;
    const sorted = ok(
      await recycler.client.post('/v1/process-runs', {
        siteId: recycler.siteId,
        step: 'sort',
        inputs: gathered.map(({ lotId }) => ({ lotId })),
        outputs: [
          { material: 'pet', form: 'bottle', grams: pet },
          { material: 'wood', form: 'mixed', grams: wood },
          { material: 'residue', form: 'mixed', grams: residue },
        ],
        losses: [{ kind: 'evaporated', grams: 12_345 }],
      }),
    );
    const batch = ok(
      await recycler.client.post('/v1/batches', {
        siteId: recycler.siteId,
        inputs: [{ lotId: sorted.outputs[0].lotId }],
      }),
    );
    const summary = ok(await recycler.client.get(`/v1/batches/${batch.id}/provenance`));
    t.equal(summary.grams, pet);
    t.equal(summary.sources, 629);
    let shares = 0;
    let count = 0;
    for (let cursor = ''; ; ) {
      const page = ok(
        await recycler.client.get(
          `/v1/lots/${batch.lot.id}/provenance?limit=200${cursor && `&cursor=${cursor}`}`,
        ),
      );
      for (const { grams } of page.items) {
        shares += grams;
        count++;
      }
      if (page.nextCursor === null) break;
      cursor = page.nextCursor;
    }
    t.equal(count, 629);
    t.equal(shares, pet, 'its shares sum to the batch');

    const folder = mkdtempSync(path.join(os.tmpdir(), 'blue-cycle-export-'));
    t.teardown(() => rmSync(folder, { recursive: true }));
    const file = path.join(folder, 'ledger.ndjson');
    const { size } = await verify();
    t.ok(await deps.publisher.covering(size, 5_000), 'all of it is signed for');
    await cli(['export', '--url', url, '--out', file]);
    const outsider = await run(process.execPath, [path.join(ROOT, 'examples/verify-export.mjs'), file]);
    t.match(outsider.stdout, new RegExp(String(size)), 'an outsider recomputes every hash');
    t.ok(await deps.follower.reaches(size - 1));
  },
);
