import { csvCell as cell, csvText } from '../kernel/csv.ts';
import type { Registered } from './claims.queries.ts';

/** Columns of the public register, one line a claim. Grams are whole grams, shares basis points. */
export const REGISTER_COLUMNS = [
  ...([
    'claimId',
    'batchCode',
    'statements',
    'schemes',
    'exclusionGroup',
    'grams',
    'saleId',
    'serials',
  ] as const),
  ...(['state', 'since', 'retiredFor', 'basisPoints', 'units', 'textEn', 'textZh'] as const),
] as const;

/** UTF-8 with a byte order mark, lines ended by CR LF; serials as `1-100 201-300`, first and last included. */
export const registerCsv = (lines: readonly Registered[]): string => {
  const rows = lines.map(({ claim, batchCode, statements, retiredFor }) => {
    const { id, exclusionGroup, grams, saleId, ranges, state, changedAt, retirement } = claim;
    const { basisPoints = null, units = null, text } = retirement ?? {};
    return [
      ...[id, batchCode, statements.map(({ code }) => code).join(' ')],
      ...[cell(statements.map(({ scheme }) => scheme).join(' ')), exclusionGroup, `${grams}`, saleId],
      ...[ranges.map(([first, last]) => `${first}-${last}`).join(' '), state],
      ...[
        new Date(changedAt).toISOString(),
        cell(retiredFor ?? ''),
        `${basisPoints ?? ''}`,
        `${units ?? ''}`,
      ],
      ...[cell(text?.en ?? ''), cell(text?.zh ?? '')],
    ];
  });
  return csvText([[...REGISTER_COLUMNS], ...rows]);
};
