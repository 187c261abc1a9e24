import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import t from 'tap';
import { openWitness } from '../../src/cli/witness.ts';
import { sha256 } from '../../src/kernel/hash.ts';
import { type Bundle, formatBundle } from '../../src/ledger/bundle.ts';
import { BUNDLE_REASONS } from '../../src/ledger/bundle-reasons.ts';
import { type BundleVerdict, verifyBundle } from '../../src/ledger/bundle-verify.ts';
import { formatCheckpoint, parseCheckpoint } from '../../src/ledger/checkpoint.ts';
import { idOf } from '../../src/ledger/key-history.ts';
import { NoteSigner, signNote, verifyEd25519 } from '../../src/ledger/log-key.ts';
import { formatKey, parseNote } from '../../src/ledger/note.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { firstSigner, newLogKey, retirementOf } from '../support/log-keys.ts';
import { thingsOf } from '../support/things.ts';

const node = { hash: sha256, verify: verifyEd25519 };

const fetched = async (app: TestApp, url: string, secret?: string) => {
  const response = await app.app.inject({
    url,
    headers: secret === undefined ? {} : { authorization: `Bearer ${secret}` },
  });
  return { status: response.statusCode, bytes: response.rawPayload, headers: response.headers };
};

const valid = (verdict: BundleVerdict): Extract<BundleVerdict, { verdict: 'valid' }> => {
  if (verdict.verdict !== 'valid') throw new Error(`rejected: ${JSON.stringify(verdict.reasons)}`);
  return verdict;
};

t.test('an entry is taken home with all that proves it, opened for those it concerns', async (t) => {
  const app = await startTestApp(t);
  const things = await thingsOf(app, 'canary');
  const { seq, leafHash } = (await things.collection()).receipt;
  const url = `/v1/ledger/entries/${seq}/bundle`;
  const plain = await fetched(app, url);
  t.equal(plain.status, 200);
  t.match(plain.headers, {
    'content-type': 'application/json; charset=utf-8',
    'content-disposition': `attachment; filename="blue-cycle-entry-${seq}.bundle.json"`,
  });
  const verdict = valid(verifyBundle(plain.bytes, node));
  t.match(verdict, { origin: 'localhost/blue-cycle', keyKnown: false, subject: { kind: 'entry', seq } });
  t.match(verdict.entries, [
    { seq: 0, type: 'programme.founded.v1' },
    { seq, leafHash, opened: null },
  ]);
  const key = verdict.entries[0]!.data.logKey as string;
  t.equal(valid(verifyBundle(plain.bytes.toString(), node, { logKeys: [key] })).keyKnown, true);
  t.match(verifyBundle(plain.bytes, node, { logKeys: [`x${key}`] }), {
    verdict: 'invalid',
    reasons: [{ code: 'unknown-log', at: '/log/keys' }],
  });
  t.match(verifyBundle(plain.bytes, node, { leastWitnesses: 1 }), {
    reasons: [{ code: 'too-few-witnesses' }],
  });
  t.notMatch(plain.bytes.toString(), 'canary', 'what is sealed is not in it');

  const own = await fetched(app, url, things.station.secret);
  t.equal(own.headers['cache-control'], 'private, no-store');
  const opened = valid(verifyBundle(own.bytes, node)).entries[1]!;
  t.equal(opened.opened?.bagTag, 'canary', 'its own organisation opens it');
  const other = await app.site('station');
  const foreign = await fetched(app, url, other.client.secret);
  t.equal(valid(verifyBundle(foreign.bytes, node)).entries[1]!.opened, null, 'another does not');
  t.equal((await fetched(app, url, 'bck_wrong')).status, 401, 'a key that is none is not passed over');
  t.equal((await fetched(app, '/v1/ledger/entries/99999/bundle')).status, 404);
});

t.test('a restricted or erased person’s part is not in it, and the rest still verifies', async (t) => {
  const app = await startTestApp(t);
  const { client, siteId } = await app.site('station');
  const { id, receipt } = (await client.post('/v1/collectors', { siteId, name: '王海生' })).body;
  const url = `/v1/ledger/entries/${receipt.seq}/bundle`;
  const taken = async () => {
    const entry = valid(verifyBundle((await fetched(app, url, client.secret)).bytes, node)).entries[1]!;
    return { opened: entry.opened !== null, people: entry.people };
  };
  const before = await taken();
  t.match(before, { opened: true, people: [Object] });
  for (const stage of ['', '?stage=erase']) {
    const done = await app.operator.delete(`/v1/collectors/${id}/personal-data${stage}`);
    t.equal(done.status, 200, JSON.stringify(done.body));
    t.same(await taken(), { opened: true, people: [null] });
  }
});

t.test('a batch is taken home with the facts its seal points to, by id and by code', async (t) => {
  const app = await startTestApp(t);
  const things = await thingsOf(app, 'canary');
  const lots = [await things.lotId(), await things.lotId(), await things.lotId()];
  const inputs = lots.map((lotId) => ({ lotId }));
  const batch = (await things.station.post('/v1/batches', { siteId: things.siteId, inputs })).body;
  const byId = await fetched(app, `/v1/batches/${batch.id}/bundle`);
  const verdict = valid(verifyBundle(byId.bytes, node));
  const seal = verdict.entries.at(-1)!;
  t.match(seal, { seq: batch.receipt.seq, type: 'batch.sealed.v1', data: { code: batch.code } });
  const named = (seal.data.inputs as { seq: number }[]).map((input) => input.seq);
  t.equal(named.length, 3);
  t.ok(named.every((seq) => verdict.entries.some((entry) => entry.seq === seq)));
  const opened = async (secret: string): Promise<boolean[]> => {
    const { bytes } = await fetched(app, `/v1/batches/${batch.id}/bundle`, secret);
    return valid(verifyBundle(bytes, node)).entries.map((entry) => entry.opened !== null);
  };
  t.ok((await opened(app.operator.secret)).every((is) => is));
  const auditor = await app.keyFor((await app.site('station')).organisationId, 'auditor');
  t.notOk(
    (await opened(auditor.secret)).some((is) => is),
    'an auditor without an audit opens nothing',
  );
  const stranger = await app.site('recycler');
  const mixed = await fetched(app, `/v1/batches/${batch.id}/bundle`, stranger.client.secret);
  t.ok(valid(verifyBundle(mixed.bytes, node)).entries.every((entry) => entry.opened === null));
  const byCode = await fetched(app, `/v1/batches/${batch.code}/bundle`);
  t.equal(valid(verifyBundle(byCode.bytes, node)).subject.seq, batch.receipt.seq);
  t.equal((await fetched(app, '/v1/batches/0000000000000000/bundle')).status, 404);
  t.equal((await fetched(app, '/v1/batches/ab/bundle')).status, 400);
});

t.test('what a witness cosigned says so, and every byte of that counts too', async (t) => {
  const seed = Buffer.alloc(32, 5);
  const state = await mkdtemp(path.join(os.tmpdir(), 'blue-cycle-witness-'));
  const log = [formatKey(new NoteSigner('localhost/blue-cycle', seed).key)];
  const witness = await openWitness({ log, name: 'witness.example', state, port: 0, host: '127.0.0.1' });
  t.teardown(async () => {
    await witness.close();
    await rm(state, { recursive: true, force: true });
  });
  const app = await startTestApp(t, { LEDGER_WITNESSES: `${witness.key} ${witness.url}` }, seed);
  const { receipt } = (await app.operator.post('/v1/organisations', { name: '椒江', kind: 'station' })).body;
  const { bytes } = await fetched(app, `/v1/ledger/entries/${receipt.seq}/bundle`);
  const expected = { logKeys: log, witnesses: [witness.key], leastWitnesses: 1 };
  const verdict = valid(verifyBundle(bytes, node, expected));
  t.match(verdict.witnesses, [{ name: 'witness.example', known: true, key: witness.key }]);
  t.ok(Math.abs(verdict.witnesses[0]!.at - Date.now()) < 60_000);
  t.equal(valid(verifyBundle(bytes, node)).witnesses[0]!.known, false, 'its own word makes no witness known');
  const from = bytes.lastIndexOf('witnesses');
  for (let i = from; i < bytes.length; i++) {
    const flipped = Buffer.from(bytes);
    flipped[i]! ^= 1 << (i % 8);
    if (verifyBundle(flipped, node).verdict === 'valid') t.fail(`byte ${i}`);
  }
  const bundle = JSON.parse(bytes.toString()) as Bundle;
  const codes = (changed: Bundle) =>
    verifyBundle(formatBundle(changed), node).reasons.map(({ code }) => code);
  t.same(codes({ ...bundle, witnesses: [] }), ['unknown-signature']);
  const stripped = bundle.entries.map((entry) => ({
    ...entry,
    proof: entry.proof.replace(/— witness.*\n/, ''),
  }));
  t.same(codes({ ...bundle, entries: stripped }), ['not-signed']);
  t.same(
    codes({ ...bundle, witnesses: [], entries: stripped }),
    [],
    'one who drops both has a bundle that says less',
  );
});

t.test(
  'a bundle outlives the keys that signed it, and carries how today’s follow from entry 0',
  async (t) => {
    const app = await startTestApp(t);
    const { config } = app.deps;
    const taken = async (seq: number) => {
      const { status, bytes } = await fetched(app, `/v1/ledger/entries/${seq}/bundle`);
      t.equal(status, 200, bytes.toString().slice(0, 200));
      return bytes;
    };
    const organisation = async (): Promise<number> =>
      (await app.operator.post('/v1/organisations', { name: '椒江', kind: 'station' })).body.receipt.seq;
    const [first, next] = [firstSigner(config), newLogKey(config)];
    const old = await taken(await organisation());
    next.keep();
    const added = await app.operator.post('/v1/ledger/keys', next.body);
    t.equal(added.status, 201, JSON.stringify(added.body));
    const both = valid(verifyBundle(await taken(await organisation()), node));
    t.same(
      both.keys.toSorted(),
      [formatKey(first.key), next.body.logKey].toSorted(),
      'both sign for a while',
    );
    const retirement = retirementOf(first, next.signer);
    const retired = await app.operator.post(`/v1/ledger/keys/${idOf(first.key)}/retire`, retirement);
    t.equal(retired.status, 200, JSON.stringify(retired.body));
    const bytes = await taken(await organisation());
    const verdict = valid(verifyBundle(bytes, node));
    t.same(verdict.keys, [next.body.logKey]);
    t.same(
      verdict.entries.slice(0, 3).map(({ type }) => type),
      ['programme.founded.v1', 'log-key.added.v1', 'log-key.retired.v1'],
    );
    t.equal(verifyBundle(old, node).verdict, 'valid', 'what the first key signed stays good');
    const bundle = JSON.parse(bytes.toString()) as Bundle;
    const codes = (changed: Bundle) =>
      verifyBundle(formatBundle(changed), node).reasons.map(({ code }) => code);
    const without = (type: string) => bundle.entries.filter((entry) => !entry.bytes.includes(type));
    t.same(codes({ ...bundle, entries: without('log-key.added.v1') }), ['wrong-key-fact']);
    t.same(
      codes({ ...bundle, entries: without('log-key') }),
      ['key-not-in-log'],
      'a key that nobody vouches for',
    );

    const { keyCheckpoints } = bundle.log;
    t.equal(keyCheckpoints!.length, 2, 'each fact about keys brings the checkpoint it stands under');
    t.equal((JSON.parse(old.toString()) as Bundle).log.keyCheckpoints, undefined);
    const standing = (changed?: Bundle['log']['keyCheckpoints']) => {
      const { keyCheckpoints: _, ...log } = bundle.log;
      return codes({ ...bundle, log: changed === undefined ? log : { ...log, keyCheckpoints: changed } });
    };
    t.same(standing(keyCheckpoints), []);
    t.same(standing(), ['key-not-vouched']);
    t.same(standing([]), ['wrong-shape']);
    t.same(standing(keyCheckpoints!.slice(1)), ['key-not-vouched']);
    t.same(standing(keyCheckpoints!.toReversed()), ['key-not-vouched']);
    for (const [i, { note, proof }] of keyCheckpoints!.entries()) {
      const { text } = parseNote(note);
      const changed = (one: typeof note, path = proof) =>
        standing(keyCheckpoints!.map((each, k) => (k === i ? { note: one, proof: path } : each)));
      t.same(changed(signNote(text, [first, next.signer])), [], 'the very signatures, once more');
      t.same(
        changed(signNote(text, [next.signer])),
        i === 0 ? [] : ['key-not-vouched'],
        'of an addition any later checkpoint of an older key tells, of a retirement its own',
      );
      t.same(changed(signNote(text, [first])), [], 'the older one is enough');
      t.same(changed(signNote(text, [first, newLogKey(config).signer])), ['unknown-signature']);
      const { origin, size, root } = parseCheckpoint(text);
      const other = Buffer.from(root);
      other[0]! ^= 1;
      t.same(changed(first.note(formatCheckpoint({ origin, size, root: other }))), ['wrong-proof'], 'a fork');
      t.same(changed(first.note(formatCheckpoint({ origin, size: size - 1, root }))), ['key-not-vouched']);
      t.same(changed(note, proof.slice(1)), ['wrong-proof']);
    }
    const byNext = keyCheckpoints!.map(({ note, proof }) => ({
      note: signNote(parseNote(note).text, [next.signer]),
      proof,
    }));
    t.same(standing(byNext), ['key-not-vouched'], 'whoever holds the new key alone');
    const [from, to] = ['"keyCheckpoints"', '"keys"'].map((name) => bytes.indexOf(name));
    for (let i = from!; i < to!; i++) {
      const flipped = Buffer.from(bytes);
      flipped[i]! ^= 1 << (i % 8);
      if (verifyBundle(flipped, node).verdict === 'valid') t.fail(`byte ${i}`);
    }
    t.ok(to! - from! > 500, `${to! - from!} bytes`);
  },
);

/** A bundle is small enough that each of its bytes can be tried. */
t.test('every byte flipped, every member dropped or doubled, is rejected with a reason', async (t) => {
  const app = await startTestApp(t);
  const things = await thingsOf(app, 'canary');
  const batch = await things.batch();
  const { bytes } = await fetched(app, `/v1/batches/${batch.id}/bundle`, app.operator.secret);
  valid(verifyBundle(bytes, node));
  const codes = new Map<string, number>();
  const rejected = (source: Uint8Array | string, what: string): void => {
    const verdict = verifyBundle(source, node);
    if (verdict.verdict === 'valid' || verdict.reasons.length === 0) t.fail(`${what} was accepted`);
    for (const { code } of verdict.reasons) {
      if (!(code in BUNDLE_REASONS)) t.fail(`${code} has no text`);
      codes.set(code, (codes.get(code) ?? 0) + 1);
    }
  };
  for (let i = 0; i < bytes.length; i++) {
    const flipped = Buffer.from(bytes);
    flipped[i]! ^= 1 << (i % 8);
    rejected(flipped, `byte ${i} (${bytes.subarray(Math.max(0, i - 20), i + 1)})`);
  }
  for (let i = 0; i < bytes.length; i += 97) rejected(bytes.subarray(0, i), `cut at ${i}`);
  t.ok(codes.get('not-json')! > 0 && codes.get('wrong-proof')! > 0 && codes.get('wrong-signature')! > 0);
  t.comment(`${bytes.length} bytes; ${JSON.stringify(Object.fromEntries(codes))}`);

  const text = bytes.toString();
  const dropped = mutations(JSON.parse(text) as Bundle);
  t.ok(dropped.length > 50, `${dropped.length} members dropped or doubled`);
  for (const { what, changed } of dropped) rejected(formatBundle(changed as Bundle), what);
  rejected(text.replace('{', '{"format":"blue-cycle/bundle",'), 'a name twice');
  rejected(JSON.stringify(JSON.parse(text), null, 1), 'written otherwise');
  rejected('['.repeat(1_000_000), 'nested without end');
  for (const odd of ['', 'null', '[]', '{}', '"x"', '0', '\ud800']) rejected(odd, JSON.stringify(odd));
});

type Node = Record<string, unknown> | unknown[];

/** The bundle with each member of each object dropped, and each item of each list dropped and doubled. */
const mutations = (bundle: object): { what: string; changed: unknown }[] => {
  const found: { what: string; changed: unknown }[] = [];
  const change = (path: (string | number)[], act: (holder: Node, at: string | number) => void): void => {
    const changed = structuredClone(bundle) as Node;
    const holder = path.slice(0, -1).reduce((node, at) => (node as Record<string, Node>)[at]!, changed);
    act(holder, path.at(-1)!);
    found.push({ what: `${act.name} ${path.join('/')}`, changed });
  };
  const drop = (holder: Node, at: string | number): void => {
    if (Array.isArray(holder)) holder.splice(at as number, 1);
    else delete holder[at];
  };
  const double = (holder: Node, at: string | number): void => {
    if (Array.isArray(holder)) holder.splice(at as number, 0, holder[at as number]);
    else holder[`${at}2`] = holder[at];
  };
  const walk = (node: unknown, path: (string | number)[]): void => {
    if (typeof node !== 'object' || node === null) return;
    for (const [name, member] of Object.entries(node)) {
      const at = [...path, Array.isArray(node) ? Number(name) : name];
      change(at, drop);
      change(at, double);
      walk(member, at);
    }
  };
  walk(bundle, []);
  return found;
};

t.test('what is put together from good parts is still no bundle', async (t) => {
  const app = await startTestApp(t);
  const things = await thingsOf(app, 'canary');
  const [one, two] = [await things.collection(), await things.collection()];
  const bundleOf = async (seq: number, secret?: string): Promise<Bundle> =>
    JSON.parse((await fetched(app, `/v1/ledger/entries/${seq}/bundle`, secret)).bytes.toString());
  // Both under one checkpoint: proofs of two are rejected for that alone.
  t.ok(await app.deps.publisher.covering(two.receipt.seq + 1, 30_000));
  const a = await bundleOf(one.receipt.seq, things.station.secret);
  const b = await bundleOf(two.receipt.seq, things.station.secret);
  const codesOf = (changed: Bundle): string[] => {
    const verdict = verifyBundle(formatBundle(changed), node);
    return verdict.reasons.map(({ code }) => code);
  };
  const entries = (bundle: Bundle) =>
    structuredClone(bundle.entries) as [Bundle['entries'][0], Bundle['entries'][0]];
  t.same(codesOf(a), []);
  const swapped = entries(a);
  swapped[1].openings = b.entries[1]!.openings;
  t.same(codesOf({ ...a, entries: swapped }), ['wrong-opening'], 'another fact’s opening');
  const borrowed = entries(a);
  borrowed[1].proof = b.entries[1]!.proof;
  t.ok(codesOf({ ...a, entries: borrowed }).includes('wrong-place'), 'another entry’s proof');
  t.ok(codesOf({ ...a, subject: b.subject }).includes('subject-missing'));
  t.same(
    codesOf({ ...b, entries: [b.entries[0]!, a.entries[1]!, b.entries[1]!] }).includes('not-asked-for'),
    true,
  );
  const forged = entries(a);
  forged[1].bytes = forged[1].bytes.replace('"payGrams":10000', '"payGrams":90000');
  t.not(forged[1].bytes, a.entries[1]!.bytes, 'the attack changed something');
  t.same(codesOf({ ...a, entries: forged }), ['wrong-proof']);
  const unseal = entries(a);
  const main = { salt: '00'.repeat(32), bytes: '{"bagTag":"another"}' };
  unseal[1].openings = { main, people: [] };
  t.same(codesOf({ ...a, entries: unseal }), ['wrong-opening']);
});
