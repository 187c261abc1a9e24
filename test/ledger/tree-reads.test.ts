import t from 'tap';
import { sha256 } from '../../src/kernel/hash.ts';
import { Recent } from '../../src/kernel/recent.ts';
import { rootOfAll } from '../../src/ledger/merkle.ts';
import { verifyInclusion } from '../../src/ledger/proof.ts';
import { TILE_WIDTH } from '../../src/ledger/tile-path.ts';
import { Tree } from '../../src/ledger/tree.ts';

const SIZE = 300 * TILE_WIDTH + 77;
const leaves = Array.from({ length: SIZE }, (_, i) => sha256(Buffer.from(`${i}`)));
const blocks = Array.from({ length: 300 }, (_, i) =>
  rootOfAll(sha256, leaves.slice(i * TILE_WIDTH, (i + 1) * TILE_WIDTH)),
);
const root = rootOfAll(sha256, leaves);

/** Answers as the tables would, and counts what it is asked. */
const database = () => {
  const asked = { leaves: 0, tiles: 0 };
  const query = async ({ text, values: [a, b] }: { text: string; values: number[] }) => {
    if (text.includes('FROM chunks')) {
      asked.leaves++;
      const found = leaves.slice(a, b);
      return { rows: found.length === 0 ? [] : [{ leaves: Buffer.concat(found) }] };
    }
    asked.tiles++;
    const below = a === 1 ? blocks : [rootOfAll(sha256, blocks.slice(0, TILE_WIDTH))];
    const found = below.slice(b! * TILE_WIDTH, (b! + 1) * TILE_WIDTH);
    return { rows: found.length === 0 ? [] : [{ hashes: Buffer.concat(found) }] };
  };
  return { asked, tree: new Tree({ query } as never, sha256) };
};

t.test('a proof at a size that was asked for before reads the tile of its entry alone', async (t) => {
  const { tree, asked } = database();
  const prove = async (index: number) => {
    const { leaf, proof } = await tree.leafWithProof(index, SIZE);
    t.same(Buffer.from(leaf), Buffer.from(leaves[index]!));
    verifyInclusion(sha256, index, SIZE, leaf, proof, root);
  };
  // One on either side makes the upper tiles and the right edge known.
  await prove(0);
  await prove(SIZE - 1);
  const before = { ...asked };
  t.ok(before.leaves + before.tiles <= 8, JSON.stringify(before));
  for (let block = 1; block < 200; block++) await prove(block * TILE_WIDTH + block);
  t.same(asked, { leaves: before.leaves + 199, tiles: before.tiles }, 'one read each');
  for (let block = 1; block < 200; block++) await prove(block * TILE_WIDTH + (block % 3));
  t.same(asked, { leaves: before.leaves + 199, tiles: before.tiles }, 'and none when it is at hand');
});

t.test('what is not written has no proof, and none is remembered for it', async (t) => {
  const { tree } = database();
  await t.rejects(tree.leafWithProof(SIZE, SIZE + 1), { name: 'RangeError' });
  const { leaf, proof } = await tree.leafWithProof(5, SIZE);
  verifyInclusion(sha256, 5, SIZE, leaf, proof, root);
});

t.test('what was used last is kept', async (t) => {
  const recent = new Recent<string, number>(2);
  recent.set('a', 1);
  recent.set('b', 2);
  t.equal(recent.get('a'), 1);
  recent.set('c', 3);
  t.same([recent.get('a'), recent.get('b'), recent.get('c')], [1, undefined, 3]);
});
