import type { ClaimAccount, Statement } from './statements.tables.ts';

type Used = Pick<ClaimAccount, 'content' | 'offsets'>;
type Group = Statement['exclusionGroup'];

/**
 * Grams that one more statement may still speak of (domain, rule 2): of its own scheme only what the scheme has not
 * spoken of; content schemes share grams with one another; an offset shares with nothing; a statement of no group uses
 * up nothing.
 *
 * @param heldGrams what the holder has of the sale
 * @param eligibleGrams what the scheme accepts of it
 */
export const remainingGrams = (
  group: Group,
  scheme: string,
  { content, offsets }: Used,
  heldGrams: number,
  eligibleGrams: number,
): number => {
  if (group === 'none') return eligibleGrams;
  const ofContent = Math.max(0, ...Object.values(content));
  if (group === 'offset') return Math.max(0, Math.min(eligibleGrams, heldGrams - ofContent) - offsets);
  return Math.max(0, Math.min(eligibleGrams, heldGrams - offsets) - (content[scheme] ?? 0));
};

/** The account after `grams` more, or fewer, are spoken of. */
export const claimed = (
  account: Used,
  { exclusionGroup, scheme }: Pick<Statement, 'exclusionGroup' | 'scheme'>,
  grams: number,
): Used => {
  const { content, offsets } = account;
  if (exclusionGroup === 'none') return account;
  if (exclusionGroup === 'offset') return { content, offsets: offsets + grams };
  const { [scheme]: before = 0, ...others } = content;
  const after = before + grams;
  return { content: after === 0 ? others : { ...others, [scheme]: after }, offsets };
};
