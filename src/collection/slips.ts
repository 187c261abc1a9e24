import { conflict } from '../kernel/errors.ts';
import { namedUuid } from '../kernel/ids.ts';
import type { World } from '../ledger/world.ts';
import { weighIns } from './corrections.tables.ts';
import { type SlippedWeighIn, slips } from './slips.tables.ts';

/** Weigh-ins kept under one slip or tag; of more, the latest. A slip of the book has fewer lines. */
const MOST_KEPT = 12;

/** What a weigh-in says of paper. `day` as it was recorded, in the programme's time zone. */
export type Papers = {
  siteId: string;
  day: string;
  slipNo: string | undefined;
  bagTag: string | undefined;
  fromPaper: boolean;
  material: string;
  form: string;
  grossGrams: number;
  tareGrams: number;
};

/** The rows its slip number and its bag tag stand under; none for an ordinary weigh-in, which looks nothing up. */
const rowsOf = ({ siteId, day, slipNo, bagTag }: Papers): { slip: string | null; tag: string | null } => ({
  slip: slipNo === undefined ? null : namedUuid(`slip ${siteId} ${slipNo}`),
  tag: bagTag === undefined ? null : namedUuid(`tag ${siteId} ${day} ${bagTag}`),
});

const kindOf = ({ material, form }: Papers): string => `${material} ${form}`;

/** Whether one of the two may be the other told again. Two bags of one phone, two lines of one slip are not. */
const toldTwice = (now: Papers, slip: string | null, was: SlippedWeighIn): boolean => {
  if (was.kind !== kindOf(now)) return false;
  const medium = now.fromPaper ? 'paper' : 'phone';
  if (slip !== null && was.slip !== null)
    return was.slip === slip && (was.medium === 'paper' || now.fromPaper);
  return was.medium !== medium;
};

/**
 * Whether a weigh-in may be another told again, from paper and by the phone (domain rule 3: paper slips are
 * de-duplicated by tag). The same slip, or the same tag of a day, with the same kind and the same weights is the
 * same weigh-in: it stands in the ledger already, and a second one would make its grams twice. With other weights
 * it may be a second bag or a slip of the pen: nobody can know here, so it is recorded and marked.
 *
 * 409 `duplicate_slip` names the one that stands. What was voided stands no longer.
 *
 * @returns whether a doubt remains, for the mark `possible-duplicate`
 */
export const doubtfulTwin = (world: World, now: Papers): boolean => {
  const { slip, tag } = rowsOf(now);
  const ids = [slip, tag].filter((id) => id !== null);
  world.need(slips, ids);
  const known = ids.flatMap((id) => world.get(slips, id)?.weighIns ?? []);
  const twins = known.filter(
    (was) => toldTwice(now, slip, was) && world.get(weighIns, was.lotId)?.state !== 'voided',
  );
  const same = twins.find((was) => was.grossGrams === now.grossGrams && was.tareGrams === now.tareGrams);
  if (same !== undefined)
    throw conflict(
      'duplicate_slip',
      'This slip or bag was recorded already; void that weigh-in first if it was another bag.',
      { id: same.collectionId, seq: same.seq, recordedFrom: same.medium },
    );
  return twins.length > 0;
};

/** Puts a weigh-in under its slip and its tag. Does nothing for one that names neither. */
export const fileSlip = (
  world: World,
  papers: Papers,
  weighIn: Pick<SlippedWeighIn, 'seq' | 'collectionId' | 'lotId'>,
): void => {
  const { slip, tag } = rowsOf(papers);
  for (const id of [slip, tag]) {
    if (id === null) continue;
    const before = world.get(slips, id)?.weighIns ?? [];
    const { grossGrams, tareGrams } = papers;
    const medium = papers.fromPaper ? 'paper' : 'phone';
    const filed = { ...weighIn, medium, slip, kind: kindOf(papers), grossGrams, tareGrams } as const;
    world.put(slips, { id, weighIns: [...before, filed].slice(-MOST_KEPT) });
  }
};
