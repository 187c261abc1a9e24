import { randomBytes } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import t, { type Test } from 'tap';
import { sha256 } from '../../src/kernel/hash.ts';
import { databaseSource, verifyEntries } from '../../src/ledger/check.ts';
import { parseCheckpoint } from '../../src/ledger/checkpoint.ts';
import { idOf } from '../../src/ledger/key-history.ts';
import { type NoteSigner, verifyEd25519 } from '../../src/ledger/log-key.ts';
import { parseNote, verifyNote } from '../../src/ledger/note.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { firstSigner, newLogKey, retirementOf } from '../support/log-keys.ts';

const checkpoint = async ({ app }: Pick<TestApp, 'app'>): Promise<string> =>
  (await app.inject('/log/checkpoint')).body;

/** Which of the keys signed a note, by id. */
const signersOf = (note: string, keys: readonly NoteSigner[]): string[] =>
  verifyNote(
    parseNote(note),
    keys.map(({ key }) => key),
    verifyEd25519,
  ).map(({ key }) => idOf(key));

const sizeOf = (note: string): number => parseCheckpoint(parseNote(note).text).size;

/** The checkpoint over at least so many entries. */
const covering = async (app: Pick<TestApp, 'app' | 'deps'>, size: number): Promise<string> => {
  if ((await app.deps.publisher.covering(size, 8_000)) === null) throw new Error(`nothing covers ${size}`);
  return checkpoint(app);
};

const something = async (app: TestApp): Promise<number> =>
  (await app.operator.post('/v1/organisations', { name: '某站', kind: 'station' })).body.receipt.seq;

const verified = async (app: TestApp, kept: string[] = []) =>
  verifyEntries(await databaseSource(app.deps.pool, app.deps.keyring), undefined, { kept });

t.test('a key is added, both sign, the old one ends, and old checkpoints still count', async (t) => {
  const app = await startTestApp(t);
  const { config } = app.deps;
  const first = firstSigner(config);
  const before = await covering(app, (await something(app)) + 1);
  t.same(signersOf(before, [first]), [idOf(first.key)]);

  const next = newLogKey(config);
  next.keep();
  const added = await app.operator.post('/v1/ledger/keys', next.body);
  t.match(added, { status: 201, body: { id: next.id } });
  const both = await covering(app, (await something(app)) + 1);
  t.same(signersOf(both, [first, next.signer]), [idOf(first.key), next.id], 'both sign');
  t.same((await verified(app, [before])).checkpoints.length, 3);

  const retired = await app.operator.post(
    `/v1/ledger/keys/${idOf(first.key)}/retire`,
    retirementOf(first, next.signer),
  );
  t.equal(retired.status, 200, JSON.stringify(retired.body));
  const after = await covering(app, (await something(app)) + 1);
  t.same(signersOf(after, [first, next.signer]), [next.id], 'the old one signs no more');

  const { body } = await app.operator.get('/v1/ledger/keys');
  t.match(body.items, [
    { id: idOf(first.key), seq: 0, retiredSeq: retired.body.receipt.seq, addedUnder: null },
    { id: next.id, seq: added.body.receipt.seq, retiredSeq: null, retiredUnder: null },
  ]);
  for (const [under, seq] of [
    [body.items[1].addedUnder, added.body.receipt.seq],
    [body.items[0].retiredUnder, retired.body.receipt.seq],
  ]) {
    t.equal(sizeOf(under), seq + 1, 'a fact about keys is the last entry of a checkpoint of its own');
    t.same(signersOf(under, [first, next.signer]), [idOf(first.key), next.id]);
  }
  await verified(app, [before, both, after]);

  rmSync(config.ledgerKeyFile);
  const again = await app.restart();
  t.equal((await again.app.inject('/health/ready')).json().readOnly, null, 'the old file is needed no more');
  const later = await covering(again, (await something(app)) + 1);
  t.same(signersOf(later, [first, next.signer]), [next.id]);
  await again.close();
  rmSync(next.file);
  await t.rejects(app.restart(), /is missing, and the ledger has entries/);
});
