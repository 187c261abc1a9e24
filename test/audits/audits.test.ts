import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { buildApp } from '../../src/app.ts';
import { type Answer, type Client, startTestApp, type TestApp } from '../support/app.ts';
import { thingsOf } from '../support/things.ts';

const DAY_MS = 86_400_000;
const day = (shift: number) =>
  new Date(Date.now() + 8 * 3_600_000 + shift * DAY_MS).toISOString().slice(0, 10);
const time = (shift: number) => new Date(Date.now() + shift).toISOString();
const made = ({ status, body }: Answer): Answer['body'] => {
  if (status >= 300) throw new Error(`${status} ${JSON.stringify(body)}`);
  return body;
};

/** An audited organisation with two sites, an auditor of another, and how to let him look. */
const auditOf = async (app: TestApp) => {
  const audited = await thingsOf(app, 'canary');
  const auditorId = made(await app.operator.post('/v1/organisations', { name: 'Body', kind: 'auditor' })).id;
  const auditor = await app.keyFor(auditorId, 'auditor', { holder: 'Auditor Li' });
  const request = (more: object = {}) => ({
    ...{ auditorId, body: '某审计机构', siteIds: [audited.siteId], firstDay: day(-1), lastDay: day(0) },
    ...{ opensAt: time(-60_000), closesAt: time(DAY_MS), sampleSize: 5, ...more },
  });
  const open = async (more: object = {}) => made(await app.operator.post('/v1/audits', request(more)));
  const opening = (seq: number, client: Client = auditor) => client.get(`/v1/ledger/entries/${seq}/opening`);
  return { audited, auditorId, auditor, request, open, opening };
};

t.test('an auditor opens what lies in his audit, in its time, and each opening is a fact', async (t) => {
  const app = await startTestApp(t);
  const { audited, auditorId, auditor, open, opening } = await auditOf(app);
  const weighIn = await audited.collection();
  const elsewhere = made(
    await audited.station.post('/v1/collections', {
      ...audited.collectionBody(),
      siteId: audited.secondSiteId,
    }),
  );
  const corrected = made(
    await audited.station.post(`/v1/collections/${weighIn.id}/correction`, {
      grossGrams: 9_000,
      reason: 'misread',
    }),
  );
  const { seq } = weighIn.receipt;
  t.equal((await opening(seq)).status, 404, 'no audit, no opening');

  const past = await open({ firstDay: day(-40), lastDay: day(-30) });
  t.equal((await opening(seq)).status, 404, 'another period');
  await open({ opensAt: time(DAY_MS / 2) });
  t.equal((await opening(seq)).status, 404, 'its time has not come');
  const audit = await open();
  const reads = async () => made(await app.operator.get(`/v1/audits/${audit.id}/reads`)).items;
  t.same(await reads(), []);

  const before = (await app.deps.pool.query('SELECT size FROM head')).rows[0].size;
  const shown = await opening(seq);
  t.match(shown, { status: 200, body: { main: { part: { bagTag: 'canary' } } } });
  t.match(await reads(), [{ seq: before, holder: 'Auditor Li', entries: [seq] }], 'and it is a fact');
  const { items } = made(await app.operator.get(`/v1/ledger/entries?fromSeq=${before}`));
  t.match(items, [{ entry: { type: 'audit.openings-read.v1', actor: auditorId } }]);
  t.strictSame(
    Object.keys(items[0].entry.data).sort(),
    ['auditId', 'sealed', 'seq'],
    'no entry is named in it',
  );

  t.equal((await opening(corrected.receipt.seq)).status, 200, 'a correction goes with its weigh-in');
  t.equal((await opening(elsewhere.receipt.seq)).status, 404, 'another site');
  t.equal((await opening(audit.receipt.seq)).status, 200, 'what opened the audit itself');
  t.equal((await reads()).length, 3);
  const foreign = made(await app.operator.post('/v1/organisations', { name: 'Other', kind: 'auditor' })).id;
  const stranger = await app.keyFor(foreign, 'auditor');
  t.equal((await opening(seq, stranger)).status, 404, 'another auditor');
  t.equal((await stranger.get(`/v1/audits/${audit.id}`)).status, 404);
  t.same((await stranger.get('/v1/audits')).body.items, []);
  const bundle = async (client = auditor) =>
    (await client.get(`/v1/ledger/entries/${seq}/bundle`)).body.entries.at(-1).openings;
  t.ok(await bundle(), 'taken home opened');
  t.equal((await reads()).length, 4, 'which is written down too');
  t.equal(await bundle(stranger), null);

  t.equal((await stranger.post(`/v1/audits/${audit.id}/close`)).status, 404);
  t.equal((await auditor.post(`/v1/audits/${audit.id}/close`)).status, 200);
  t.equal((await app.operator.post(`/v1/audits/${audit.id}/close`)).status, 409);
  t.equal((await opening(seq)).status, 404, 'closed');
  t.equal(await bundle(), null);
  t.equal((await reads()).length, 4);
  t.match(made(await auditor.get(`/v1/audits/${past.id}`)), { state: 'open', body: '某审计机构' });
});

t.test('the time box ends by itself, and ten readings at once are ten facts', async (t) => {
  const app = await startTestApp(t);
  const { audited, open, opening } = await auditOf(app);
  const { receipt } = await audited.collection();
  const closes = Date.now() + 2_500;
  const audit = await open({ closesAt: new Date(closes).toISOString() });
  const answers = await Promise.all(Array.from({ length: 10 }, () => opening(receipt.seq)));
  t.same(
    answers.map(({ status }) => status),
    Array(10).fill(200),
  );
  const { items } = made(await app.operator.get(`/v1/audits/${audit.id}/reads?limit=4`));
  t.equal(items.length, 4, 'paged');
  const all = made(await app.operator.get(`/v1/audits/${audit.id}/reads`)).items;
  t.equal(new Set(all.map((read: { seq: number }) => read.seq)).size, 10);
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, closes - Date.now()) + 20));
  t.equal((await opening(receipt.seq)).status, 404, 'over');
});

t.test('nobody audits himself, nobody without end, nobody what is not known', async (t) => {
  const app = await startTestApp(t);
  const { audited, request, auditorId } = await auditOf(app);
  const refused = async (more: object) => {
    const { status, body } = await app.operator.post('/v1/audits', request(more));
    return `${status} ${body.code}`;
  };
  t.equal(await refused({ auditorId: audited.organisationId }), '422 audits_itself');
  t.equal(await refused({ auditorId: app.deps.programme.operatorId }), '422 audits_itself');
  t.equal(await refused({ auditorId: audited.siteId }), '422 unknown_organisation');
  t.equal(await refused({ siteIds: [auditorId] }), '422 unknown_site');
  t.equal(await refused({ siteIds: [audited.siteId, audited.siteId] }), '422 site_named_twice');
  t.equal(await refused({ closesAt: time(200 * DAY_MS) }), '422 box_too_long');
  t.equal(await refused({ opensAt: time(-DAY_MS), closesAt: time(-1_000) }), '422 in_the_past');
  t.match(await refused({ firstDay: day(0), lastDay: day(-1) }), /^400/);
  t.match(await refused({ sampleSize: 501 }), /^400/);
});

const draw = async (t: Test, files: { exported: string; sample: object; opening: object }) => {
  const dir = await mkdtemp(path.join(os.tmpdir(), 'blue-cycle-audit-'));
  t.teardown(() => rm(dir, { recursive: true, force: true }));
  const paths = ['log.ndjson', 'sample.json', 'opening.json'].map((name) => path.join(dir, name));
  await writeFile(paths[0]!, files.exported);
  await writeFile(paths[1]!, JSON.stringify(files.sample));
  await writeFile(paths[2]!, JSON.stringify(files.opening));
  try {
    const { stdout } = await promisify(execFile)(process.execPath, ['examples/audit-sample.mjs', ...paths]);
    return stdout.trim();
  } catch (error) {
    return (error as { stderr: string }).stderr.trim();
  }
};

t.test('a sample is drawn by the ledger: recomputed from an export, and by nobody chosen', async (t) => {
  const app = await startTestApp(t);
  const { audited, auditor, open } = await auditOf(app);
  const seqs: number[] = [];
  for (let i = 0; i < 20; i++) seqs.push((await audited.collection()).receipt.seq);
  await audited.station.post('/v1/collections', {
    ...audited.collectionBody(),
    siteId: audited.secondSiteId,
  });
  const audit = await open();
  const sampleUrl = `/v1/audits/${audit.id}/sample`;
  const sample = made(await auditor.get(sampleUrl));
  t.match(sample, { population: 20, treeSize: audit.receipt.seq + 1, sampleSize: 5 });
  const drawn = sample.items.map((item: { seq: number }) => item.seq);
  t.equal(new Set(drawn).size, 5);
  t.ok(drawn.every((seq: number) => seqs.includes(seq)));
  t.notSame(drawn, seqs.slice(0, 5));
  await audited.collection();
  t.same(made(await auditor.get(sampleUrl)), sample, 'what comes in later changes nothing');
  const another = await open();
  const other = made(await auditor.get(`/v1/audits/${another.id}/sample`));
  t.notSame(other.items, sample.items, 'another audit, another root, another sample');

  const { items } = made(await app.operator.get('/v1/ledger/entries?limit=1000'));
  const exported = items.map(({ bytes }: { bytes: string }) => `${bytes}\n`).join('');
  const opening = made(await auditor.get(`/v1/ledger/entries/${audit.receipt.seq}/opening`));
  const files = { exported, sample, opening };
  t.match(await draw(t, files), /^good: 5 of 20 weigh-ins/);
  const [first, ...rest] = sample.items;
  const swapped = { ...first, seq: seqs.find((seq) => !drawn.includes(seq)) };
  t.match(
    await draw(t, { ...files, sample: { ...sample, items: [swapped, ...rest] } }),
    /not good: drawn are/,
  );
  t.match(
    await draw(t, { ...files, sample: { ...sample, sampleSize: 4, items: sample.items.slice(0, 4) } }),
    /sampleSize is not what was sealed/,
  );
  const lines = exported.split('\n');
  const changed = lines.map((line: string, i: number) =>
    i === seqs[0] ? line.replace('"grossGrams":10000', '"grossGrams":10001') : line,
  );
  t.notSame(changed, lines);
  t.match(await draw(t, { ...files, exported: changed.join('\n') }), /root over these entries is another/);
  t.match(await draw(t, { ...files, exported: lines.slice(0, 9).join('\n') }), /the export has 9 entries/);
  t.ok((await readFile('examples/audit-sample.mjs', 'utf8')).split('\n').length < 100);
});

t.test('findings: answered by the audited, closed by the auditor and nobody else', async (t) => {
  const app = await startTestApp(t);
  const { audited, auditorId, auditor, open } = await auditOf(app);
  const audit = await open();
  const url = `/v1/audits/${audit.id}/findings`;
  const finding = { severity: 'major', dueOn: day(1), text: '两次称重没有照片', siteId: audited.siteId };
  t.equal((await app.operator.post(url, finding)).status, 403, 'not the operator');
  t.match(await auditor.post(url, { ...finding, siteId: audited.secondSiteId }), {
    status: 422,
    body: { code: 'outside_scope' },
  });
  t.match(await auditor.post(url, { ...finding, dueOn: day(-1) }), { status: 422 });
  t.match(await auditor.post(url, { ...finding, entries: [9_999] }), { body: { code: 'beyond_head' } });
  const { id, receipt } = made(await auditor.post(url, finding));
  const entry = made(await app.operator.get(`/v1/ledger/entries/${receipt.seq}`)).entry;
  t.strictSame(Object.keys(entry.data).sort(), ['auditId', 'findingId', 'sealed', 'seq']);
  const answers = `/v1/audit-findings/${id}/answers`;
  const judgements = `/v1/audit-findings/${id}/judgements`;
  const list = async (client: Client = auditor, query = '') =>
    made(await client.get(`/v1/audit-findings${query}`)).items;
  t.match(await list(audited.station), [{ id, state: 'open', overdue: false, text: '两次称重没有照片' }]);
  const stranger = await app.site('station');
  t.same(await list(stranger.client), [], 'not another station');
  t.equal((await stranger.client.post(answers, { text: 'x' })).status, 404);
  t.match(await auditor.post(judgements, { outcome: 'closed' }), {
    status: 409,
    body: { code: 'not_answered' },
  });
  t.equal((await auditor.post(answers, { text: 'x' })).status, 403, 'the auditor does not answer');
  made(await audited.station.post(answers, { text: '已补拍', evidence: ['ab'.repeat(32)] }));
  t.equal(
    (await audited.station.post(judgements, { outcome: 'closed' })).status,
    403,
    'nor the audited close',
  );
  t.equal((await app.operator.post(judgements, { outcome: 'closed' })).status, 403, 'nor the operator');
  const insider = await app.keyFor(auditorId, 'auditor', { holder: 'CANARY' });
  t.match(await insider.post(judgements, { outcome: 'closed' }), {
    status: 403,
    body: { code: 'same_holder' },
  });
  const otherBody = made(await app.operator.post('/v1/organisations', { name: 'Other', kind: 'auditor' })).id;
  const otherAuditor = await app.keyFor(otherBody, 'auditor');
  t.equal((await otherAuditor.post(judgements, { outcome: 'closed' })).status, 404);
  t.same(await list(otherAuditor), []);
  made(await auditor.post(judgements, { outcome: 'open-again', dueOn: day(0), note: '照片看不清' }));
  t.match(await list(), [{ state: 'open', dueOn: day(0), judgement: { outcome: 'open-again' } }]);
  t.same(await list(auditor, '?state=overdue'), [], 'today is in time');
  made(await audited.station.post(answers, { text: '又补拍' }));
  made(await auditor.post(`/v1/audits/${audit.id}/close`));
  t.match(await auditor.post(url, finding), { status: 409, body: { code: 'audit_closed' } });
  const both = await Promise.all([1, 2].map(() => auditor.post(judgements, { outcome: 'closed' })));
  t.same(both.map(({ status }) => status).sort(), [201, 409], 'closed once, also after the audit');
  t.match(await audited.station.post(answers, { text: 'x' }), {
    status: 409,
    body: { code: 'already_closed' },
  });
  t.match(await list(app.operator, `?auditId=${audit.id}&state=closed`), [
    { id, answer: { text: '又补拍' } },
  ]);
});

t.test('what is due is overdue a day later', async (t) => {
  const app = await startTestApp(t);
  const { audited, auditor, open } = await auditOf(app);
  const audit = await open();
  const url = `/v1/audits/${audit.id}/findings`;
  const finding = { severity: 'minor', dueOn: day(0), text: 'x' };
  const { id } = made(await auditor.post(url, finding));
  const answered = made(await auditor.post(url, finding));
  made(await audited.station.post(`/v1/audit-findings/${answered.id}/answers`, { text: 'y' }));
  const now = app.deps.clock;
  const second = await app.restart();
  Object.assign(second.deps, { clock: () => now() + DAY_MS });
  const later = await buildApp(second.deps);
  const response = await later.inject({
    url: '/v1/audit-findings?state=overdue',
    headers: { authorization: `Bearer ${auditor.secret}` },
  });
  t.match(response.json().items, [{ id, overdue: true, state: 'open' }]);
  t.equal(response.json().items.length, 1, 'an answered one waits for the auditor');
  await later.close();
  await second.close();
});
