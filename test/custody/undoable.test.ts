import t from 'tap';
import { MAX_PARTS } from '../../src/custody/custody.operations.ts';
import { MAX_ENTRY_BYTES } from '../../src/ledger/entry.ts';
import { MAX_INPUTS } from '../../src/lots/lots.ts';
import { ok, startLoads } from '../support/loads.ts';

const OUTPUTS = 100;
const LOSSES = 20;
const LOT_GRAMS = 90_000_000;
/** What a lot's line in a fact may still grow by: a mass of 16 digits and two positions of ten, of nine and two now. */
const ROOM_A_LOT = 7 + 2 * 8;

const bottles = (count: number) =>
  Array.from({ length: count }, () => ({ material: 'pet', form: 'bottle', grams: LOT_GRAMS }));

t.test('what names as many lots as one fact may can be undone, and by far', async (t) => {
  const { app, from, to, stock } = await startLoads(t);
  const { client, siteId } = from;
  const post = async (path: string, body: object) => ok(await client.post(path, body));
  const lots: string[] = [];
  while (lots.length < MAX_INPUTS) {
    const heap = {
      siteId,
      kind: 'opening-stock',
      material: 'pet',
      form: 'bottle',
      grams: LOT_GRAMS * OUTPUTS,
    };
    const { lot } = await post('/v1/outside-materials', heap);
    const run = { siteId, step: 'split', inputs: [{ lotId: lot.id }], outputs: bottles(OUTPUTS), losses: [] };
    const { outputs } = await post('/v1/process-runs', run);
    lots.push(...outputs.map(({ lotId }: { lotId: string }) => lotId));
  }
  const before = await stock(from);
  /** Once what is read behind the ledger has come to the fact. */
  const stockAfter = async ({ receipt }: { receipt: { seq: number } }): Promise<number> => {
    t.ok(await app.deps.follower.reaches(receipt.seq, 60_000));
    return stock(from);
  };
  const bytesOf = async ({ receipt }: { receipt: { seq: number } }): Promise<number> => {
    const { entry } = ok(await app.operator.get(`/v1/ledger/entries/${receipt.seq}`), 200);
    return Buffer.byteLength(JSON.stringify(entry));
  };
  const fits = async (what: string, fact: { receipt: { seq: number } }, lines: number) => {
    const bytes = await bytesOf(fact);
    t.comment(`${what}: ${bytes} bytes`);
    t.ok(bytes + lines * ROOM_A_LOT <= MAX_ENTRY_BYTES, `${what}: ${bytes} bytes of ${lines} lots`);
  };
  const use = (grams?: number, count = MAX_INPUTS) =>
    lots.map((lotId, i) => (grams === undefined || i >= count ? { lotId } : { lotId, grams }));

  const load = (parts: number) => ({ fromSiteId: siteId, toSiteId: to.siteId, lots: use(1, parts) });
  t.match(await client.post('/v1/shipments', load(MAX_PARTS + 1)), {
    status: 422,
    body: { code: 'too_many_parts', errors: [{ pointer: '/lots', reason: /send two loads/ }] },
  });
  t.equal(await stock(from), before);
  const sent = await post('/v1/shipments', load(MAX_PARTS));
  await fits('a load', sent, MAX_INPUTS);
  const back = await post(`/v1/shipments/${sent.id}/void`, { reason: '装错' });
  await fits('its void', back, MAX_INPUTS);
  t.equal(await stockAfter(back), before);

  const run = await post('/v1/process-runs', {
    siteId,
    step: 'sort',
    inputs: use(LOT_GRAMS - 1),
    outputs: [
      ...bottles(OUTPUTS - 1),
      {
        material: 'pet',
        form: 'bottle',
        grams: MAX_INPUTS * (LOT_GRAMS - 1) - LOT_GRAMS * (OUTPUTS - 1) - LOSSES,
      },
    ],
    losses: Array.from({ length: LOSSES }, () => ({ kind: 'scale-difference', grams: 1 })),
  });
  await fits('a run', run, 0);
  const undone = await post(`/v1/process-runs/${run.id}/void`, { reason: '录错' });
  await fits('its void', undone, MAX_INPUTS);
  t.equal(await stockAfter(undone), before);

  const batch = await post('/v1/batches', { siteId, inputs: use(1) });
  await fits('a batch', batch, MAX_INPUTS);
  const unsealed = await post(`/v1/batches/${batch.id}/void`, { reason: '录错' });
  await fits('its unsealing', unsealed, MAX_INPUTS);
  t.equal(await stockAfter(unsealed), before);
});
