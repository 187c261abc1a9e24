import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { sha256 } from '../../src/kernel/hash.ts';
import { databaseSource, verifyEntries } from '../../src/ledger/check.ts';
import { formatCheckpoint, parseCheckpoint } from '../../src/ledger/checkpoint.ts';
import { draft, type Operation } from '../../src/ledger/fact.ts';
import { additionText, idOf, retirementText } from '../../src/ledger/key-history.ts';
import { type NoteSigner, signNote, verifyEd25519 } from '../../src/ledger/log-key.ts';
import { formatKey, parseNote, verifyNote } from '../../src/ledger/note.ts';
import { Tree } from '../../src/ledger/tree.ts';
import { PROGRAMME } from '../../src/registry/access.ts';
import { logKeyAdded, logKeyRetired } from '../../src/registry/log-keys.facts.ts';
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

/** Adds a key whose file lies beside the first, and returns it with the first. */
const rotated = async (app: TestApp) => {
  const first = firstSigner(app.deps.config);
  const next = newLogKey(app.deps.config);
  next.keep();
  const added = await app.operator.post('/v1/ledger/keys', next.body);
  if (added.status !== 201) throw new Error(JSON.stringify(added.body));
  const retire = async () => {
    const retired = await app.operator.post(
      `/v1/ledger/keys/${idOf(first.key)}/retire`,
      retirementOf(first, next.signer),
    );
    if (retired.status !== 200) throw new Error(JSON.stringify(retired.body));
    return retired.body.receipt.seq as number;
  };
  return { first, next, added: added.body.receipt.seq as number, retire };
};

t.test('nobody names a key who does not hold one, and none is retired that must go on', async (t) => {
  const app = await startTestApp(t);
  const { config } = app.deps;
  const first = firstSigner(config);
  const firstId = idOf(first.key);
  const [one, stranger] = [newLogKey(config), newLogKey(config)];
  const add = (body: object) => app.operator.post('/v1/ledger/keys', body);
  const refused = { status: 422, body: { code: 'not_signed' } };
  const over = (text: string, ...by: NoteSigner[]) => ({ ...one.body, note: signNote(text, by) });
  const text = additionText(one.signer.key);
  t.match(await add(over(text, one.signer)), refused, 'by itself alone');
  t.match(await add(over(text, first)), refused, 'of which nobody holds the private part');
  t.match(await add(over(text, stranger.signer, one.signer)), refused, 'by a key the log does not have');
  t.match(await add(over(additionText(stranger.signer.key), first, one.signer)), refused, 'of another key');
  t.match(await add({ ...one.body, note: 'none' }), refused);
  const flipped = one.body.note.replace(/(.)(.{4})\n$/, (_, c, rest) => `${c === 'A' ? 'B' : 'A'}${rest}\n`);
  t.not(flipped, one.body.note);
  t.match(await add({ ...one.body, note: flipped }), refused);
  const named = newLogKey({ ...config, ledgerOrigin: 'elsewhere.example/log' }, [first]);
  t.match(await add(named.body), refused, 'under another name');
  const witness = formatKey({ ...one.signer.key, algorithm: 4 });
  t.match(await add({ ...one.body, logKey: witness }), { status: 422, body: { code: 'not_a_key' } });

  t.equal((await add(one.body)).status, 201);
  t.match(await add(one.body), { status: 409, body: { code: 'log_key_known' } });
  const retire = (id: string, body: object) => app.operator.post(`/v1/ledger/keys/${id}/retire`, body);
  t.match(await retire(firstId, retirementOf(first, one.signer)), {
    status: 409,
    body: { code: 'log_key_not_here' },
  });
  one.keep();
  t.match(await retire(firstId, retirementOf(first, one.signer, [one.signer])), refused, 'by a younger key');
  t.match(
    await retire(firstId, { successor: one.id, note: retirementOf(one.signer, first, [first]).note }),
    refused,
    'of another key',
  );
  t.match(await retire(firstId, { ...retirementOf(first, one.signer), successor: firstId }), {
    status: 422,
    body: { code: 'unknown_log_key' },
  });
  t.equal((await retire('00000000', retirementOf(first, one.signer))).status, 404);
  t.equal((await retire(firstId, retirementOf(first, one.signer))).status, 200);
  t.match(await retire(firstId, retirementOf(first, one.signer)), {
    status: 409,
    body: { code: 'log_key_retired' },
  });
  t.match(await retire(one.id, retirementOf(one.signer, first)), {
    status: 409,
    body: { code: 'log_key_retired' },
  });
  t.match(await add(newLogKey(config, [first]).body), refused, 'the old key vouches for no more');
  await covering(app, (await something(app)) + 1);
});

/** Records a fact about keys past all rules, as whoever changed the code of the service could. */
const smuggle = <Data extends object>(
  { deps }: TestApp,
  type: Parameters<typeof draft<Data, never>>[0]['type'],
  data: Data,
) => {
  const operation: Operation<object, object> = {
    name: 'smuggle',
    roles: ['programme'],
    status: 201,
    decide: () => draft({ type, data }),
    answer: () => ({}),
  };
  const key = { id: deps.newId(), fingerprint: deps.keyring.fingerprint('smuggle') };
  return deps.door.record(operation, {}, PROGRAMME, key);
};

t.test(
  'a key that no older one signed for is a fault, and so is one used before or after its time',
  async (t) => {
    const app = await startTestApp(t);
    const fault = (kept: string[] = []) =>
      verified(app, kept).then(
        () => null,
        (error: Error) => error,
      );
    const sign = async (size: number, ...by: NoteSigner[]) => {
      const root = await new Tree(app.deps.pool, sha256).root(size);
      return signNote(formatCheckpoint({ origin: app.deps.config.ledgerOrigin, size, root }), by);
    };
    const { first, next, added, retire } = await rotated(app);
    const retiredSeq = await retire();
    const size = (await something(app)) + 2;
    await something(app);
    await covering(app, size);
    t.equal(await fault([await sign(added, first), await sign(retiredSeq + 1, next.signer)]), null);
    t.match(await fault([await sign(size, first)]), {
      kind: 'wrong-signature',
      seq: size - 1,
      message: new RegExp(`${idOf(first.key)}, which was retired by entry ${retiredSeq}`),
    });
    t.match(await fault([await sign(added, next.signer)]), {
      kind: 'wrong-signature',
      message: new RegExp(`${next.id}, which entry ${added} adds`),
    });
    t.match(await fault([await sign(size, newLogKey(app.deps.config).signer)]), {
      kind: 'wrong-signature',
      message: /not signed by a key that the ledger names/,
    });

    const db = await app.superuser();
    for (const [seq, message] of [
      [retiredSeq, /it retires the log's key/],
      [added, /it adds the log's key/],
    ] as const) {
      const gone = await db.query('DELETE FROM key_checkpoints WHERE seq = $1 RETURNING note', [seq]);
      t.equal(gone.rowCount, 1, 'the attack changed something');
      t.match(await fault(), { kind: 'wrong-key', message });
      if (seq === retiredSeq) continue;
      await db.query('INSERT INTO key_checkpoints VALUES ($1, $2)', [seq, await sign(seq + 1, next.signer)]);
      t.match(await fault(), { kind: 'wrong-key' }, 'one that the new key signed alone does not count');
    }
  },
);

t.test('a fact about keys that its service made up is found in the entry itself', async (t) => {
  for (const what of ['added', 'retired'] as const) {
    const app = await startTestApp(t);
    await app.superuser();
    const { first, next } = await rotated(app);
    const own = newLogKey(app.deps.config, [next.signer]);
    const { receipt } =
      what === 'added'
        ? await smuggle(app, logKeyAdded, {
            logKey: own.body.logKey,
            note: signNote(additionText(own.signer.key), [own.signer]),
          })
        : await smuggle(app, logKeyRetired, {
            logKey: formatKey(first.key),
            successor: formatKey(next.signer.key),
            note: signNote(retirementText(first.key, next.signer.key), [next.signer]),
          });
    t.match(
      await verified(app).catch((fault: Error) => fault),
      { kind: 'wrong-key', seq: receipt.seq },
      what,
    );
  }
});

t.test('the process may end anywhere between, and a lost key is what a spare is for', async (t) => {
  const app = await startTestApp(t);
  const { config, publisher } = app.deps;
  const { first, next, retire } = await rotated(app);
  const seen: string[] = [];
  const overlap = await app.restart();
  await covering(overlap, (await something(app)) + 1);
  t.same(signersOf(await checkpoint(overlap), [first, next.signer]).length, 2, 'both go on after a restart');
  await overlap.close();

  // From here on the first process signs nothing: as if it had ended with the commit of the retirement.
  await publisher.stop();
  const retiredSeq = await retire();
  const lastSeq = await something(app);
  const again = await app.restart();
  again.deps.publisher.onMoment = (moment, size) => seen.push(`${moment} ${size}`);
  await covering(again, lastSeq + 1);
  t.same(signersOf(await checkpoint(again), [first, next.signer]), [next.id]);
  const { body } = await app.operator.get('/v1/ledger/keys');
  t.equal(sizeOf(body.items[0].retiredUnder), retiredSeq + 1, 'what was owed is signed first');
  t.same(signersOf(body.items[0].retiredUnder, [first, next.signer]).length, 2);
  t.same(
    seen.slice(0, 4),
    ['signing', 'signed', 'kept', 'published'].map((m) => `${m} ${lastSeq + 1}`),
  );
  await again.close();

  // It ended when the note was kept outside, and not yet given out.
  const db = await app.superuser();
  const lost = await db.query('DELETE FROM key_checkpoints WHERE seq = $1', [retiredSeq]);
  t.equal(lost.rowCount, 1);
  writeFileSync(`${config.ledgerKeyFile}.checkpoint`, body.items[0].retiredUnder);
  const third = await app.restart();
  t.equal(
    (await third.app.inject('/v1/ledger/keys')).json().items[0].retiredUnder,
    body.items[0].retiredUnder,
  );
  await verified(app);

  // A spare: the ledger names it, and its file lies elsewhere until the others are lost.
  const spare = newLogKey(config, [next.signer]);
  t.equal((await app.operator.post('/v1/ledger/keys', spare.body)).status, 201);
  await covering(third, (await something(app)) + 1);
  t.same(signersOf(await checkpoint(third), [next.signer, spare.signer]), [next.id]);
  await third.close();
  rmSync(config.ledgerKeyFile);
  renameSync(next.file, `${next.file}-lost`);
  t.notOk(existsSync(next.file));
  await t.rejects(app.restart(), /put back the key it was founded with .* or a later key beside it/);
  spare.keep();
  const saved = await app.restart();
  await covering(saved, (await something(app)) + 1);
  t.same(signersOf(await checkpoint(saved), [next.signer, spare.signer]), [spare.id]);
  await verified(app);
  await saved.close();
});
