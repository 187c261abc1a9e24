import { z } from 'zod';
import { toHex } from '../kernel/hash.ts';
import { Id } from '../kernel/values.ts';
import type { SumTree } from '../ledger/sum-tree.ts';

const Fen = z.int().meta({ description: 'Minor units.' });

export const Root = z.string().meta({
  description: 'Of the Merkle-sum tree over what the people get, as `openapi/ledger-format-1.md` says. Hex.',
});

/** A leaf's way to the root, given to nobody but the person whose it is. */
export const LeafProof = z.object({
  id: Id.meta({ description: 'What the leaf is hashed from.' }),
  leafSalt: z.string(),
  index: z.int(),
  count: z.int(),
  total: Fen,
  path: z.array(z.object({ hash: z.string(), sum: Fen })),
});

/** The proof of this leaf; null without a tree, or a leaf in it. */
export const leafProof = (tree: SumTree | undefined, id: string): z.input<typeof LeafProof> | null => {
  const proof = tree?.proofOf(id);
  if (tree === undefined || proof === undefined) return null;
  const { index, count, leafSalt, path } = proof;
  return {
    ...{ id, leafSalt: toHex(leafSalt), index, count, total: tree.total },
    path: path.map(({ hash, sum }) => ({ hash: toHex(hash), sum })),
  };
};
