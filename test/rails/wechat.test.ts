import { generateKeyPairSync, verify } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import t from 'tap';
import { DomainError } from '../../src/kernel/errors.ts';
import { systemRandom } from '../../src/kernel/system.ts';
import { type Attempt, type Notification, nextStep, type Outcome, type Rail } from '../../src/rails/rail.ts';
import {
  type BadDay,
  startWechatSimulator,
  type WechatSimulator,
} from '../../src/rails/simulators/wechat.ts';
import { authorization } from '../../src/rails/wechat.signing.ts';
import { wechatRail } from '../../src/rails/wechat.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** One simulator and one listener for the file; the clock is the tests'. */
let now = Date.parse('2026-11-24T12:00:00Z');
const clock = () => now;
const sim: WechatSimulator = await startWechatSimulator({ now: clock, random: systemRandom });
const whole = sim.books.balance;
const heard: Notification[] = [];
const listener = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const said = rail.verifyNotification(request.headers, Buffer.concat(chunks));
    heard.push(said);
    response.writeHead(said.kind === 'told' ? 204 : 401).end();
  });
});
await new Promise<void>((done) => listener.listen(0, '127.0.0.1', done));
const notifyUrl = `http://127.0.0.1:${(listener.address() as AddressInfo).port}/notify`;
const settings = sim.settings(notifyUrl);
const rail: Rail = wechatRail(settings, { now: clock, random: systemRandom, fetch });
/** One that does not wait for a slow answer. */
const hasty: Rail = wechatRail({ ...settings, timeout: 400 }, { now: clock, random: systemRandom, fetch });
sim.slowness = 600;

t.teardown(async () => {
  await sim.stop();
  listener.close();
  listener.closeAllConnections();
});

let made = 0;
const attempt = (change: Partial<Attempt> = {}): Attempt => ({
  reference: `a${String(++made).padStart(6, '0')}`,
  amount: 21_604,
  payee: { account: 'o-fisher-1' },
  purpose: '塑料瓶 3.2 千克',
  ...change,
});
const submitted = async (change: Partial<Attempt> = {}): Promise<Attempt> => {
  const one = attempt(change);
  await rail.submit(one);
  return one;
};
const seen = (outcome: Outcome) => ('code' in outcome ? `${outcome.kind} ${outcome.code}` : outcome.kind);
const refused = async (work: () => unknown): Promise<DomainError> => {
  try {
    await work();
  } catch (error) {
    if (error instanceof DomainError) return error;
    throw error;
  }
  throw new Error('it was taken');
};

t.test('a good day: sent, confirmed by the payee, paid, and told', async (t) => {
  const one = attempt();
  const sent = await rail.submit(one);
  t.match(sent, { kind: 'awaiting-confirmation', railState: 'WAIT_USER_CONFIRM', confirmation: /^package-/ });
  t.match(await rail.query(one.reference, now), { kind: 'awaiting-confirmation', amount: 21_604 });
  sim.books.confirm(one.reference, now);
  t.match(await rail.query(one.reference, now), { kind: 'paid', amount: 21_604 });
  t.ok(await sim.deliver(sim.outbox.at(-1)!));
  t.match(heard.at(-1), {
    kind: 'told',
    reference: one.reference,
    outcome: { kind: 'paid', amount: 21_604, railState: 'SUCCESS' },
  });
});

t.test('the same reference: same content is the same bill, other content is refused', async (t) => {
  const one = await submitted();
  const before = sim.books.bills.size;
  t.equal((await rail.submit(one)).kind, 'awaiting-confirmation');
  t.equal(sim.books.bills.size, before);
  const other = await rail.submit({ ...one, amount: 21_605 });
  t.match(other, { kind: 'unknown', code: 'ALREADY_EXISTS' });
  t.notHas(other, { refused: true }, 'it says nothing of the bill that exists');
  t.match(await rail.query(one.reference, now), { amount: 21_604 });
});

/** What the caller reads on each bad day, whether the rail acted, and what the query then says. */
const DAYS: Record<BadDay, { read: string; acted: boolean }> = {
  'lost-after': { read: 'unknown no_answer', acted: true },
  'lost-before': { read: 'unknown no_answer', acted: false },
  'error-after': { read: 'unknown SYSTEM_ERROR', acted: true },
  'error-before': { read: 'unknown SYSTEM_ERROR', acted: false },
  gateway: { read: 'unknown answer_unsigned', acted: false },
  limited: { read: 'unknown FREQUENCY_LIMITED', acted: false },
  slow: { read: 'unknown timeout', acted: true },
  forged: { read: 'unknown answer_wrong_signature', acted: true },
  unsigned: { read: 'unknown answer_unsigned', acted: true },
  stale: { read: 'unknown answer_stale', acted: true },
  garbage: { read: 'unknown unreadable_answer', acted: true },
  another: { read: 'unknown another_bill', acted: true },
};

for (const [day, expected] of Object.entries(DAYS) as [BadDay, (typeof DAYS)[BadDay]][])
  t.test(`a bad day: ${day}`, async (t) => {
    const one = attempt();
    const caller = day === 'slow' ? hasty : rail;
    sim.script.push(day);
    const outcome = await caller.submit(one);
    t.equal(seen(outcome), expected.read);
    t.equal(sim.books.bills.has(one.reference), expected.acted, 'whether something was done');
    const steps = [{ did: 'submit' as const, at: now, outcome }];
    t.equal(nextStep(steps, rail.limits, now), 'query', 'nothing but asking is allowed');
    const asked = await rail.query(one.reference, now);
    t.equal(asked.kind, expected.acted ? 'awaiting-confirmation' : 'not-found');
    const next = nextStep([...steps, { did: 'query', at: now, outcome: asked }], rail.limits, now);
    t.equal(next, expected.acted ? 'query' : 'submit', 'and never a new reference');
    // The same bad day while asking and while cancelling is an unknown too.
    sim.script.push(day, day);
    const again = await caller.query(one.reference, now);
    t.equal(again.kind, 'unknown');
    t.equal((await caller.cancel(one.reference)).kind, 'unknown');
  });

t.test(
  'nobody confirms: after 24 hours the bill is closed, and only then a new reference is free',
  async (t) => {
    const one = attempt();
    sim.script.push('lost-after');
    const steps = [{ did: 'submit' as const, at: now, outcome: await rail.submit(one) }];
    const start = now;
    const ask = async () => {
      const outcome = await rail.query(one.reference, start);
      return { outcome, next: nextStep([...steps, { did: 'query', at: now, outcome }], rail.limits, now) };
    };
    now += 23 * HOUR;
    t.match(await ask(), { outcome: { kind: 'awaiting-confirmation' }, next: 'query' });
    now += HOUR;
    t.match(await ask(), { outcome: { kind: 'closed', code: 'OVERDUE_CLOSE' }, next: 'free' });
    t.equal(sim.books.balance, whole - sim.books.paid(), 'the money went back');
    sim.books.confirm(one.reference, now);
    t.equal((await rail.query(one.reference, start)).kind, 'closed', 'confirming comes too late');
  },
);

t.test('a wrong name fails, a right one does not; from 2,000 yuan on it is needed', async (t) => {
  sim.books.names.set('o-fisher-2', '王小明');
  const wrong = await submitted({ payee: { account: 'o-fisher-2', name: '王大明' } });
  sim.books.confirm(wrong.reference, now);
  t.match(await rail.query(wrong.reference, now), { kind: 'failed', code: 'NAME_NOT_CORRECT' });
  const right = await submitted({ amount: 200_000, payee: { account: 'o-fisher-2', name: '王小明' } });
  sim.books.confirm(right.reference, now);
  t.equal((await rail.query(right.reference, now)).kind, 'paid');
  const before = sim.requests.length;
  const nameless = await refused(() => rail.submit(attempt({ amount: 200_000 })));
  t.match(nameless, { code: 'payee_name_needed', kind: 'unprocessable' });
  t.equal(sim.requests.length, before, 'nothing was sent');
  t.match(
    sim.books.bills.get(right.reference),
    { name: '王小明' },
    'the name arrived sealed, and was opened',
  );
});

t.test(
  'an empty balance: taken and waiting, or refused; the same reference again after topping up',
  async (t) => {
    const { balance } = sim.books;
    sim.books.balance = 100;
    const waiting = attempt();
    t.match(await rail.submit(waiting), { kind: 'accepted', railState: 'PROCESSING' });
    sim.books.whenEmpty = 'refuse';
    const turned = attempt();
    const outcome = await rail.submit(turned);
    t.match(outcome, { kind: 'unknown', code: 'NOT_ENOUGH' });
    const asked = await rail.query(turned.reference, now);
    const steps = [
      { did: 'submit' as const, at: now, outcome },
      { did: 'query' as const, at: now, outcome: asked },
    ];
    t.equal(nextStep(steps, rail.limits, now), 'submit');
    sim.books.balance = balance;
    t.equal((await rail.submit(turned)).kind, 'awaiting-confirmation');
    t.equal((await rail.query(waiting.reference, now)).kind, 'awaiting-confirmation');
    sim.books.whenEmpty = 'wait';
  },
);

t.test('cancelling is no end before it is cancelled, and not after it was paid', async (t) => {
  sim.books.cancelsSlowly = true;
  const one = await submitted();
  t.equal((await rail.cancel(one.reference)).kind, 'cancelling');
  const steps = [
    { did: 'submit' as const, at: now },
    { did: 'query' as const, at: now, outcome: await rail.query(one.reference, now) },
  ];
  t.equal(nextStep(steps, rail.limits, now), 'query');
  sim.books.settle(one.reference, now);
  const outcome = await rail.query(one.reference, now);
  t.equal(outcome.kind, 'cancelled');
  t.equal(nextStep([...steps, { did: 'query', at: now, outcome }], rail.limits, now), 'free');
  sim.books.cancelsSlowly = false;
  const paid = await submitted();
  sim.books.confirm(paid.reference, now);
  t.match(await rail.cancel(paid.reference), { kind: 'unknown', code: 'INVALID_REQUEST' });
  t.equal((await rail.query(paid.reference, now)).kind, 'paid');
  t.match(await rail.cancel('neverSent'), { kind: 'unknown', code: 'NOT_FOUND' });
});

t.test('after 30 days a missing bill proves nothing', async (t) => {
  const one = await submitted();
  const start = now;
  sim.books.confirm(one.reference, now);
  now += 30 * DAY + 1;
  const before = sim.requests.length;
  t.match(await rail.query(one.reference, start), { kind: 'unknown', code: 'query_window_over' });
  t.equal(sim.requests.length, before, 'it was not even asked');
  t.equal((await rail.query(one.reference, now)).kind, 'not-found', 'the rail would have denied a paid bill');
  t.equal(nextStep([{ did: 'submit', at: start }], rail.limits, now), 'by-hand');
});

t.test('notifications: twice, late, out of order, tampered, forged, replayed', async (t) => {
  const [first, second] = [await submitted(), await submitted()];
  sim.books.confirm(first.reference, now);
  sim.books.confirm(second.reference, now);
  const [a, b] = sim.outbox.slice(-2) as [(typeof sim.outbox)[0], (typeof sim.outbox)[0]];
  heard.length = 0;
  t.ok(await sim.deliver(b));
  t.ok(await sim.deliver(b));
  now += 2 * DAY;
  t.ok(await sim.deliver(a), 'two days late, signed anew');
  t.match(heard, [
    { kind: 'told', reference: second.reference },
    { kind: 'told', reference: second.reference },
    { kind: 'told', reference: first.reference },
  ]);
  const ids = heard.map((n) => (n.kind === 'told' ? n.id : ''));
  t.equal(ids[0], ids[1], 'a repetition bears the same id');
  t.not(ids[1], ids[2]);

  const attack = async (how: Parameters<typeof sim.deliver>[1], code: string) => {
    t.notOk(await sim.deliver(a, how), `${code} is not taken`);
    t.match(heard.at(-1), { kind: 'not-believed', code });
  };
  await attack({ tampered: true }, 'wrong_signature');
  await attack({ forged: true }, 'wrong_signature');
  await attack({ signedAt: now - 301_000 }, 'stale');
  await attack({ signedAt: now + 301_000 }, 'stale');
  t.ok(await sim.deliver(a, { signedAt: now - 299_000 }), 'within the five minutes it is taken');

  t.match(rail.verifyNotification({}, Buffer.from(a.body)), { kind: 'not-believed', code: 'unsigned' });
  const twice = { 'wechatpay-serial': ['x', 'y'], 'wechatpay-nonce': 'n', 'wechatpay-timestamp': '1' };
  t.match(rail.verifyNotification({ ...twice, 'wechatpay-signature': 's' }, Buffer.from(a.body)), {
    code: 'unsigned',
  });
  const stranger = { ...settings, merchantId: '1900000002' };
  const neighbour = wechatRail(stranger, { now: clock, random: systemRandom, fetch });
  let said: Notification | undefined;
  const tap = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      said = neighbour.verifyNotification(request.headers, Buffer.concat(chunks));
      response.end();
    });
  });
  await new Promise<void>((done) => tap.listen(0, '127.0.0.1', done));
  await sim.deliver({ ...a, url: `http://127.0.0.1:${(tap.address() as AddressInfo).port}/` });
  tap.close();
  tap.closeAllConnections();
  t.match(said, { kind: 'not-believed', code: 'unreadable_notification' }, "another merchant's is not ours");
});

t.test('who signs wrongly gets no answer we believe, and nothing happens', async (t) => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const wrong = wechatRail({ ...settings, key: privateKey }, { now: clock, random: systemRandom, fetch });
  const one = attempt();
  t.match(await wrong.submit(one), { kind: 'unknown', code: 'answer_unsigned' });
  t.notOk(sim.books.bills.has(one.reference));
  const late = wechatRail(settings, { now: () => now - 301_000, random: systemRandom, fetch });
  t.equal((await late.submit(one)).kind, 'unknown', 'a clock five minutes wrong');
  t.notOk(sim.books.bills.has(one.reference));
  t.equal((await rail.submit(one)).kind, 'awaiting-confirmation', 'the right key and clock are taken');
  const nobody = { ...settings, baseUrl: 'http://127.0.0.1:1' };
  const deaf = wechatRail(nobody, { now: clock, random: systemRandom, fetch });
  t.match(await deaf.submit(attempt()), { kind: 'unknown', code: 'no_answer' });
});

t.test('a request the rail refuses every time, and does not know, ends the reference', async (t) => {
  const other = wechatRail({ ...settings, appId: 'wx9' }, { now: clock, random: systemRandom, fetch });
  const one = attempt();
  const outcome = await other.submit(one);
  t.match(outcome, { kind: 'unknown', code: 'PARAM_ERROR', refused: true });
  const refusal = { did: 'submit' as const, at: now, outcome };
  const missing = { did: 'query' as const, at: now, outcome: await rail.query(one.reference, now) };
  t.equal(nextStep([refusal, missing], rail.limits, now), 'free');
  t.equal(nextStep([{ did: 'submit', at: now }, missing], rail.limits, now), 'submit', 'not after a kill');
  t.equal(nextStep([{ did: 'submit', at: now }, refusal, missing], rail.limits, now), 'submit');
});

t.test('what is wrong is said before anything is sent, and without a name or an account', async (t) => {
  const before = sim.requests.length;
  const cases: [Partial<Attempt>, string][] = [
    [{ amount: 9 }, 'amount_below_minimum'],
    [{ amount: 0 }, 'amount_below_minimum'],
    [{ amount: -21_604 }, 'amount_below_minimum'],
    [{ amount: 10.5 }, 'amount_not_fen'],
    [{ amount: 2 ** 53 }, 'amount_not_fen'],
    [{ amount: 1_000_001, payee: { account: 'o-1', name: '王' } }, 'amount_above_maximum'],
    [{ reference: '0198f3a2-1c7e-7d1a-9c4e-2f60c1b7a001' }, 'reference_form'],
    [{ reference: 'a'.repeat(33) }, 'reference_form'],
    [{ reference: '' }, 'reference_form'],
    [{ reference: 'x/cancel' }, 'reference_form'],
    [{ payee: { account: '' } }, 'payee_account_missing'],
    [{ purpose: '' }, 'purpose_length'],
    [{ purpose: '瓶'.repeat(33) }, 'purpose_length'],
  ];
  for (const [change, code] of cases) {
    const error = await refused(() => rail.submit(attempt({ payee: { account: 'o-Secret' }, ...change })));
    t.equal(error.code, code);
    t.match(error.message, /Write|pays|checks/);
    t.notMatch(JSON.stringify([error.message, error.errors]), /o-Secret|王/);
  }
  t.equal((await refused(() => rail.query('../x', now))).code, 'reference_form');
  t.equal((await refused(() => rail.cancel('a b'))).code, 'reference_form');
  t.equal(sim.requests.length, before);
  t.equal((await rail.submit(attempt({ amount: 10 }))).kind, 'awaiting-confirmation', '10 fen are paid');
  const means = { now: clock, random: systemRandom, fetch };
  for (const [wrong, code] of [
    [{ notifyUrl: 'http://example.org/notify' }, 'notify_url_form'],
    [{ notifyUrl: 'https://example.org/notify?id=1' }, 'notify_url_form'],
    [{ encryptWith: 'PUB_KEY_ID_9' }, 'platform_key_missing'],
    [{ goods: '' }, 'goods_length'],
  ] as const)
    t.equal((await refused(() => wechatRail({ ...settings, ...wrong }, means))).code, code);
});

t.test('the Authorization header is as documented', async (t) => {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const header = authorization(
    { merchantId: '1900000001', serial: 'ABC', key: privateKey },
    {
      method: 'GET',
      path: '/v3/certificates',
      body: '',
      seconds: 1_554_208_460,
      nonce: '593BEC0C930BF1AFEB40B4A08C8FB242',
    },
  );
  t.ok(header.startsWith('WECHATPAY2-SHA256-RSA2048 mchid="1900000001",nonce_str="593BEC0C'));
  const signature = Buffer.from(/signature="([^"]+)"/.exec(header)![1]!, 'base64');
  const message = 'GET\n/v3/certificates\n1554208460\n593BEC0C930BF1AFEB40B4A08C8FB242\n\n';
  t.ok(verify('sha256', Buffer.from(message), publicKey, signature));
});
