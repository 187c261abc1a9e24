import { createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { sha256, toHex } from '../../src/kernel/hash.ts';
import { formatCheckpoint, parseCheckpoint } from '../../src/ledger/checkpoint.ts';
import { appendLeaf, type Frontier, rootOf } from '../../src/ledger/merkle.ts';
import {
  COSIGNATURE,
  cosignedMessage,
  ED25519,
  formatKey,
  formatNote,
  fromBase64,
  keyIdOf,
  type NoteKey,
  parseKey,
  parseNote,
  type VerifySignature,
  verifyNote,
} from '../../src/ledger/note.ts';
import {
  consistencyRanges,
  inclusionRanges,
  subtreesOf,
  verifyConsistency,
  verifyInclusion,
} from '../../src/ledger/proof.ts';
import { formatTilePath, parseTilePath } from '../../src/ledger/tile-path.ts';

const conformance = path.resolve(import.meta.dirname, '../../../shared/conformance');
const absent = (folder: string) =>
  existsSync(path.join(conformance, folder)) ? {} : { skip: `${folder} is not here` };
const vectors = (file: string) => JSON.parse(readFileSync(path.join(conformance, file), 'utf8'));

const verifySignature: VerifySignature = (publicKey, message, signature) => {
  const x = Buffer.from(publicKey).toString('base64url');
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
  return verify(null, message, key, signature);
};

const [LEAF, NODE] = [Buffer.of(0), Buffer.of(1)];
const leafOf = (i: number) => sha256(Buffer.concat([LEAF, Buffer.of(i)]));
/** The tree as RFC 6962 §2.1 defines it, by plain recursion. */
const naiveRoot = (leaves: readonly Uint8Array[]): Uint8Array => {
  if (leaves.length === 0) return sha256(Buffer.alloc(0));
  if (leaves.length === 1) return leaves[0]!;
  let k = 1;
  while (2 * k < leaves.length) k *= 2;
  return sha256(Buffer.concat([NODE, naiveRoot(leaves.slice(0, k)), naiveRoot(leaves.slice(k))]));
};
/** PATH(m, D[n]) of RFC 6962 §2.1.1. */
const naivePath = (m: number, leaves: readonly Uint8Array[]): Uint8Array[] => {
  if (leaves.length <= 1) return [];
  let k = 1;
  while (2 * k < leaves.length) k *= 2;
  return m < k
    ? [...naivePath(m, leaves.slice(0, k)), naiveRoot(leaves.slice(k))]
    : [...naivePath(m - k, leaves.slice(k)), naiveRoot(leaves.slice(0, k))];
};
/** SUBPROOF(m, D[n], b) of RFC 6962 §2.1.2. */
const naiveSubproof = (m: number, leaves: readonly Uint8Array[], whole: boolean): Uint8Array[] => {
  if (m === leaves.length) return whole ? [] : [naiveRoot(leaves)];
  let k = 1;
  while (2 * k < leaves.length) k *= 2;
  return m <= k
    ? [...naiveSubproof(m, leaves.slice(0, k), whole), naiveRoot(leaves.slice(k))]
    : [...naiveSubproof(m - k, leaves.slice(k), false), naiveRoot(leaves.slice(0, k))];
};

const MOST = 130;
const all = Array.from({ length: MOST }, (_, i) => leafOf(i));
const hashRange = ({ from, to }: { from: number; to: number }): Uint8Array => {
  const frontier: Frontier = subtreesOf({ from, to }).map(({ level, index }) =>
    naiveRoot(all.slice(index * 2 ** level, (index + 1) * 2 ** level)),
  );
  return rootOf(sha256, frontier);
};
const hexes = (hashes: readonly Uint8Array[]) => hashes.map(toHex).join();

t.test('every proof of every size up to 130 is that of an independent implementation', async (t) => {
  let [inclusions, consistencies] = [0, 0];
  const frontier: Frontier = [];
  for (let size = 1; size <= MOST; size++) {
    const leaves = all.slice(0, size);
    const root = naiveRoot(leaves);
    appendLeaf(sha256, frontier, size - 1, all[size - 1]!);
    if (toHex(rootOf(sha256, frontier)) !== toHex(root)) t.fail(`root of ${size}`);
    for (let i = 0; i < size; i++) {
      const proof = inclusionRanges(i, size).map(hashRange);
      if (hexes(proof) !== hexes(naivePath(i, leaves))) t.fail(`inclusion of ${i} in ${size}`);
      verifyInclusion(sha256, i, size, all[i]!, proof, root);
      inclusions++;
    }
    for (let old = 1; old <= size; old++) {
      const proof = consistencyRanges(old, size).map(hashRange);
      if (hexes(proof) !== hexes(naiveSubproof(old, leaves, true)))
        t.fail(`consistency of ${old} and ${size}`);
      verifyConsistency(sha256, old, size, naiveRoot(all.slice(0, old)), root, proof);
      consistencies++;
    }
  }
  t.equal(inclusions, (MOST * (MOST + 1)) / 2);
  t.equal(consistencies, inclusions);
});

t.test('a proof with any bit turned, cut or stretched is refused', async (t) => {
  const [size, old] = [21, 12];
  const root = naiveRoot(all.slice(0, size));
  const oldRoot = naiveRoot(all.slice(0, old));
  const turned = (proof: Uint8Array[], i: number, at: number) =>
    proof.map((hash, k) => (k === i ? hash.map((byte, b) => (b === at ? byte ^ 1 : byte)) : hash));
  const inclusion = inclusionRanges(5, size).map(hashRange);
  const consistency = consistencyRanges(old, size).map(hashRange);
  const include = (proof: Uint8Array[], index = 5) =>
    verifyInclusion(sha256, index, size, all[5]!, proof, root);
  const connect = (proof: Uint8Array[]) => verifyConsistency(sha256, old, size, oldRoot, root, proof);
  include(inclusion);
  connect(consistency);
  for (const [check, proof] of [
    [include, inclusion],
    [connect, consistency],
  ] as const) {
    for (let i = 0; i < proof.length; i++)
      for (let at = 0; at < 32; at++) t.throws(() => check(turned(proof, i, at)), { name: 'ProofFault' });
    t.throws(() => check(proof.slice(1)), { name: 'ProofFault' });
    t.throws(() => check([...proof, all[0]!]), { name: 'ProofFault' });
  }
  t.throws(() => include(inclusion, 6), { name: 'ProofFault' });
  t.throws(() => inclusionRanges(3, 3), RangeError);
  t.throws(() => consistencyRanges(4, 3), RangeError);
});

t.test('the vectors of RFC 6962 trees', absent('merkle-rfc6962'), async (t) => {
  type Probe = { desc: string; wantErr: boolean; proof: string[] | null; [member: string]: unknown };
  const bytes = (text: unknown) => Buffer.from((text as string) ?? '', 'base64');
  const passes = (check: () => void): boolean => {
    try {
      check();
      return true;
    } catch {
      return false;
    }
  };
  const run = (file: string, check: (probe: Probe, proof: Buffer[]) => void): void => {
    const { probes } = vectors(`merkle-rfc6962/${file}.json`) as { probes: Probe[] };
    t.ok(probes.length > 20, `${probes.length} in ${file}`);
    for (const probe of probes) {
      const found = passes(() => check(probe, (probe.proof ?? []).map(bytes)));
      if (found === probe.wantErr) t.fail(`${file}: ${probe.desc} ${JSON.stringify(probe)}`);
    }
  };
  run('inclusion-probes', (p, proof) =>
    verifyInclusion(
      sha256,
      p.leafIdx as number,
      p.treeSize as number,
      bytes(p.leafHash),
      proof,
      bytes(p.root),
    ),
  );
  run('consistency-probes', (p, proof) =>
    verifyConsistency(sha256, p.size1 as number, p.size2 as number, bytes(p.root1), bytes(p.root2), proof),
  );
});

t.test('the vectors of signed notes, checkpoints and tiles', absent('c2sp-tlog'), async (t) => {
  type NoteVector = { id: string; note: string; vkeys: string[]; expect: string; verified?: string[] };
  const judge = ({ note, vkeys }: NoteVector): [string, string[]?] => {
    let parsed: ReturnType<typeof parseNote>;
    try {
      parsed = parseNote(note);
    } catch {
      return ['malformed'];
    }
    try {
      const keys = vkeys.map((key) => parseKey(sha256, key));
      const names = verifyNote(parsed, keys, verifySignature).map(({ key }) => key.name);
      return names.length > 0 ? ['ok', names] : ['unverified'];
    } catch {
      return ['invalid-signature'];
    }
  };
  for (const vector of vectors('c2sp-tlog/signed-note-vectors.json').vectors as NoteVector[]) {
    const [verdict, names] = judge(vector);
    t.equal(verdict, vector.expect, vector.id);
    if (vector.verified !== undefined) t.same(names, vector.verified, vector.id);
  }
  type Body = { id: string; body: string; valid: boolean; note?: string };
  for (const { id, body, valid, note } of vectors('c2sp-tlog/checkpoint-body-vectors.json')
    .vectors as Body[]) {
    // Ours are logs of SHA-256: a root of another length is none.
    const strict = valid && fromBase64(body.split('\n')[2]!)?.length === 32;
    const read = () => parseCheckpoint(body);
    if (strict) t.doesNotThrow(read, id);
    else t.throws(read, { name: 'NoteFault' }, `${id} ${note ?? ''}`);
  }
  type Tile = { level?: number; entries?: boolean; index: number; width?: number; path: string };
  for (const { level, index, width = 256, path: text } of vectors('c2sp-tlog/tile-path-vectors.json')
    .paths as Tile[]) {
    const name = { level: level ?? ('entries' as const), index, width };
    t.equal(formatTilePath(name), text);
    t.same(parseTilePath(text), name);
  }
  for (const bad of [
    'tile/0/0',
    'tile/0/000.p/256',
    'tile/0/000.p/0',
    'tile/64/000',
    'tile/0/x000/001',
    'tile/0/1000',
  ])
    t.equal(parseTilePath(bad), undefined, bad);
});

t.test('a note is written and read again, and a witness signs it with its time', async (t) => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const raw = Buffer.from(publicKey.export({ format: 'jwk' }).x!, 'base64url');
  const keyOf = (name: string, algorithm: number): NoteKey => ({
    name,
    id: keyIdOf(sha256, name, algorithm, raw),
    algorithm,
    publicKey: raw,
  });
  const [log, witness] = [keyOf('example.com/log', ED25519), keyOf('witness.example', COSIGNATURE)];
  t.same(parseKey(sha256, formatKey(log)), { ...log, publicKey: new Uint8Array(raw) });
  const text = formatCheckpoint({ origin: 'example.com/log', size: 3, root: all[0]! });
  const time = Buffer.alloc(8);
  time.writeBigUInt64BE(1_780_000_000n);
  const note = formatNote({
    text,
    signatures: [
      { ...log, bytes: sign(null, Buffer.from(text), privateKey) },
      {
        ...witness,
        bytes: Buffer.concat([time, sign(null, cosignedMessage(text, 1_780_000_000), privateKey)]),
      },
    ],
  });
  const found = verifyNote(parseNote(note), [log, witness], verifySignature);
  t.same(
    found.map(({ key, at }) => [key.name, at]),
    [
      ['example.com/log', null],
      ['witness.example', 1_780_000_000_000],
    ],
  );
  t.match(parseCheckpoint(parseNote(note).text), { origin: 'example.com/log', size: 3 });
  const other = formatNote({
    ...parseNote(note),
    text: formatCheckpoint({ origin: 'example.com/log', size: 4, root: all[0]! }),
  });
  t.throws(() => verifyNote(parseNote(other), [log], verifySignature), { name: 'NoteFault' });
});
