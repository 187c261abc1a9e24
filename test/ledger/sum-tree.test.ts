import { createHash, createHmac } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import { sha256, toHex } from '../../src/kernel/hash.ts';
import { ProofFault } from '../../src/ledger/proof.ts';
import { checkSumProof, type SumProof, sumTree } from '../../src/ledger/sum-tree.ts';

const bytes = (hex: string): Buffer => Buffer.from(hex, 'hex');

/** The format's sentences, word for word and recursive: another implementation. */
const naive = (splitSalt: Buffer, leaves: { id: string; amount: number }[]) => {
  const hash = (...parts: Buffer[]) => createHash('sha256').update(Buffer.concat(parts)).digest();
  const u64 = (n: number) => {
    const out = Buffer.alloc(8);
    out.writeBigUInt64BE(BigInt(n));
    return out;
  };
  const sorted = leaves
    .map(({ id, amount }) => {
      const salt = createHmac('sha256', splitSalt).update(id, 'ascii').digest();
      return { amount, idHash: hash(salt, Buffer.from(id, 'ascii')) };
    })
    .sort((a, b) => Buffer.compare(a.idHash, b.idHash));
  const root = (part: typeof sorted): { hash: Buffer; sum: number } => {
    if (part.length === 0) return { hash: hash(), sum: 0 };
    if (part.length === 1)
      return { hash: hash(Buffer.of(0x10), u64(part[0]!.amount), part[0]!.idHash), sum: part[0]!.amount };
    let k = 1;
    while (2 * k < part.length) k *= 2;
    const [left, right] = [root(part.slice(0, k)), root(part.slice(k))];
    return {
      hash: hash(Buffer.of(0x11), left.hash, u64(left.sum), right.hash, u64(right.sum)),
      sum: left.sum + right.sum,
    };
  };
  return root(sorted);
};

const leavesOf = (salt: Uint8Array, amounts: readonly number[]) =>
  amounts.map((amount, i) => ({
    id: `00000000-0000-4000-8000-${String(i).padStart(8, '0')}${toHex(salt.subarray(0, 2))}`,
    amount,
  }));

t.test('the root is that of the format, and every proof leads to it', async (t) => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 32, maxLength: 32 }),
      fc.array(fc.integer({ min: 0, max: 2 ** 40 }), { maxLength: 40 }),
      (salt, amounts) => {
        const leaves = leavesOf(salt, amounts);
        const tree = sumTree(sha256, salt, leaves);
        const expected = naive(Buffer.from(salt), leaves);
        t.equal(toHex(tree.root), toHex(expected.hash));
        t.equal(tree.total, expected.sum);
        for (const leaf of leaves) {
          const proof = tree.proofOf(leaf.id)!;
          checkSumProof(sha256, leaf, proof, tree);
          const lie = { ...leaf, amount: leaf.amount + 1 };
          t.throws(() => checkSumProof(sha256, lie, proof, { ...tree, total: tree.total + 1 }), ProofFault);
        }
      },
    ),
    { numRuns: 60 },
  );
});

t.test('what is not so is refused', async (t) => {
  const salt = new Uint8Array(32).fill(7);
  const leaves = leavesOf(salt, [5, 0, 10, 3, 8]);
  const tree = sumTree(sha256, salt, leaves);
  const refused = (change: (proof: SumProof) => SumProof, message: RegExp, leaf = leaves[2]!) =>
    t.throws(() => checkSumProof(sha256, leaf, change(tree.proofOf(leaf.id)!), tree), { message });
  checkSumProof(sha256, leaves[2]!, tree.proofOf(leaves[2]!.id)!, tree);
  refused((p) => p, /leads to a total|not lead/, { ...leaves[2]!, amount: 11 });
  refused((p) => ({ ...p, path: [...p.path, p.path[0]!] }), /too long/);
  refused((p) => ({ ...p, path: p.path.slice(0, -1) }), /too short/);
  refused((p) => ({ ...p, index: 5 }), /no leaf/);
  refused((p) => ({ ...p, count: 6 }), /no leaf/);
  refused((p) => ({ ...p, leafSalt: new Uint8Array(32) }), /not lead/);
  // A sum that is moved from one sibling to another leaves the total and not the root.
  refused(
    (p) => ({ ...p, path: p.path.map((node, i) => ({ ...node, sum: node.sum + [1, -1, 0][i]! })) }),
    /not lead|whole amount/,
  );
  refused((p) => ({ ...p, path: p.path.map((node) => ({ ...node, sum: -1 })) }), /whole amount/);
  t.throws(() => sumTree(sha256, salt, [leaves[0]!, leaves[0]!]), /two leaves/);
  t.throws(() => sumTree(sha256, salt, leavesOf(salt, [-1])), RangeError);
  t.throws(() => sumTree(sha256, salt, leavesOf(salt, [2 ** 53 - 1, 1])), RangeError, 'beyond 2^53 − 1');
  t.throws(() => sumTree(sha256, salt.subarray(1), leaves), RangeError);
  t.equal(toHex(sumTree(sha256, salt, []).root), toHex(sha256(new Uint8Array(0))), 'the empty tree');
});

t.test('the vectors hold', async (t) => {
  const folder = path.resolve(import.meta.dirname, '../vectors/sum-tree');
  const files = readdirSync(folder).filter((file) => file.endsWith('.json'));
  t.ok(files.length >= 4, `${files.length} vectors`);
  for (const file of files) {
    const vector = JSON.parse(readFileSync(path.join(folder, file), 'utf8'));
    const tree = sumTree(sha256, bytes(vector.splitSalt), vector.leaves);
    t.same([toHex(tree.root), tree.total, tree.count], [vector.root, vector.total, vector.count], file);
    for (const { id, amount, index, leafSalt, path: way } of vector.proofs) {
      const proof = {
        index,
        count: vector.count,
        leafSalt: bytes(leafSalt),
        path: way.map(({ hash, sum }: { hash: string; sum: number }) => ({ hash: bytes(hash), sum })),
      };
      t.doesNotThrow(() => checkSumProof(sha256, { id, amount }, proof, { ...tree }), `${file} ${id}`);
    }
  }
});
