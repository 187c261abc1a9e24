import { createHash, randomUUID } from 'node:crypto';
import { pino } from 'pino';
import t, { type Test } from 'tap';
import { buildApp } from '../../src/app.ts';
import { canonicalJson } from '../../src/kernel/canonical.ts';
import { type Answer, type Client, startTestApp } from '../support/app.ts';

const ok = ({ status, body }: Answer, expected = 201): Answer['body'] => {
  if (status !== expected) throw new Error(`${status} ${JSON.stringify(body)}`);
  return body;
};
const refused = (t: Test, { status, body }: Answer, expected: number, code: string) =>
  t.match({ status, code: body.code }, { status: expected, code });

const DAY_MS = 86_400_000;

/** A station with a collector who holds a card, a certifier with two people, and how one weighs in. */
const quay = async (t: Test) => {
  const app = await startTestApp(t);
  const { client: station, siteId, organisationId } = await app.site('station');
  const collector = async (name = '林阿海') => {
    const { id } = ok(await station.post('/v1/collectors', { siteId, name }));
    const { cardNumber } = ok(await station.post(`/v1/collectors/${id}/card`, { pin: '4711' }));
    return { id: id as string, number: cardNumber as string, card: { number: cardNumber, pin: '4711' } };
  };
  const weigh = async (more: object = {}, by: Client = station) => {
    const body = ok(
      await by.post('/v1/collections', {
        siteId,
        material: 'pet',
        form: 'bottle',
        originClass: 'sea-recovered',
        grossGrams: 12_600,
        tareGrams: 600,
        basis: 'weighed',
        deductions: [{ kind: 'water', grams: 1_800, basis: 'sample' }],
        collectedAt: new Date().toISOString(),
        quote: { price: { amount: 1, currency: 'CNY', perGrams: 10 } },
        ...more,
      }),
    );
    const id = body.id as string;
    return { id, lotId: body.lot.id as string, path: `/v1/collections/${id}` };
  };
  const link = async (path: string, more: object = {}) => {
    const { token } = ok(await station.post(`${path}/links`, more));
    return `/v1/links/${token}`;
  };
  const certifierOf = async () => {
    const body = { name: '认证', kind: 'certifier' };
    const { id } = ok(await app.operator.post('/v1/organisations', body));
    return [
      await app.keyFor(id, 'certifier', { holder: 'A' }),
      await app.keyFor(id, 'certifier', { holder: 'B' }),
    ] as const;
  };
  return {
    app,
    station,
    siteId,
    organisationId,
    collector,
    weigh,
    link,
    certifierOf,
    anyone: app.client('x'),
  };
};

const seenOf = (seen: object): string => createHash('sha256').update(canonicalJson(seen)).digest('hex');
const AS_WEIGHED = {
  grossGrams: 12_600,
  tareGrams: 600,
  deductions: [{ kind: 'water', grams: 1_800, basis: 'sample' }],
  payGrams: 10_200,
  earning: { amount: 1_020, currency: 'CNY' },
};

t.test('a collector confirms with card and PIN; a correction shows that it was other values', async (t) => {
  const { station, collector, weigh } = await quay(t);
  const lin = await collector();
  const { id, path } = await weigh({ collectorId: lin.id });
  const sent = { id: randomUUID(), method: 'pin', card: lin.card };
  const first = ok(await station.post(`${path}/confirmation`, sent));
  t.match(first, { id, method: 'pin', seenSha256: seenOf(AS_WEIGHED) });
  const repeat = await station.post(`${path}/confirmation`, sent);
  t.same([repeat.status, repeat.body], [201, first], 'the same once more is answered once more');
  refused(
    t,
    await station.post(`${path}/confirmation`, { method: 'card', card: { number: lin.number } }),
    409,
    'already_confirmed',
  );
  const read = async () => ok(await station.get(`${path}/confirmations`), 200).items;
  t.match(await read(), [{ party: 0, method: 'pin', current: true, seenSha256: seenOf(AS_WEIGHED) }]);

  ok(await station.post(`${path}/correction`, { grossGrams: 11_600, reason: '多打' }));
  t.match(
    await read(),
    [{ method: 'pin', current: false }],
    'what was confirmed is no longer what is booked',
  );
  const now = {
    ...AS_WEIGHED,
    grossGrams: 11_600,
    payGrams: 9_200,
    earning: { amount: 920, currency: 'CNY' },
  };
  refused(
    t,
    await station.post(`${path}/confirmation`, {
      method: 'card',
      card: { number: lin.number },
      seenSha256: seenOf(AS_WEIGHED),
    }),
    409,
    'values_changed',
  );
  const again = { method: 'card', card: { number: lin.number }, seenSha256: seenOf(now) };
  ok(await station.post(`${path}/confirmation`, again));
  t.match(await read(), [{ method: 'card', current: true, seenSha256: seenOf(now) }]);
  ok(await station.post(`${path}/void`, { reason: '重复' }));
  refused(
    t,
    await station.post(`${path}/confirmation`, { method: 'pin', card: lin.card }),
    409,
    'already_voided',
  );
});

t.test('who may confirm, and how it is refused', async (t) => {
  const { app, station, collector, weigh } = await quay(t);
  const [lin, wang] = [await collector(), await collector('王海生')];
  const alone = await weigh({ collectorId: lin.id });
  const confirm = (path: string, body: object, by = station) => by.post(`${path}/confirmation`, body);
  refused(t, await confirm(alone.path, { method: 'pin', card: wang.card }), 422, 'not_a_party');
  const unknown = { number: '0000079927398713', pin: '4711' };
  refused(t, await confirm(alone.path, { method: 'pin', card: unknown }), 403, 'wrong_card_or_pin');
  const foreign = await app.site('station');
  refused(t, await confirm(alone.path, { method: 'pin', card: lin.card }, foreign.client), 404, 'not_found');
  refused(
    t,
    await confirm(`/v1/collections/${randomUUID()}`, { method: 'pin', card: lin.card }),
    404,
    'not_found',
  );
  for (const body of [
    { method: 'pin' },
    { method: 'pin', card: { number: lin.number } },
    { method: 'card', card: lin.card },
    { method: 'mark' },
    { method: 'mark', evidence: [] },
    { method: 'sms' },
    { method: 'pin', card: { ...lin.card, number: `${lin.number.slice(0, 15)}x` } },
    { method: 'pin', card: { ...lin.card, pin: '12' } },
  ])
    t.equal((await confirm(alone.path, body)).status, 400, JSON.stringify(Object.keys(body)));

  const shared = await weigh({
    parties: [
      { collectorId: lin.id, share: 1 },
      { collectorId: wang.id, share: 2 },
    ],
  });
  const mark = { method: 'mark', evidence: ['ab'.repeat(32)] };
  refused(t, await confirm(shared.path, mark), 422, 'which_party');
  ok(await confirm(shared.path, { ...mark, collectorId: wang.id }));
  ok(await confirm(shared.path, { method: 'pin', card: lin.card }));
  t.match(ok(await station.get(`${shared.path}/confirmations`), 200).items, [
    { party: 0, method: 'pin' },
    { party: 1, method: 'mark' },
  ]);
  const nobody = await weigh({ bagTag: '红色尼龙绳' });
  refused(t, await confirm(nobody.path, mark), 422, 'nobody_named');

  ok(await station.post(`/v1/collectors/${lin.id}/card/block`), 200);
  refused(t, await confirm(alone.path, { method: 'pin', card: lin.card }), 403, 'wrong_card_or_pin');
  const { cardNumber } = ok(await station.post(`/v1/collectors/${wang.id}/card`, { pin: '9999' }));
  const his = await weigh({ collectorId: wang.id });
  refused(t, await confirm(his.path, { method: 'pin', card: wang.card }), 403, 'wrong_card_or_pin');
  ok(await confirm(his.path, { method: 'pin', card: { number: cardNumber, pin: '9999' } }));
});

t.test('five wrong PINs lock a card for an hour, many at once too', async (t) => {
  const { app, station, collector, weigh } = await quay(t);
  const lin = await collector();
  const { path } = await weigh({ collectorId: lin.id });
  const try_ = (pin: string) =>
    station.post(`${path}/confirmation`, { method: 'pin', card: { number: lin.number, pin } });
  for (let i = 0; i < 4; i++) refused(t, await try_('0000'), 403, 'wrong_card_or_pin');
  ok(await try_('4711'));
  const at_once = await Promise.all(Array.from({ length: 9 }, () => try_('0000')));
  t.equal(
    at_once.filter(({ status }) => status === 403).length,
    5,
    'the right one began anew; five are looked at',
  );
  t.equal(at_once.filter(({ status, body }) => status === 409 && body.code === 'card_locked').length, 4);
  refused(t, await try_('4711'), 409, 'card_locked');
  const { lockedUntil } = ok(await station.get(`/v1/collectors/${lin.id}/card`), 200);
  const left = Date.parse(lockedUntil) - Date.now();
  t.ok(left > 3_590_000 && left <= 3_600_000, `${left} ms`);
  t.match((await try_('4711')).body.state, { lockedUntil });
  await app.deps.pool.query('UPDATE card_tries SET last_at = last_at - 3600000');
  refused(t, await try_('4711'), 409, 'already_confirmed');
});

t.test('a link shows one weigh-in and lets its collector speak once', async (t) => {
  const { app, station, collector, weigh, link, anyone } = await quay(t);
  const lin = await collector();
  const { id, path } = await weigh({ collectorId: lin.id });
  const other = await weigh({ collectorId: lin.id, grossGrams: 20_000 });
  const at = await link(path);
  const shown = ok(await anyone.get(at), 200);
  t.match(shown, {
    ...AS_WEIGHED,
    material: 'pet',
    price: { amount: 1, currency: 'CNY', perGrams: 10 },
    state: 'recorded',
    seenSha256: seenOf(AS_WEIGHED),
    used: false,
  });
  t.equal(Math.round((Date.parse(shown.expiresAt) - Date.now()) / DAY_MS), 7);
  t.notMatch(JSON.stringify(shown), new RegExp(`${id}|${other.id}|${lin.id}`), 'and names nothing');
  refused(t, await anyone.post(`${at}/confirmation`, { seenSha256: 'ab'.repeat(32) }), 409, 'values_changed');
  const body = { seenSha256: shown.seenSha256 };
  const first = ok(await anyone.post(`${at}/confirmation`, body));
  t.match(first, { id, method: 'sms' });
  const again = await anyone.post(`${at}/confirmation`, body);
  t.same(again.body, first);
  t.equal(again.headers['idempotency-replayed'], 'true');
  refused(t, await anyone.post(`${at}/dispute`, { about: 'weight' }), 409, 'link_used');
  t.match(ok(await anyone.get(at), 200), { used: true });
  t.match(ok(await station.get(`${path}/confirmations`), 200).items, [{ method: 'sms', current: true }]);

  const racing = await link(other.path);
  const answers = await Promise.all(
    ['weight', 'price', 'deduction', 'other'].map((about) => anyone.post(`${racing}/dispute`, { about })),
  );
  t.equal(answers.filter(({ status }) => status === 201).length, 1, 'of four at once one speaks');
  t.equal(answers.filter(({ body: { code } }) => code === 'link_used').length, 3);

  const expired = await link(path);
  await app.deps.pool.query('UPDATE confirmation_links SET expires_at = 1 WHERE used_seq IS NULL');
  refused(t, await anyone.get(expired), 409, 'link_expired');
  for (const wrong of ['/v1/links/x', `${at}x`]) {
    refused(t, await anyone.get(wrong), 404, 'not_found');
    refused(t, await anyone.post(`${wrong}/confirmation`, body), 404, 'not_found');
    refused(t, await anyone.post(`${wrong}/dispute`, { about: 'weight' }), 404, 'not_found');
  }
  const { client: foreign } = await app.site('station');
  t.equal((await foreign.post(`${path}/links`, {})).status, 404);
  const nobody = await weigh({ bagTag: '3' });
  refused(t, await station.post(`${nobody.path}/links`, {}), 422, 'nobody_named');
});

t.test('a dispute is answered by two who did not weigh in, with a reason', async (t) => {
  const { app, station, collector, weigh, certifierOf } = await quay(t);
  const [a, b] = await certifierOf();
  const lin = await collector();
  const { id, lotId, path } = await weigh({ collectorId: lin.id });
  const said = {
    id: randomUUID(),
    about: 'weight',
    claimedGrams: 13_000,
    note: '秤没有归零',
    card: lin.card,
  };
  const opened = ok(await station.post(`${path}/dispute`, said));
  t.match(opened, { id: said.id, collectionId: id, about: 'weight', way: 'pin' });
  const days = (Date.parse(opened.dueAt) - Date.now()) / DAY_MS;
  t.ok(days > 6.99 && days <= 7, `due in ${days} days`);
  const repeat = await station.post(`${path}/dispute`, said);
  t.same([repeat.status, repeat.body], [201, opened]);
  refused(t, await station.post(`${path}/dispute`, { about: 'price' }), 409, 'dispute_open');

  const kept = ok(await station.get(path), 200);
  t.match(kept, { payGrams: 10_200, earning: { amount: 1_020 }, lot: { grams: 12_000, gramsLeft: 12_000 } });
  const [listed] = ok(await a.get('/v1/cases?kind=dispute&state=open&overdue=false'), 200).items;
  t.match(listed, {
    id: opened.id,
    subjectId: lotId,
    grams: 1_000,
    overdue: false,
    dueAt: opened.dueAt,
    dispute: { collectionId: id, about: 'weight' },
  });
  t.same(ok(await a.get('/v1/cases?overdue=true'), 200).items, []);
  const decide = (by: Client, body: object) => by.post(`/v1/cases/${opened.id}/decision`, body);
  const upheld = { outcome: 'upheld', note: '复称 13,000 克' };
  t.equal((await decide(station, upheld)).status, 403, 'a station decides nothing');
  refused(t, await decide(a, { outcome: 'released' }), 422, 'dispute_outcome');
  refused(t, await decide(a, { outcome: 'upheld' }), 422, 'reason_needed');
  t.match(ok(await decide(a, upheld)), {
    id: opened.id,
    state: 'proposed',
    outcome: 'upheld',
    lossGrams: null,
  });
  refused(t, await decide(a, upheld), 403, 'same_holder');
  t.match(ok(await decide(b, upheld)), { state: 'decided', outcome: 'upheld', lossGrams: 0, lots: [] });
  refused(t, await decide(b, upheld), 409, 'already_decided');
  const [answered] = ok(await station.get(`${path}/disputes`), 200).items;
  t.match(answered, {
    id: opened.id,
    party: 0,
    way: 'pin',
    note: '秤没有归零',
    claimedGrams: 13_000,
    outcome: 'upheld',
    reason: '复称 13,000 克',
    overdue: false,
    answeredAt: String,
  });
  t.equal((await station.get(path)).body.payGrams, 10_200, 'by itself it moves nothing');
  const fixed = { grossGrams: 13_600, reason: '异议成立', disputeId: opened.id };
  refused(
    t,
    await station.post(`${path}/correction`, { ...fixed, disputeId: randomUUID() }),
    422,
    'unknown_dispute',
  );
  const mended = ok(await station.post(`${path}/correction`, fixed));
  t.match(mended, { payGrams: 11_200, lot: { grams: 13_000 } });
  const opening = ok(await app.operator.get(`/v1/ledger/entries/${mended.receipt.seq}/opening`), 200);
  t.match(opening.main.part, { disputeId: opened.id }, 'the correction names the dispute it mends');

  ok(await station.post(`${path}/void`, { reason: 'x' }));
  const second = ok(await station.post(`${path}/dispute`, { about: 'other', note: '不该作废' }));
  t.match(second, { way: 'on-behalf' }, 'a voided weigh-in too, and it says who entered it');
  const rejected = { outcome: 'rejected', note: '同一袋登记两次' };
  ok(await a.post(`/v1/cases/${second.id}/decision`, upheld));
  t.match(
    ok(await b.post(`/v1/cases/${second.id}/decision`, rejected)),
    { state: 'proposed' },
    'another outcome is a new proposal',
  );
  const closing = await Promise.all(
    [a, app.operator].map((by) => by.post(`/v1/cases/${second.id}/decision`, rejected)),
  );
  t.same(closing.map(({ status }) => status).sort(), [201, 409], 'of two at once one decides');
  t.match(ok(await app.client('x').get('/v1/disputes/summary'), 200), {
    total: { opened: 2, answeredInTime: 2, answeredLate: 0, upheld: 1, rejected: 1, open: 0, overdue: 0 },
    sites: [],
  });
  const before = ok(await app.client('x').get(`/v1/disputes/summary?asOfSeq=${opened.receipt.seq}`), 200);
  t.match(before, {
    asOfSeq: opened.receipt.seq,
    total: { opened: 1, open: 1, upheld: 0, answeredInTime: 0 },
  });
  t.equal((await app.client('x').get('/v1/disputes/summary?asOfSeq=99999')).status, 422);
});

t.test('whoever recorded the weigh-in does not answer its dispute, nor anybody of theirs', async (t) => {
  const { app, collector, weigh, certifierOf } = await quay(t);
  const lin = await collector();
  const [a] = await certifierOf();
  const { path } = await weigh({ collectorId: lin.id }, app.operator);
  const { id } = ok(await app.operator.post(`${path}/dispute`, { about: 'weight' }));
  refused(
    t,
    await app.operator.post(`/v1/cases/${id}/decision`, { outcome: 'rejected', note: '不' }),
    403,
    'profits',
  );
  ok(await a.post(`/v1/cases/${id}/decision`, { outcome: 'rejected', note: '不' }));
});

t.test(
  'overdue shows; an answer after seven days counts as late; sites show from five people on',
  async (t) => {
    const { app, siteId, collector, weigh, station, certifierOf, anyone } = await quay(t);
    const [a, b] = await certifierOf();
    const figure = async (): Promise<Answer['body']> => ok(await anyone.get('/v1/disputes/summary'), 200);
    t.match(await figure(), { total: { opened: 0, open: 0, overdue: 0 }, sites: [] });
    const people = await Promise.all(['一', '二', '三', '四', '五'].map((name) => collector(name)));
    const opened = [];
    for (const [i, person] of people.entries()) {
      if (i === 4) t.same((await figure()).sites, [], 'four are too few');
      const { path } = await weigh({ collectorId: person.id });
      opened.push(ok(await station.post(`${path}/dispute`, { about: 'deduction', claimedGrams: 900 })));
    }
    t.match(await figure(), {
      total: { opened: 5, open: 5, overdue: 0 },
      sites: [{ siteId, opened: 5, open: 5, upheld: 0 }],
    });
    // Readers look at a clock that is eight days ahead; nothing is written meanwhile.
    const { clock } = app.deps;
    app.deps.clock = () => clock() + 8 * DAY_MS;
    t.equal(ok(await a.get('/v1/cases?kind=dispute&overdue=true'), 200).items.length, 5);
    t.same(ok(await a.get('/v1/cases?overdue=false'), 200).items, []);
    t.match(ok(await a.get('/v1/cases?state=open'), 200).items[0], { id: opened[0].id, overdue: true });
    const { collectionId } = opened[0];
    t.match(ok(await a.get(`/v1/collections/${collectionId}/disputes`), 200).items, [{ overdue: true }]);
    app.deps.clock = clock;
    for (const [i, by] of [a, b].entries()) {
      const answer = await by.post(`/v1/cases/${opened[0].id}/decision`, {
        outcome: 'rejected',
        note: '无误',
      });
      t.equal(answer.body.state, ['proposed', 'decided'][i]);
    }
    t.match(await figure(), {
      total: { opened: 5, open: 4, answeredInTime: 1, answeredLate: 0, rejected: 1 },
    });
    const superuser = await app.superuser();
    await superuser.query('UPDATE disputes SET due_at = at - 1');
    t.match(await figure(), {
      total: { opened: 5, open: 4, answeredInTime: 0, answeredLate: 1, overdue: 4 },
      sites: [{ siteId, answeredLate: 1 }],
    });
  },
);

t.test(
  'nothing of a card, a PIN or a link is public, and an erasure takes what names the person',
  async (t) => {
    const { app, station, collector, weigh, link, anyone } = await quay(t);
    const lin = await collector();
    const { path } = await weigh({ collectorId: lin.id });
    const second = await weigh({ collectorId: lin.id });
    const at = await link(path);
    const unused = await link(second.path);
    ok(await station.post(`${path}/confirmation`, { method: 'pin', card: lin.card }));
    ok(await anyone.post(`${at}/dispute`, { about: 'weight', claimedGrams: 12_500, note: '少了半斤' }));
    ok(await station.post(`${second.path}/dispute`, { about: 'price', note: '阿海说价格不对' }));

    const entries = ok(await app.operator.get('/v1/ledger/entries?limit=1000'), 200).items;
    const spoken = entries.filter(({ entry }: { entry: { type: string } }) =>
      /^(collection\.(confirmed|disputed|link-issued)|collector\.card-changed)/.test(entry.type),
    );
    t.equal(spoken.length, 6);
    for (const { entry } of spoken)
      t.same(Object.keys(entry.data).sort(), ['day', 'sealed', 'siteId'], entry.type);
    const openings = await Promise.all(
      spoken.map(async ({ seq }: { seq: number }) =>
        JSON.stringify((await app.operator.get(`/v1/ledger/entries/${seq}/opening`)).body),
      ),
    );
    const ledger = JSON.stringify(entries) + openings.join('');
    for (const secret of [lin.number, '"4711"', at.slice('/v1/links/'.length)])
      t.notOk(ledger.includes(secret), 'neither in an entry nor in an opening');

    const erase = `/v1/collectors/${lin.id}/personal-data`;
    ok(await app.operator.delete(erase), 200);
    refused(t, await anyone.get(unused), 404, 'not_found');
    ok(await app.operator.delete(`${erase}?stage=erase`), 200);
    refused(t, await anyone.get(at), 404, 'not_found');
    refused(t, await anyone.post(`${unused}/dispute`, { about: 'weight' }), 404, 'not_found');
    refused(
      t,
      await station.post(`${second.path}/confirmation`, { method: 'pin', card: lin.card }),
      403,
      'wrong_card_or_pin',
    );
    refused(t, await station.post(`${second.path}/links`, {}), 409, 'collector_erased');
    t.same((await app.deps.pool.query('SELECT token_hash FROM confirmation_links')).rows, []);
    t.match(ok(await station.get(`${path}/confirmations`), 200).items, [{ method: 'pin', current: true }]);
    const notes = await Promise.all([path, second.path].map((p) => app.operator.get(`${p}/disputes`)));
    t.same(
      notes.map(({ body }) =>
        body.items.map(({ about, note }: { about: string; note: null }) => [about, note]),
      ),
      [[['weight', null]], [['price', null]]],
      'the facts stay, what was said goes',
    );
    const stays = { method: 'mark', evidence: ['cd'.repeat(32)] };
    ok(await station.post(`${second.path}/confirmation`, stays));
  },
);

t.test('no number, PIN or token reaches a log line, whatever is answered', async (t) => {
  const { app, station, collector, weigh, link } = await quay(t);
  const lines: string[] = [];
  const logger = pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) });
  const logging = await buildApp({ ...app.deps, logger });
  t.teardown(() => logging.close());
  logger.info('the log is heard');
  const lin = await collector();
  const { path } = await weigh({ collectorId: lin.id });
  const at = await link(path);
  const send = async (url: string, payload?: object) => {
    const { statusCode } = await logging.inject({
      method: payload === undefined ? 'GET' : 'POST',
      url,
      headers: { authorization: `Bearer ${station.secret}` },
      ...(payload === undefined ? {} : { payload }),
    });
    return statusCode;
  };
  const pin = (digits: string) => ({ method: 'pin', card: { number: lin.number, pin: digits } });
  t.equal(await send(`${path}/confirmation`, pin('90817')), 403);
  t.equal(await send(`${path}/confirmation`, pin('90817263')), 400);
  t.equal(await send(`${path}/confirmation`, pin('4711')), 201);
  t.equal(await send(`/v1/collectors/${lin.id}/card`, { pin: '90817' }), 201);
  t.equal(await send(at), 200);
  t.equal(await send(`${at}/dispute`, { about: 'weight' }), 201);
  t.equal(await send(`${at}/confirmation`, { seenSha256: 'ab'.repeat(32) }), 409);
  const text = lines.join('');
  t.match(text, 'the log is heard');
  for (const secret of [lin.number, '90817', '4711"', at.slice('/v1/links/'.length)])
    t.notOk(text.includes(secret));
});
