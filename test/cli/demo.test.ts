import { Writable } from 'node:stream';
import t from 'tap';
import { runDemo } from '../../src/cli/demo.ts';
import { directory } from '../support/command.ts';

/** Small, but with everything in it: a few people of each station, and at least one load for each warehouse. */
const SCALE = { collectors: 120, weighIns: 30 };
/** Of the operator, 67 sites, two who decide, two who pay, one who buys, two who approve its statement. */
const KEYS = 75;

t.test('the demo pays its collectors, loses an answer, sells a batch and shares it; twice', async (t) => {
  const dataDir = await directory(t);
  const play = async (more: object) => {
    let out = '';
    const stdout = new Writable({
      write(chunk, _encoding, done) {
        out += chunk;
        done();
      },
    });
    const env = { BLUE_CYCLE_DATA_DIR: dataDir, LOG_LEVEL: 'fatal' };
    const io = {
      stdout,
      stderr: new Writable({ write: (_c, _e, done) => done() }),
      isTTY: false,
      env,
      fetch,
    };
    t.equal(await runDemo({ once: true, port: 0, scale: SCALE, ...more }, io), 0);
    return out;
  };
  const first = JSON.parse(await play({ json: true }));
  const { payout, sale, money, verified } = first;
  t.same(first.differences, [0, 0, 0, 0], 'every trial balance');
  t.equal(payout.recovered, 1, 'one answer was lost');
  t.ok(payout.people > 50 && payout.fen > 0);
  t.match(payout, { transfers: payout.people, railFen: payout.fen }, 'and the rail paid everybody once');
  t.ok(sale.people > 50 && sale.collectors > 0);
  t.ok(
    sale.collectors <= Math.floor(sale.margin * 0.6) && sale.collectors > sale.margin * 0.5,
    'most of the margin',
  );
  t.match(first.statement, { code: /^[0-9A-HJKMNP-TV-Z]{16}$/, verdict: 'valid' });
  t.ok(first.statement.grams > 0 && first.statement.grams <= first.statement.ofGrams);
  t.ok(money.people > 0 && money.expected - money.counted === 500);

  const text = await play({});
  t.match(text, /trial balances 试算平衡 0, 0, 0, 0/);
  t.match(
    text,
    new RegExp(`paid to ${payout.people} people over a\n +simulated WeChat Pay, which lost 1 answer`),
  );
  t.ok(
    text.split('\n').every((line) => line.length < 170 || line.includes('curl')),
    'lines one can read',
  );
  const size = Number(/(\d+) entries verified/.exec(text)![1]);
  t.equal(size - verified.size, KEYS, 'played again, only keys are made anew');
});
