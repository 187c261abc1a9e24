import { randomUUID } from 'node:crypto';
import t, { type Test } from 'tap';
import { tradeOf } from '../resale/sealed.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { openedPayouts } from '../support/payouts.ts';
import { thingsOf } from '../support/things.ts';
import { formsIn, type Visitor, visitorOf } from './visitor.ts';

const EVIL = `<img src=x onerror=alert(1)>"'&<script>alert(2)</script>`;

/** Nothing comes from elsewhere, nothing runs, and no name is read as markup. */
const harmless = (t: Test, { html, headers }: { html: string; headers: Record<string, unknown> }) => {
  t.notMatch(html, /<img|<script|<iframe|<link|javascript:|url\(|https?:\/\//i);
  t.match(
    String(headers['content-security-policy']),
    /^default-src 'none'.*form-action 'self'; frame-ancestors 'none'/,
  );
  t.match(headers, { 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' });
};

const entries = async (app: TestApp): Promise<number> => {
  const { rows } = await app.deps.pool.query<{ size: number }>('SELECT size FROM head');
  return rows[0]!.size;
};

/** A short load, which opened a case; and certifiers of two bodies. */
const setUp = async (t: Test, evil = false) => {
  const app = await startTestApp(t);
  const name = (plain: string): string => (evil ? `${EVIL} ${plain}` : plain);
  const trade = await tradeOf(app, 50);
  const bodyOf = async (of: string) =>
    (await app.operator.post('/v1/organisations', { name: name(of), kind: 'certifier' })).body.id as string;
  const [a, b] = [await bodyOf('Body A'), await bodyOf('Body B')];
  const keys = {
    li: await app.keyFor(a, 'certifier', { holder: name('Li Wei') }),
    twin: await app.keyFor(a, 'certifier', { holder: name('li wei') }),
    zhou: await app.keyFor(b, 'certifier', { holder: name('Zhou Min') }),
    seller: await app.keyFor(trade.seller.organisationId, 'auditor', { holder: 'Seller' }),
  };
  const at = async (who: { secret: string }, language: 'zh' | 'en' = 'en'): Promise<Visitor> => {
    const visitor = visitorOf(app.app, language);
    t.equal((await visitor.signIn(who.secret)).status, 303);
    return visitor;
  };
  /** A load that arrived 2 kg short of 10. */
  const shortLoad = async (): Promise<string> => {
    const lotId = await trade.weighIn(10_000);
    const warehouse = await app.site('warehouse', { name: name('Warehouse'), toleranceBasisPoints: 50 });
    const sent = await trade.seller.client.post('/v1/shipments', {
      fromSiteId: trade.seller.siteId,
      toSiteId: warehouse.siteId,
      lots: [{ lotId }],
    });
    const got = await warehouse.client.post(`/v1/shipments/${sent.body.id}/receipt`, {
      measuredGrams: 8_000,
    });
    return got.body.caseId;
  };
  /** A statement that the buyer of a sold batch asked for. */
  const asked = async (): Promise<string> => {
    await app.operator.put('/v1/schemes/traceability-statement', {});
    const consent = { version: '1', at: '2026-01-01T00:00:00+08:00' };
    const collector = { siteId: trade.seller.siteId, name: name('王海生').slice(0, 100), consent };
    const { body } = await app.operator.post('/v1/collectors', collector);
    const lotId = await trade.mixed([300_000, 200_000], { collectorId: body.id });
    const batch = await trade.seal([{ lotId }]);
    await trade.sell(batch.id);
    const request = { batchId: batch.id, scheme: 'traceability-statement' };
    return (await trade.brandA.client.post('/v1/statements', request)).body.id;
  };
  const stateOf = async (id: string) => (await app.operator.get(`/v1/statements/${id}`)).body;
  return { ...trade, app, keys, at, shortLoad, asked, stateOf, bodies: { a, b } };
};

t.test('signing in: the key is looked at and kept nowhere', async (t) => {
  const { app, keys } = await setUp(t);
  const visitor = visitorOf(app.app);
  const first = await visitor.get('/console');
  t.match(first, { status: 200, html: /<input name="key" type="password"/ });
  harmless(t, first);
  t.match(await visitor.signIn('bck_nobody_has_this'), { status: 403, html: /No valid key reads like this/ });
  t.match(await visitor.signIn(''), { status: 403 });
  t.match(await visitor.signIn(keys.li.secret, { 'sec-fetch-site': 'cross-site' }), {
    status: 403,
    html: /not from this session/,
  });
  const station = await app.site('station');
  t.match(await visitor.signIn(station.client.secret), {
    status: 403,
    html: /nothing for the role of this key/,
  });
  t.equal(visitor.cookie(), '');

  const opened = await visitor.signIn(` ${keys.li.secret} `);
  t.match(opened, { status: 303, location: '/console?lang=en' });
  t.match(
    String(opened.headers['set-cookie']),
    /^console=[\w-]{43}; Path=\/console; HttpOnly; SameSite=Strict; Max-Age=43200$/,
  );
  const behindTls = await visitorOf(app.app).signIn(keys.li.secret, { 'x-forwarded-proto': 'https' });
  t.match(String(behindTls.headers['set-cookie']), /; Secure$/);
  const shown = await visitor.get('/console');
  t.match(shown, { status: 200, html: /Signed in as Li Wei, Certification body, Body A/ });
  harmless(t, shown);
  const { rows } = await app.deps.pool.query('SELECT * FROM console_sessions');
  t.equal(rows.length, 2);
  const kept = JSON.stringify(rows);
  const token = visitor.cookie().split('=')[1]!;
  for (const text of [shown.html, opened.location, String(opened.headers['set-cookie']), kept])
    t.notMatch(text, keys.li.secret);
  t.notMatch(kept, token, 'nor is the token kept as it is');
  t.notMatch(shown.html, token);

  const again = visitor.cookie();
  await visitor.signIn(keys.zhou.secret);
  t.match((await visitor.get('/console')).html, /Zhou Min/);
  visitor.take(again);
  t.match((await visitor.get('/console')).html, /name="key"/, 'signing in anew ended the session before');
});

t.test('too many wrong keys from one address are not looked at', async (t) => {
  const { app, keys } = await setUp(t);
  const visitor = visitorOf(app.app, 'zh');
  for (let i = 0; i < 30; i++) t.equal((await visitor.signIn(`bck_guess_${i}`)).status, 403);
  t.match(await visitor.signIn('bck_guess_31'), { status: 429, html: /请十分钟后再试/ });
  t.match(await visitor.signIn(keys.li.secret), { status: 429 }, 'not even the right one');
});

t.test('a session ends: left alone, after half a day, signed out, or with its key', async (t) => {
  const { app, keys, at } = await setUp(t);
  const pool = app.deps.pool;
  const isIn = async (visitor: Visitor): Promise<boolean> => {
    const page = await visitor.get('/console');
    t.equal(page.status, 200);
    return !page.html.includes('name="key"');
  };
  const idle = await at(keys.li);
  const minutes = async (n: number) =>
    pool.query('UPDATE console_sessions SET opened_at = opened_at - $1, expires_at = expires_at - $1', [
      n * 60_000,
    ]);
  await minutes(29);
  t.ok(await isIn(idle), 'after 29 minutes');
  await minutes(29);
  t.ok(await isIn(idle), 'looking keeps it open');
  await minutes(30);
  t.notOk(await isIn(idle), 'after half an hour');
  t.match((await idle.get('/console')).html, /You are not signed in any more/);

  const long = await at(keys.li);
  await pool.query('UPDATE console_sessions SET opened_at = opened_at - $1', [12 * 3_600_000 - 60_000]);
  t.ok(await isIn(long));
  await minutes(1);
  t.notOk(await isIn(long), 'after twelve hours, however often it was looked at');

  const out = await at(keys.li);
  const kept = out.cookie();
  t.match(await out.fill('/console', '/sign-out'), { status: 303, location: /said=saidSignedOut/ });
  t.equal(out.cookie(), 'console=');
  out.take(kept);
  t.notOk(await isIn(out), 'a copy of the cookie opens nothing either');

  const stolen = await at(keys.li);
  const form = await stolen.formAt('/console', '/sign-out');
  t.equal((await app.operator.post(`/v1/api-keys/${keys.li.id}/revoke`)).status, 200);
  const caseForm = { ...form, action: `/console/cases/${randomUUID()}/decision` };
  t.match(await stolen.send(caseForm, { outcome: 'loss' }), { status: 303, location: /said=saidOver/ });
  t.notOk(await isIn(stolen), 'the key was revoked');
  const rotated = await at(keys.zhou);
  t.ok(await isIn(rotated));
  const renewed = await app.operator.post(`/v1/api-keys/${keys.zhou.id}/rotate`);
  t.ok(renewed.status < 300, JSON.stringify(renewed.body));
  t.notOk(await isIn(rotated), 'the key was rotated');
  const { organisationId } = (await app.operator.get('/v1/api-keys')).body.items[0];
  const endsAt = Date.now() + 3_000;
  const expiring = await at(
    await app.keyFor(organisationId, 'operator', { expiresAt: new Date(endsAt).toISOString() }),
  );
  t.ok(await isIn(expiring));
  await new Promise((resolve) => setTimeout(resolve, endsAt - Date.now() + 10));
  t.notOk(await isIn(expiring), 'the key has expired');
});

t.test('a case: one proposes, a second decides, and nobody who gains', async (t) => {
  const { app, keys, at, shortLoad } = await setUp(t);
  const caseId = await shortLoad();
  const [li, zhou] = [await at(keys.li), await at(keys.zhou, 'zh')];
  const start = await li.get('/console');
  t.match(start.html, /href="\/console\/cases\?state=open&#38;lang=en">Cases that nobody has proposed/);
  const list = await li.get('/console/cases');
  t.match(list.html, /Received too little.*2 kg.*Measured<\/dt><dd>8 kg/s);
  const form = await li.formAt('/console/cases', '/decision');
  t.equal(form.action, `/console/cases/${caseId}/decision?lang=en`);
  const before = await entries(app);
  const typed = { outcome: 'loss', lossKind: 'spilled', note: '破袋\r\n洒落' };
  const clicks = await Promise.all([li.send(form, typed), li.send(form, typed), li.send(form, typed)]);
  for (const click of clicks)
    t.match(click, { status: 303, location: '/console/cases?state=proposed&lang=en&said=saidProposed' });
  t.equal(await entries(app), before + 1, 'three clicks are one proposal');
  const { body } = await app.operator.get('/v1/cases');
  t.match(body.items[0], {
    state: 'proposed',
    proposal: { outcome: 'loss', lossKind: 'spilled', note: '破袋\n洒落', holder: 'Li Wei' },
  });

  const told = await li.get('/console/cases?state=proposed');
  t.match(told.html, /Loss, Spilled, by Li Wei, Body A.*You have spoken already/s);
  t.notOk(
    formsIn(told.html).some(({ action }) => action.includes('/decision')),
    'and has no form for it',
  );
  t.match(await li.send(form, { ...typed, note: 'x' }), { status: 409 }, 'the same form with other words');
  const own = {
    ...form,
    fields: form.fields.map(([n, v]) => [n, n === 'once' ? randomUUID() : v]),
  } as typeof form;
  t.match(await li.send(own, typed), { status: 403, html: /You were the first person.*same_holder/s });
  const twin = await at(keys.twin);
  t.match((await twin.get('/console/cases?state=proposed')).html, /You have spoken already/);
  const auditor = await at(keys.seller);
  t.match((await auditor.get('/console/cases?state=proposed')).html, /your role does not decide it/);

  const seconded = await zhou.fill('/console/cases?state=proposed', '/decision', { note: '同意' });
  t.match(seconded, { status: 303, location: /said=saidDecided/ });
  t.match((await app.operator.get('/v1/cases')).body.items[0], { state: 'decided', lossGrams: 2_000 });
  t.match((await zhou.get('/console/cases?state=decided')).html, /损失, 洒落/);
  t.match((await zhou.get('/console/cases?state=proposed&said=saidDecided')).html, /已裁定。.*此处没有待办/s);
});

t.test('who gains is refused, in the page and by the API behind it', async (t) => {
  const { app, at, seller, shortLoad, asked, stateOf, bodies } = await setUp(t);
  const caseId = await shortLoad();
  const statementId = await asked();
  const gaining = await at(await app.keyFor(seller.organisationId, 'certifier', { holder: 'Gainer' }));
  const page = await gaining.get('/console/cases');
  t.match(page.html, /You may not decide: your organisation weighed/);
  t.match(
    (await gaining.get(`/console/statements/${statementId}`)).html,
    /You may not decide: your organisation weighed/,
  );
  const [, value] = formsIn(page.html)[0]!.fields.find(([name]) => name === 'form')!;
  const forged = (action: string, typed: Record<string, string>) =>
    gaining.post(`${action}?lang=en`, { form: value, once: randomUUID(), ...typed });
  const before = await entries(app);
  t.match(await forged(`/console/cases/${caseId}/decision`, { outcome: 'loss' }), {
    status: 403,
    html: /Your organisation gains by it; others must decide.*\(profits\)/s,
  });
  t.match(await forged(`/console/statements/${statementId}/approve`, {}), { status: 403, html: /profits/ });
  t.match(await forged(`/console/runs/${randomUUID()}/approve`, {}), { status: 403, html: /forbidden/ });
  t.equal(await entries(app), before);
  t.match(await stateOf(statementId), { state: 'requested', approvals: 0 });
  for (const role of ['auditor', 'regulator', 'payer']) {
    const other = await at(await app.keyFor(bodies.a, role));
    const [, form] = formsIn((await other.get('/console')).html)[0]!.fields.find(
      ([name]) => name === 'form',
    )!;
    const answer = await other.post(`/console/statements/${statementId}/approve?lang=en`, {
      form,
      once: randomUUID(),
    });
    t.match(answer, { status: 403, html: /Your role may not do this/ }, role);
  }
  t.equal(await entries(app), before + 3, 'three keys, and nothing else');
});

t.test('a statement: two people approve, suspend, reinstate and revoke', async (t) => {
  const { app, keys, at, asked, stateOf } = await setUp(t);
  const id = await asked();
  const [li, zhou] = [await at(keys.li), await at(keys.zhou)];
  const url = `/console/statements/${id}`;
  t.match((await li.get('/console')).html, /Statements to review/);
  t.match((await li.get('/console/statements')).html, new RegExp(`href="${url}\\?lang=en"`));
  t.match((await li.get(url)).html, /500 kg of 500 kg.*Accepted by the scheme now<\/dt><dd>500 kg.*brand A/s);
  t.match(await li.fill(url, '/approve', { note: 'looked at' }), {
    status: 303,
    location: `${url}?lang=en&said=saidApprovedFirst`,
  });
  const half = await li.get(url);
  t.match(
    half.html,
    /Li Wei, Body A.*<strong>Approve<\/strong>: <span class="alarm">You have spoken already/s,
  );
  t.match((await zhou.get('/console')).html, /Statements that wait for a second person/);
  const form = await zhou.formAt(url, '/approve');
  const clicks = await Promise.all([zhou.send(form), zhou.send(form)]);
  for (const click of clicks) t.match(click, { status: 303, location: /said=saidIssued/ });
  t.match(await stateOf(id), { state: 'issued' });
  t.match(
    await zhou.fill(url, '/suspend', { reason: '' }),
    { status: 400 },
    'without a reason the API refuses',
  );
  t.match(await zhou.fill(url, '/suspend', { reason: '来源待核' }), { location: /said=saidSuspended/ });
  t.match(await stateOf(id), { state: 'suspended' });
  t.match(await li.fill(url, '/reinstate'), { location: /said=saidApprovedFirst/ });
  t.match(await zhou.fill(url, '/reinstate'), { location: /said=saidReinstated/ });
  t.match(await stateOf(id), { state: 'issued' });
  const stale = await li.formAt(url, '/revoke');
  t.match(await zhou.fill(url, '/revoke', { reason: '虚假' }), { location: /said=saidRevoked/ });
  t.match(await stateOf(id), { state: 'revoked' });
  t.match(await li.send(stale, { reason: 'late' }), { status: 409, html: /another state by now/ });
  t.match((await li.get(url)).html, /Nothing more is decided of it/);
  const { code } = await stateOf(id);
  t.match((await app.client('').get(`/v1/verify/${code}`)).body.statement, { state: 'revoked' });

  const refused = await asked();
  t.match(await li.fill(`/console/statements/${refused}`, '/refuse', { reason: '证据不足' }), {
    location: /said=saidRefused/,
  });
  t.match(await stateOf(refused), { state: 'refused' });
});

t.test('a mark: proposed by one, cleared by another', async (t) => {
  const { app, keys, at, weighIn } = await setUp(t);
  await weighIn(1_000);
  await app.deps.follower.catchUp();
  const { items } = (await app.operator.get('/v1/collections?limit=10')).body;
  const set = await app.operator.post(`/v1/collections/${items[0].id}/marks`, { code: 'review' });
  t.equal(set.status, 201, JSON.stringify(set.body));
  const [li, zhou] = [await at(keys.li), await at(keys.zhou)];
  const ending = `/${set.body.id}/clearing`;
  t.match(await li.fill('/console/marks', ending, { note: '现场看过' }), { location: /said=saidProposed/ });
  t.match((await li.get('/console/marks')).html, /Li Wei, Body A<br><small>现场看过/);
  t.match((await li.get('/console')).html, /Marks that wait for a second person/);
  await t.rejects(li.formAt('/console/marks', ending), 'no form for who proposed');
  t.match(await zhou.fill('/console/marks', ending), { location: /said=saidCleared/ });
  const { body } = await app.operator.get(`/v1/marks?state=cleared`);
  t.match(body.items, [{ id: set.body.id }]);
});

t.test('a run: made by one, approved by another, of what was looked at', async (t) => {
  const world = await openedPayouts(t, 2);
  const { app, payer, twin, checker, collectors, weighIn, tick } = world;
  for (const id of collectors) await weighIn(id, 10_001);
  const run = (await payer.post('/v1/payout-runs', { rail: 'wechat' })).body;
  await tick();
  const at = async (who: { secret: string }) => {
    const visitor = visitorOf(app.app);
    t.equal((await visitor.signIn(who.secret)).status, 303);
    return visitor;
  };
  const [maker, same, other] = [await at(payer), await at(twin), await at(checker)];
  const shown = await other.get('/console');
  t.match(shown.html, /Payout runs to approve/);
  t.notMatch(shown.html, /\/console\/(cases|marks|statements)/, 'a payer pays');
  for (const own of [maker, same]) {
    const page = await own.get('/console/runs');
    t.match(page.html, /CNY 200\.02.*Made by<\/dt><dd>王会计.*You have spoken already/s);
    t.notOk(formsIn(page.html).some(({ action }) => action.includes('/approve')));
  }
  const form = await other.formAt('/console/runs', '/approve');
  const wrong = form.fields.map(
    ([name, value]) => [name, name === 'total' ? '1' : value] as [string, string],
  );
  t.match(await other.send({ ...form, fields: wrong }), { status: 409, html: /another count or total/ });
  const none = form.fields.filter(([name]) => name !== 'total');
  t.match(await other.send({ ...form, fields: none }), { status: 400 }, 'what was looked at must be said');
  const again = await other.formAt('/console/runs', '/approve');
  t.match(await other.send(again), { status: 303, location: /said=saidRunApproved/ });
  t.match(await other.send(again), { status: 303, location: /said=saidRunApproved/ }, 'twice is once');
  t.match(await other.fill('/console/runs?state=approved', `${run.id}/submit`), {
    location: /said=saidRunSubmitted/,
  });
  t.match((await payer.get(`/v1/payout-runs/${run.id}`)).body, { state: 'submitted' });
  t.match((await payer.get('/v1/payout-runs?state=submitted')).body.items, [{ id: run.id }]);
  t.same((await payer.get('/v1/payout-runs?state=drafted')).body.items, []);
});

t.test('a form from elsewhere does nothing', async (t) => {
  const { app, keys, at, shortLoad } = await setUp(t);
  const caseId = await shortLoad();
  const [li, zhou] = [await at(keys.li), await at(keys.zhou)];
  const form = await li.formAt('/console/cases', '/decision');
  const typed = { outcome: 'loss' };
  const before = await entries(app);
  const without = (name: string) => ({ ...form, fields: form.fields.filter(([n]) => n !== name) });
  t.match(await li.send(without('form'), typed), { status: 403, html: /not from this session/ });
  t.match(await li.send(without('once'), typed), { status: 400 });
  t.match(await zhou.send(form, typed), { status: 403 }, 'another’s form');
  t.match(await li.send(form, typed, { 'sec-fetch-site': 'cross-site' }), { status: 403 });
  t.match(await li.send(form, typed, { 'sec-fetch-site': 'same-site' }), { status: 403 });
  const evil = {
    ...form,
    fields: form.fields.map(([n, v]) => [n, n === 'form' ? 'é'.repeat(v.length / 2) : v]),
  };
  t.match(await li.send(evil as typeof form, typed), { status: 403 });
  const url = `/console/cases/${caseId}/decision`;
  const json = await app.app.inject({
    method: 'POST',
    url,
    headers: { cookie: li.cookie() },
    payload: typed,
  });
  t.equal(json.statusCode, 403, 'as JSON, with the cookie alone');
  t.match(await visitorOf(app.app).send(form, typed), { status: 303, location: /said=saidOver/ });
  t.equal(await entries(app), before, 'nothing was written');
  t.match(await li.send(form, typed, { 'sec-fetch-site': 'same-origin' }), { status: 303 });
  t.equal(await entries(app), before + 1, 'and the form itself was good');
});

t.test('names are never markup, nonsense in an address never a fault', async (t) => {
  const { app, keys, at, shortLoad, asked, weighIn } = await setUp(t, true);
  await shortLoad();
  const statementId = await asked();
  await weighIn(1_000);
  await app.deps.follower.catchUp();
  const { items } = (await app.operator.get('/v1/collections?limit=1')).body;
  await app.operator.post(`/v1/collections/${items[0].id}/marks`, { code: 'review', note: EVIL });
  const li = await at(keys.li);
  await li.fill('/console/cases', '/decision', { outcome: 'loss', note: EVIL });
  await li.fill('/console/marks', '/clearing', { note: EVIL });
  await li.fill(`/console/statements/${statementId}`, '/approve', { note: EVIL });
  for (const url of [
    ...['/console', '/console/cases?state=proposed', '/console/marks', '/console/statements?state=in-review'],
    ...[
      `/console/statements/${statementId}`,
      '/console/storage',
      '/console/declarations',
      '/console/waiting',
    ],
  ]) {
    const page = await li.get(url);
    t.equal(page.status, 200, url);
    harmless(t, page);
    t.match(page.html, '&#60;img src=x onerror=alert(1)&#62;', `${url} shows the name as it is`);
  }
  for (const url of [
    ...['/console/cases?cursor=AAAA', '/console/statements/x', `/console/statements/${randomUUID()}`],
    ...['/console/cases?state=nonsense&kind=x', `/console/cases?cursor=${encodeURIComponent(EVIL)}`],
    ...['/console?said=constructor', '/console?said=<b>', '/console/runs', '/console/reconciliation'],
    '/console/statements?state=constructor',
  ]) {
    const page = await li.get(url);
    t.ok(page.status < 500, `${url}: ${page.status}`);
    harmless(t, page);
  }
});

t.test('what waits is counted, led to, and decided: money as well', async (t) => {
  const app = await startTestApp(t);
  const things = await thingsOf(app, EVIL.slice(0, 60));
  const itemId = randomUUID();
  const line = { id: itemId, source: 'bank', rail: 'bank', serial: '20261124000123', day: '2026-11-24' };
  const told = { ...line, kind: 'other', amount: { amount: 50_000, currency: 'CNY' } };
  t.equal((await app.operator.post('/v1/statement-lines/batch', [told])).status, 200);
  const { id: waitingId } = await things.waiting();
  await things.openCase();
  await things.openMark();
  await things.suspendedStatement();
  const hour = 3_600_000;
  const at = (ms: number): string => new Date(Date.now() + ms).toISOString();
  const declared = await things.station.post('/v1/pollutant-declarations', {
    ...things.declarationBody(),
    wantedFrom: at(-3 * hour),
    wantedUntil: at(-2 * hour),
  });
  t.equal(declared.status, 201, JSON.stringify(declared.body));
  const url = `/v1/pollutant-declarations/${declared.body.id}/accept`;
  const accepted = await things.station.post(url, { ...things.etaBody, eta: at(-hour) });
  t.equal(accepted.status, 201, JSON.stringify(accepted.body));
  const received = await things.station.post('/v1/pollutant-receptions', {
    ...things.receptionBody(),
    receivedAt: at(-800 * 24 * hour),
  });
  t.equal(received.status, 201, JSON.stringify(received.body));
  await app.deps.follower.catchUp();

  const { organisationId } = (await app.operator.get('/v1/api-keys')).body.items[0];
  const visitor = async (holder: string): Promise<Visitor> => {
    const one = visitorOf(app.app);
    t.equal(
      (await one.signIn((await app.keyFor(organisationId, 'operator', { holder })).secret)).status,
      303,
    );
    return one;
  };
  const [first, second] = [await visitor('Chen'), await visitor('Gao')];
  const start = await first.get('/console');
  harmless(t, start);
  const links = [...start.html.matchAll(/<li><a href="([^"]+)">([^<]+)<\/a>: <strong>([^<]+)</g)];
  const lines = links.map(([, href, name, count]) => ({ href: href!.replaceAll('&#38;', '&'), name, count }));
  for (const name of [
    ...[
      'Cases that nobody',
      'Marks that wait for a first',
      'Statements that are suspended',
      'Payments that do not fit',
    ],
    ...['Earnings that wait', 'Declarations accepted and not collected', 'Pollutants stored too long'],
  ])
    t.ok(
      lines.find((line) => line.name!.startsWith(name) && Number(line.count) >= 1),
      name,
    );
  for (const { href, name } of lines) {
    const page = await first.get(href.replace(/[?&]lang=en/, ''));
    t.equal(page.status, 200);
    harmless(t, page);
    t.match(page.html, /class="box"|<tbody>/, name!);
  }

  t.match(
    (await first.get('/console/reconciliation')).html,
    new RegExp(`/console/reconciliation/${itemId}/decision`),
  );
  const resolution = { as: 'to-account', to: 'capital', reason: '拨款' };
  const decision = `${itemId}/decision`;
  t.match(await first.fill('/console/reconciliation', decision, { ...resolution, reason: '' }), {
    status: 400,
  });
  t.match(await first.fill('/console/reconciliation', decision, { as: 'to-account', reason: 'x' }), {
    status: 422,
  });
  t.match(await first.fill('/console/reconciliation', decision, resolution), {
    location: /said=saidProposed/,
  });
  t.match(
    (await first.get('/console/reconciliation?state=proposed')).html,
    /by Chen.*You have spoken already/s,
  );
  t.match(await second.fill('/console/reconciliation?state=proposed', decision, { reason: '同意' }), {
    location: /said=saidDecided/,
  });
  t.match((await app.operator.get(`/v1/reconciliation/items/${itemId}`)).body, { state: 'closed' });
  const premium = `${waitingId}/decision`;
  t.match(await first.fill('/console/waiting', premium, { outcome: 'refused' }), { status: 400 });
  t.match(await first.fill('/console/waiting', premium, { outcome: 'owed' }), {
    location: /said=saidDecided/,
  });
  t.notMatch((await first.get('/console/waiting')).html, waitingId);
});

t.test('a dispute is answered by two, with a reason', async (t) => {
  const app = await startTestApp(t);
  const things = await thingsOf(app, EVIL.slice(0, 60));
  const { id, card } = await things.spokenFor();
  const disputed = await things.station.post(`/v1/collections/${id}/dispute`, { about: 'weight', card });
  t.equal(disputed.status, 201, JSON.stringify(disputed.body));
  const { organisationId } = (await app.operator.get('/v1/api-keys')).body.items[0];
  const visitor = async (holder: string): Promise<Visitor> => {
    const one = visitorOf(app.app);
    t.equal(
      (await one.signIn((await app.keyFor(organisationId, 'operator', { holder })).secret)).status,
      303,
    );
    return one;
  };
  const [first, second] = [await visitor('Chen'), await visitor('Gao')];
  t.match((await first.get('/console')).html, /Disputes of collectors/);
  const list = '/console/cases?kind=dispute';
  const page = await first.get(list);
  harmless(t, page);
  t.match(
    page.html,
    /Dispute.*Disputed<\/dt><dd>Weight.*Due<\/dt><dd>2\d\d\d-.*Rejected: the weigh-in stands/s,
  );
  t.notMatch(page.html, /value="loss"/, 'no loss is decided of a dispute');
  t.match(await first.fill(list, '/decision', { outcome: 'rejected' }), {
    status: 422,
    html: /Write a reason/,
  });
  t.match(await first.fill(list, '/decision', { outcome: 'rejected', note: '秤已检定' }), {
    location: /said=saidProposed/,
  });
  t.match((await second.get('/console/cases?state=proposed')).html, /Rejected, by Chen.*秤已检定/s);
  t.match(await second.fill('/console/cases?state=proposed', '/decision', { note: '复核相符' }), {
    location: /said=saidDecided/,
  });
  t.match((await app.operator.get(`/v1/collections/${id}/disputes`)).body.items, [{ outcome: 'rejected' }]);
});

t.test('a session holds in every process, and ends in all with its key', async (t) => {
  const { app, keys, at } = await setUp(t);
  const here = await at(keys.li);
  const other = await app.restart();
  t.teardown(other.close);
  const there = visitorOf(other.app);
  there.take(here.cookie());
  t.match((await there.get('/console')).html, /Signed in as Li Wei/);
  t.equal((await app.operator.post(`/v1/api-keys/${keys.li.id}/revoke`)).status, 200);
  t.match((await there.get('/console')).html, /You are not signed in any more/);
  t.match((await here.get('/console')).html, /name="key"/);
});
