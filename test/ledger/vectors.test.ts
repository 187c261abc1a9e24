import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { canonicalBytes } from '../../src/kernel/canonical.ts';
import { sha256, toHex } from '../../src/kernel/hash.ts';
import { parseCheckpoint } from '../../src/ledger/checkpoint.ts';
import { leafHash } from '../../src/ledger/entry.ts';
import { verifyEd25519 } from '../../src/ledger/log-key.ts';
import { rootOfAll } from '../../src/ledger/merkle.ts';
import { fromBase64, parseKey, parseNote, verifyNote } from '../../src/ledger/note.ts';
import {
  consistencyRanges,
  inclusionRanges,
  type Range,
  verifyConsistency,
  verifyInclusion,
} from '../../src/ledger/proof.ts';

const CONFORMANCE = path.resolve(import.meta.dirname, '../../../shared/conformance');
const HERE = existsSync(CONFORMANCE) ? {} : { skip: 'the conformance folder is not beside this checkout' };
const textOf = (file: string): string => readFileSync(path.join(CONFORMANCE, file), 'utf8');

type Sample = {
  root: string;
  inclusion: Record<string, string[]>;
  consistencyFrom: Record<string, string[]>;
};

t.test('the trees and proofs that RFC 6962 was tried with', HERE, async (t) => {
  const tree = JSON.parse(textOf('merkle-rfc6962/tree8.json')) as {
    leafInputsHex: string[];
    leafHashes: string[];
    rootsBySize: string[];
  };
  const inputs = tree.leafInputsHex.map((hex) => leafHash(sha256, Buffer.from(hex, 'hex')));
  t.same(inputs.map(toHex), tree.leafHashes);
  for (const [size, root] of tree.rootsBySize.entries())
    t.equal(toHex(rootOfAll(sha256, inputs.slice(0, size))), root, `${size} leaves`);

  const { sizes } = JSON.parse(textOf('merkle-rfc6962/sample-proofs.json')) as {
    sizes: Record<string, Sample>;
  };
  const most = Math.max(...Object.keys(sizes).map(Number));
  const leaves = Array.from({ length: most }, (_, i) => leafHash(sha256, Buffer.of(i)));
  const rootAt = (size: number) => rootOfAll(sha256, leaves.slice(0, size));
  const hashes = (ranges: readonly Range[]) =>
    ranges.map(({ from, to }) => rootOfAll(sha256, leaves.slice(from, to)));
  let proofs = 0;
  for (const [text, { root, inclusion, consistencyFrom }] of Object.entries(sizes)) {
    const size = Number(text);
    t.equal(toHex(rootAt(size)), root, `${size} leaves`);
    for (const [index, expected] of Object.entries(inclusion)) {
      const proof = hashes(inclusionRanges(Number(index), size));
      t.same(proof.map(toHex), expected, `${index} in ${size}`);
      verifyInclusion(sha256, Number(index), size, leaves[Number(index)]!, proof, rootAt(size));
      proofs++;
    }
    for (const [old, expected] of Object.entries(consistencyFrom)) {
      const proof = hashes(consistencyRanges(Number(old), size));
      t.same(proof.map(toHex), expected, `${old} and ${size}`);
      verifyConsistency(sha256, Number(old), size, rootAt(Number(old)), rootAt(size), proof);
      proofs++;
    }
  }
  t.ok(proofs > 10, `${proofs} proofs`);
});

t.test('proofs that another implementation wrote as text', HERE, async (t) => {
  const key = parseKey(sha256, textOf('c2sp-tlog/tiles-log/log.vkey').trim());
  const examples = JSON.parse(textOf('c2sp-tlog/tlog-proof-example.json')) as {
    size: number;
    index: number;
    entryUtf8: string;
    tlogProof: string;
  }[];
  t.ok(examples.length > 0);
  for (const { size, index, entryUtf8, tlogProof } of examples) {
    const cut = tlogProof.indexOf('\n\n');
    const [version, place, ...lines] = tlogProof.slice(0, cut).split('\n');
    t.same([version, place], ['c2sp.org/tlog-proof@v1', `index ${index}`]);
    const note = parseNote(tlogProof.slice(cut + 2));
    t.equal(verifyNote(note, [key], verifyEd25519).length, 1);
    const checkpoint = parseCheckpoint(note.text);
    t.equal(checkpoint.size, size);
    const proof = lines.map((line) => fromBase64(line)!);
    const leaf = leafHash(sha256, Buffer.from(entryUtf8));
    verifyInclusion(sha256, index, size, leaf, proof, checkpoint.root);
    const other = leafHash(sha256, Buffer.from(`${entryUtf8}?`));
    t.throws(() => verifyInclusion(sha256, index, size, other, proof, checkpoint.root), {
      name: 'ProofFault',
    });
  }
});

t.test('the bytes of RFC 8785, as its vectors write them in hex', HERE, async (t) => {
  const folder = 'jcs-rfc8785/outhex';
  const files = readdirSync(path.join(CONFORMANCE, folder));
  t.ok(files.length >= 4, `${files.length} files`);
  for (const file of files) {
    const input = JSON.parse(textOf(`jcs-rfc8785/input/${file.replace('.txt', '.json')}`));
    const expected = textOf(`${folder}/${file}`).replace(/\s/g, '');
    t.equal(toHex(canonicalBytes(input, 0)), expected, file);
  }
});
