import { randomUUID } from 'node:crypto';
import t from 'tap';
import { startTestApp } from '../support/app.ts';

const weighIn = (siteId: string, more: object = {}) => ({
  id: randomUUID(),
  siteId,
  material: 'pet',
  form: 'bottle',
  originClass: 'sea-recovered',
  grossGrams: 12_600,
  tareGrams: 600,
  basis: 'weighed',
  collectedAt: new Date(Date.now() - 3_600_000).toISOString(),
  quote: { price: { amount: 3, currency: 'CNY', perGrams: 10 } },
  ...more,
});

t.test(
  'a slip typed in later is recorded, paid, marked, and claimable once two have cleared it',
  async (t) => {
    const { site, operator, keyFor, deps } = await startTestApp(t);
    const { client, siteId, organisationId } = await site('station');
    const collector = await client.post('/v1/collectors', { siteId, name: '王海生' });
    const collectorId = collector.body.id;
    const body = weighIn(siteId, {
      collectorId,
      paper: { slipNo: 'B2-0017', writtenBy: '林家长' },
      collectedAt: new Date(Date.now() - 30 * 86_400_000).toISOString(),
    });
    const second = await keyFor(organisationId, 'station', { holder: '陈会计' });
    const typed = await second.post('/v1/collections', body);
    t.match(typed.body, {
      lot: { grams: 12_000, claimableGrams: 0 },
      payGrams: 12_000,
      marks: ['paper'],
      earning: { amount: 3_600, currency: 'CNY' },
    });
    const read = await client.get(`/v1/collections/${body.id}`);
    t.match(read.body, { slipNo: 'B2-0017', paper: { writtenBy: '林家长' }, marks: ['paper'] });
    const entry = await operator.get(`/v1/ledger/entries/${typed.body.receipt.seq}`);
    t.notMatch(JSON.stringify(entry.body), /B2-0017|林家长/, 'neither number nor writer is public');

    const marks = await operator.get(`/v1/marks?siteId=${siteId}&code=paper`);
    t.equal(marks.body.items.length, 1);
    const [mark] = marks.body.items;
    t.equal(
      (await client.post(`/v1/marks/${mark.id}/clearings`, { note: 'x' })).status,
      403,
      'who profits may not',
    );
    const body2 = await operator.post('/v1/organisations', { name: '认证机构', kind: 'certifier' });
    const certifier = await keyFor(body2.body.id, 'certifier');
    t.equal(
      (await operator.post(`/v1/marks/${mark.id}/clearings`, { note: '存根相符' })).body.state,
      'proposed',
    );
    t.equal((await certifier.post(`/v1/marks/${mark.id}/clearings`, {})).body.state, 'cleared');
    await deps.follower.catchUp();
    t.same((await client.get(`/v1/collections/${body.id}`)).body.marks, []);
    t.equal((await client.get(`/v1/lots/${typed.body.lot.id}`)).body.claimableGrams, 12_000);
  },
);

t.test('a weigh-in told by the phone and from paper is one lot and one earning', async (t) => {
  const { site, deps } = await startTestApp(t);
  const { client, siteId } = await site('station');
  const post = (more: object) => client.post('/v1/collections', weighIn(siteId, more));
  const lots = async () => (await deps.pool.query('SELECT count(*)::int4 AS n FROM lots')).rows[0].n;

  const phone = await post({ slipNo: 'A-1' });
  t.same(phone.body.marks, ['unresolved']);
  const again = await post({ paper: { slipNo: 'A-1' } });
  t.equal(again.status, 409);
  t.match(again.body, {
    code: 'duplicate_slip',
    state: { id: phone.body.id, seq: phone.body.receipt.seq, recordedFrom: 'phone' },
  });
  const paper = await post({ paper: { slipNo: 'A-2' } });
  t.equal(paper.status, 201);
  t.match((await post({ slipNo: 'A-2' })).body, {
    code: 'duplicate_slip',
    state: { id: paper.body.id, recordedFrom: 'paper' },
  });
  t.match((await post({ paper: { slipNo: 'A-2', writtenBy: '另一人' } })).body, { code: 'duplicate_slip' });

  const tagged = await post({ bagTag: 'T-9' });
  t.match((await post({ bagTag: 'T-9', paper: { slipNo: 'A-3' } })).body, {
    code: 'duplicate_slip',
    state: { id: tagged.body.id },
  });
  t.same((await post({ bagTag: 'T-9' })).body.marks, ['unresolved'], 'one phone, one tag, two bags');
  t.equal(await lots(), 4);

  const typo = await post({ bagTag: 'T-9', paper: { slipNo: 'A-4' }, grossGrams: 21_600 });
  t.equal(typo.status, 201, 'other weights may be another bag');
  t.same(typo.body.marks, ['unresolved', 'paper', 'possible-duplicate']);
  const line = await post({ paper: { slipNo: 'A-4' }, material: 'pe-hd' });
  t.same(line.body.marks, ['unresolved', 'paper'], 'another line of one slip');
  const yesterday = new Date(Date.now() - 2 * 86_400_000).toISOString();
  const earlier = await post({ bagTag: 'T-9', paper: { slipNo: 'A-5' }, collectedAt: yesterday });
  t.same(earlier.body.marks, ['unresolved', 'paper'], 'the tag of another day');

  t.equal((await client.post(`/v1/collections/${phone.body.id}/void`, { reason: '重复' })).status, 201);
  t.equal((await post({ paper: { slipNo: 'A-1' } })).status, 201, 'what was voided stands no longer');

  const other = await site('station');
  const theirs = await other.client.post(
    '/v1/collections',
    weighIn(other.siteId, { paper: { slipNo: 'A-2' } }),
  );
  t.equal(theirs.status, 201, 'each station has a book of its own');
  t.equal((await post({ slipNo: 'A-6', paper: { slipNo: 'A-6' } })).body.code, 'malformed');
});

t.test('of two that tell one slip at once, one wins; in one upload as well', async (t) => {
  const { site } = await startTestApp(t);
  const { client, siteId } = await site('station');
  const [phone, paper] = [weighIn(siteId, { slipNo: 'R-1' }), weighIn(siteId, { paper: { slipNo: 'R-1' } })];
  const raced = await Promise.all([phone, paper].map((body) => client.post('/v1/collections', body)));
  t.same(raced.map(({ status }) => status).sort(), [201, 409]);
  const upload = [
    weighIn(siteId, { bagTag: 'R-2' }),
    weighIn(siteId, { bagTag: 'R-2', paper: { slipNo: 'R-2' } }),
  ];
  const { items } = (await client.post('/v1/collections/batch', upload)).body;
  t.same(items.map((item: { status: number }) => item.status).sort(), [201, 409]);
  const repeat = (await client.post('/v1/collections/batch', upload)).body.items;
  t.same(
    repeat.map((item: { status: number; replayed?: boolean }) => [item.status, item.replayed ?? false]),
    items.map((item: { status: number }) => [item.status, item.status === 201]),
  );
});

t.test(
  'what a doubtful clock says is kept, and the weigh-in falls into the day it was recorded',
  async (t) => {
    const { site } = await startTestApp(t);
    const { client, siteId } = await site('station');
    const collectorId = (await client.post('/v1/collectors', { siteId, name: '王海生' })).body.id;
    const today = new Date(Date.now() + 8 * 3_600_000).toISOString().slice(0, 10);
    const read = async (collectedAt: string) => {
      const { body } = await client.post('/v1/collections', weighIn(siteId, { collectorId, collectedAt }));
      return (await client.get(`/v1/collections/${body.id}`)).body;
    };
    const soon = (ms: number) => new Date(Date.now() + ms).toISOString();
    for (const collectedAt of ['1970-01-01T00:00:00Z', '2038-01-19T03:14:08Z', soon(11 * 60_000)])
      t.match(await read(collectedAt), {
        collectedAt,
        day: today,
        marks: ['clock-doubtful'],
        payGrams: 12_000,
        earning: { amount: 3_600 },
        lot: { claimableGrams: 0 },
      });
    t.match(await read('2026-01-31T20:00:00Z'), { day: '2026-02-01', marks: ['late'] });
    t.same((await read(soon(9 * 60_000))).marks, [], 'a clock may run ahead a little');
  },
);
