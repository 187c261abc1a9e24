import { randomUUID } from 'node:crypto';
import { copyFileSync, readFileSync, rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import t, { type Test } from 'tap';
import { openWitness } from '../../src/cli/witness.ts';
import { sha256 } from '../../src/kernel/hash.ts';
import { verifyEntries } from '../../src/ledger/check.ts';
import { formatCheckpoint, parseCheckpoint } from '../../src/ledger/checkpoint.ts';
import type { Entry } from '../../src/ledger/entry.ts';
import { NoteSigner } from '../../src/ledger/log-key.ts';
import { appendLeaf, type Frontier, rootOf } from '../../src/ledger/merkle.ts';
import { formatKey, parseKey, parseNote } from '../../src/ledger/note.ts';
import { consistencyRanges, ProofFault, subtreesOf, verifyConsistency } from '../../src/ledger/proof.ts';
import { readEntries } from '../../src/ledger/store.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { command } from '../support/command.ts';
import { cutTo, disarmLedger, removeOpenings, rewriteFrom } from '../support/rewriting.ts';

const ENTRIES = 12;

const directory = async (t: Test): Promise<string> => {
  const made = await mkdtemp(path.join(os.tmpdir(), 'blue-cycle-attacks-'));
  t.teardown(() => rm(made, { recursive: true, force: true }));
  return made;
};

type Attacked = {
  app: TestApp;
  db: pg.Client;
  /** The first weigh-in, and how many entries there are. */
  first: number;
  size: number;
  /** A checkpoint over all of them, as somebody outside keeps it. */
  kept: string;
  /** A verdict of a command: exit code, and what it found. */
  // biome-ignore lint/suspicious/noExplicitAny: tests read answers freely
  ask(...argv: string[]): Promise<{ code: number; found: any }>;
  weighIn(): Promise<{ status: number; seq: number }>;
};

/** A log of weigh-ins that was signed for, a checkpoint kept from it, and a superuser past every trigger. */
const attacked = async (t: Test, env: Record<string, string> = {}, seed?: Buffer): Promise<Attacked> => {
  const app = await startTestApp(t, env, seed);
  const { siteId, client } = await app.site('station');
  const { size: first } = await app.verify();
  const weighIn = async () => {
    const { status, body } = await client.post('/v1/collections', {
      id: randomUUID(),
      siteId,
      collectorId: randomUUID(),
      material: 'pet',
      form: 'bottle',
      originClass: 'sea-recovered',
      grossGrams: 1_000,
      tareGrams: 0,
      basis: 'weighed',
      collectedAt: new Date().toISOString(),
    });
    return { status, seq: body.receipt?.seq as number };
  };
  for (let i = 0; i < ENTRIES; i++) t.equal((await weighIn()).status, 201);
  const { size } = await app.verify();
  if ((await app.deps.publisher.covering(size, 8_000)) === null) throw new Error('nothing was signed');
  await app.deps.follower.reaches(size - 1, 8_000);
  await app.deps.anomalies.reaches(size - 1, 8_000);
  const kept = path.join(await directory(t), 'kept');
  copyFileSync(`${app.deps.config.ledgerKeyFile}.checkpoint`, kept);
  t.equal(parseCheckpoint(parseNote(readFileSync(kept, 'utf8')).text).size, size);
  const commands = {
    DATABASE_URL: app.urls.apiUrl,
    DATABASE_OWNER_URL: app.urls.ownerUrl,
    BLUE_CYCLE_DATA_DIR: app.deps.config.dataDir,
  };
  const ask = async (...argv: string[]) => {
    const { code, out, err } = await command(commands, ...argv, '--database', app.urls.ownerUrl, '--json');
    return { code, found: out === '' ? err : JSON.parse(out) };
  };
  t.match(await ask('verify', '--checkpoint', kept), { code: 0, found: { ok: true, size } });
  t.match(await ask('replay'), { code: 0 });
  const db = await app.superuser();
  await disarmLedger(db);
  return { app, db, first, size, kept, ask, weighIn };
};

/** Why a process that starts now writes nothing; null when it would. */
const refusal = async (app: TestApp): Promise<string | null> => {
  const again = await app.restart();
  const { readOnly } = (await again.app.inject('/health/ready')).json();
  await again.close();
  return readOnly;
};

/** Why the running process writes nothing, once it has noticed. */
const noticed = async (app: TestApp): Promise<string | null> => {
  for (let i = 0; i < 60 && app.deps.door.readOnly === null; i++) await sleep(100);
  return app.deps.door.readOnly;
};

t.test('C1: an entry that is edited is named, with its leaf hash or without', async (t) => {
  const { db, first, kept, ask } = await attacked(t);
  const target = first + 4;
  const edited = await db.query(
    `UPDATE chunks SET bytes = convert_to(replace(convert_from(bytes, 'UTF8'), '"grossGrams":1000', '"grossGrams":9000'), 'UTF8')
     WHERE first_seq = $1 AND position('"grossGrams":1000' IN convert_from(bytes, 'UTF8')) > 0`,
    [target],
  );
  t.equal(edited.rowCount, 1, 'the attack changed something');
  t.match(await ask('verify'), { code: 1, found: { seq: target, kind: 'wrong-leaf' } });
  const hashed = await db.query(
    `UPDATE chunks SET leaves = sha256('\\x00'::bytea || bytes) WHERE first_seq = $1`,
    [target],
  );
  t.equal(hashed.rowCount, 1);
  t.match(await ask('verify'), { code: 1, found: { seq: target + 1, kind: 'broken-chain' } });
  t.match(await ask('verify', '--checkpoint', kept), { code: 1 });
  const { code, found } = await ask('replay');
  t.equal(code, 1, 'the tables were made of what was weighed');
  t.ok(found.tables.some((table: { table: string; differences: number }) => table.differences > 0));
});

t.test('C2: an entry deleted in the middle is named', async (t) => {
  const { db, first, ask } = await attacked(t);
  const target = first + 5;
  const { rowCount } = await db.query('DELETE FROM chunks WHERE first_seq = $1', [target]);
  t.equal(rowCount, 1, 'the attack changed something');
  t.match(await ask('verify'), { code: 1, found: { seq: target, kind: 'wrong-seq' } });
  t.match(await ask('replay'), { code: 1 });
});

t.test('C2: deleted with everything moved up and hashed anew, it is found from outside', async (t) => {
  const { app, db, first, size, kept, ask } = await attacked(t);
  const changed = await rewriteFrom(db, app.deps.pool, first + 5, (entry) =>
    entry.seq === first + 5 ? null : entry,
  );
  t.equal(changed, size - first - 5, 'the attack changed everything after it');
  await removeOpenings(db, first + 5);
  t.match(await ask('verify'), { code: 0 }, 'chain and tree alone cannot tell');
  t.match(await ask('verify', '--checkpoint', kept), {
    code: 1,
    found: { seq: size - 1, kind: 'cut-off' },
  });
  t.match(await refusal(app), new RegExp(`holds ${size - 1} entries, and a checkpoint over ${size}`));
  t.match(await noticed(app), new RegExp(`${size - 1} entries; ${size} were signed for`));
});

t.test('C3: the last entries cut off, with all that tells of them, are found', async (t) => {
  const { app, db, size, kept, ask } = await attacked(t);
  const cut = size - 5;
  t.equal(await cutTo(db, app.deps.pool, cut), 5, 'the attack changed something');
  t.match(await ask('verify'), { code: 0 }, 'chain and tree alone cannot tell: a shorter log is a log');
  t.match(await ask('verify', '--checkpoint', kept), { code: 1, found: { seq: cut, kind: 'cut-off' } });
  t.match(await ask('replay'), { code: 1 });
  t.match(await refusal(app), new RegExp(`holds ${cut} entries, and a checkpoint over ${size}`));
  t.match(await noticed(app), new RegExp(`${cut} entries; ${size} were signed for`));
});

t.test('C4: everything rewritten from an entry on, re-hashed, is found', async (t) => {
  const { app, db, first, size, kept, ask, weighIn } = await attacked(t);
  const from = first + 3;
  const changed = await rewriteFrom(db, app.deps.pool, from, (entry: Entry) => ({
    ...entry,
    data: entry.seq === from ? { ...entry.data, grossGrams: 9_000 } : entry.data,
  }));
  t.equal(changed, size - from, 'the attack changed every entry from there on');
  t.match(await ask('verify'), { code: 0 }, 'chain and tree alone cannot tell: another history is a log');
  t.match(await ask('verify', '--checkpoint', kept), {
    code: 1,
    found: { seq: size - 1, kind: 'wrong-checkpoint' },
  });
  t.match(await ask('replay'), { code: 1 });
  t.match(await refusal(app), new RegExp(`The first ${size} entries have the root`));
  t.equal((await weighIn()).status, 201, 'the running process writes once more');
  t.match(await noticed(app), /do not continue the \d+ that were signed for/, 'and signs no more');
  t.equal((await weighIn()).status, 503);
});

/** A log in memory whose leaves from `fork` on are another history's. */
const history = (n: number, fork: number, word: number) => {
  const over = (from: number, to: number): Uint8Array => {
    const frontier: Frontier = [];
    for (let i = from; i < to; i++)
      appendLeaf(sha256, frontier, i - from, sha256(Buffer.from(`\0${i < fork ? '' : word} ${i}`)));
    return rootOf(sha256, frontier);
  };
  const proof = (old: number): Uint8Array[] =>
    consistencyRanges(old, n).map((range) =>
      rootOf(
        sha256,
        subtreesOf(range).map(({ level, index }) => over(index * 2 ** level, (index + 1) * 2 ** level)),
      ),
    );
  return { root: (size: number) => over(0, size), proof };
};

t.test('C5: of a thousand forks none is shown to whoever holds an older checkpoint', async (t) => {
  let [found, missed, agreed] = [0, 0, 0];
  for (let i = 0; i < 1_000; i++) {
    const n = 2 + Math.floor(Math.random() * 200);
    const fork = Math.floor(Math.random() * (n - 1));
    const held = 1 + Math.floor(Math.random() * n);
    const [told, other] = [history(n, fork, 1), history(n, fork, 2)];
    try {
      verifyConsistency(sha256, held, n, told.root(held), other.root(n), held === n ? [] : other.proof(held));
      if (held > fork) missed++;
      else agreed++;
    } catch (error) {
      if (!(error instanceof ProofFault)) throw error;
      if (held <= fork) missed++;
      found++;
    }
  }
  t.equal(missed, 0, 'each that lies before the held size, and no other');
  t.equal(found + agreed, 1_000);
  t.ok(found > 400 && agreed > 100, `${found} found, ${agreed} before the fork`);
});

t.test(
  'C5: the operator shows another history, signed with the very key: a kept checkpoint and a witness tell',
  async (t) => {
    const seed = Buffer.alloc(32, 5);
    const signer = new NoteSigner('localhost/blue-cycle', seed);
    const witness = await openWitness({
      log: [formatKey(signer.key)],
      name: 'witness.example',
      state: await directory(t),
      port: 0,
      host: '127.0.0.1',
    });
    t.teardown(() => witness.close());
    const { app, db, first, size, kept, ask } = await attacked(
      t,
      { LEDGER_WITNESSES: `${witness.key} ${witness.url}` },
      seed,
    );
    const key = parseKey(sha256, witness.key);
    t.ok(await app.deps.publisher.cosignedBy(key, size));
    t.match(await ask('verify', '--witness', witness.key), { code: 0 });

    // All that is the operator's own is put aside: the running process, and what it keeps outside the database.
    await app.deps.publisher.stop();
    const changed = await rewriteFrom(db, app.deps.pool, first + 2, (entry: Entry) => ({
      ...entry,
      data: entry.seq === first + 2 ? { ...entry.data, grossGrams: 9_000 } : entry.data,
    }));
    t.equal(changed, size - first - 2, 'the attack changed something');
    rmSync(`${app.deps.config.ledgerKeyFile}.checkpoint`);
    const forked = await app.restart();
    t.equal(parseCheckpoint(parseNote((await forked.app.inject('/log/checkpoint')).body).text).size, size);
    t.match(
      await ask('verify'),
      { code: 0, found: { checkpoints: [size] } },
      'whoever comes new sees a good log',
    );
    t.match(await ask('verify', '--checkpoint', kept), {
      code: 1,
      found: { seq: size - 1, kind: 'wrong-checkpoint' },
    });
    t.notOk(await forked.deps.publisher.cosignedBy(key, 1, 2_000), 'the witness signs no second history');
    t.match(await ask('verify', '--witness', witness.key), { code: 1, found: { kind: 'wrong-signature' } });
    await forked.close();
  },
);

t.test('C7: of a kept checkpoint every byte counts', async (t) => {
  const { app, size, kept } = await attacked(t);
  const entries = await readEntries(app.deps.pool, 0, size);
  const against = async (note: string): Promise<unknown> => {
    async function* batches() {
      yield entries;
    }
    const source = { batches: batches(), head: () => ({ size }), notes: async () => [], opened: false };
    return verifyEntries(source, undefined, { kept: [note] }).then(
      () => null,
      (fault: Error) => fault,
    );
  };
  const text = readFileSync(kept);
  t.equal(await against(text.toString('utf8')), null);
  const kinds = new Map<string, number>();
  for (let i = 0; i < text.length; i++) {
    const bytes = Buffer.from(text);
    bytes[i]! ^= 1;
    if (bytes.equals(text)) t.fail(`byte ${i} was not changed`);
    const fault = (await against(bytes.toString('utf8'))) as { kind?: string; message?: string } | null;
    if (fault?.kind === undefined || !fault.message) t.fail(`byte ${i}: ${fault}`);
    else kinds.set(fault.kind, (kinds.get(fault.kind) ?? 0) + 1);
  }
  t.same([...kinds.keys()].sort(), ['wrong-checkpoint', 'wrong-signature'], `${[...kinds]}`);
  const root = parseCheckpoint(parseNote(text.toString('utf8')).text).root;
  const origin = app.deps.config.ledgerOrigin;
  const stranger = new NoteSigner(origin, Buffer.alloc(32, 9));
  t.match(await against(stranger.note(formatCheckpoint({ origin, size, root }))), {
    kind: 'wrong-signature',
  });
});
