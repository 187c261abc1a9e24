/** What a fact did to the stock of one kind at a site: grams that came in lots, and (negative) that left. */
export type Flow = {
  type: string;
  /** A weigh-in's own lot. */
  isWeighIn: boolean;
  material: string;
  form: string;
  up: number;
  down: number;
  facts: number;
};

/** How a change of stock is told; all are signed, and opening + all of them = closing, to the gram. */
export const COLUMNS = [
  ...(['in', 'made', 'used', 'out', 'losses', 'counts', 'corrected'] as const),
] as const;
export type Column = (typeof COLUMNS)[number];

/** Facts whose change is told otherwise than by its sign: a void takes back in the column of what it undoes. */
const COLUMN_OF: ReadonlyMap<string, Column> = new Map([
  ['collection.recorded.v1', 'counts'],
  ['stock.counted.v1', 'counts'],
  ['collection.corrected.v1', 'corrected'],
  ['collection.voided.v1', 'corrected'],
  ['outside-material.voided.v1', 'in'],
  ['shipment.receipt-voided.v1', 'in'],
  ['shipment.voided.v1', 'out'],
  ['material.disposal-voided.v1', 'out'],
  ['batch.sale-voided.v1', 'out'],
  ['batch.entry-voided.v1', 'out'],
  ['batch.return-voided.v1', 'in'],
  ['case.decided.v1', 'losses'],
  ['incident.reported.v1', 'losses'],
  ['incident.voided.v1', 'losses'],
  ['lot.weighed.v1', 'losses'],
  ['shipment.lost.v1', 'losses'],
]);
const MAKES: ReadonlySet<string> = new Set(['process-run.completed.v1', 'product.made.v1']);
const UNMAKES: ReadonlySet<string> = new Set(['process-run.voided.v1', 'product.voided.v1']);

/** The columns a flow stands in, with its grams in each. */
export const columnsOf = ({ type, isWeighIn, up, down }: Flow): [Column, number][] => {
  if (isWeighIn) return [['in', up + down]];
  if (MAKES.has(type) || UNMAKES.has(type)) {
    const [made, used] = MAKES.has(type) ? [up, down] : [down, up];
    return (
      [
        ['made', made],
        ['used', used],
      ] satisfies [Column, number][]
    ).filter(([, grams]) => grams !== 0);
  }
  const grams = up + down;
  const named = COLUMN_OF.get(type);
  return grams === 0 ? [] : [[named ?? (grams > 0 ? 'in' : 'out'), grams]];
};

export type Kind = { material: string; form: string };
export type Balance = Kind & { opening: number; closing: number };
export type KindLine = Balance & Record<Column, number> & { difference: number };

const nameOf = ({ material, form }: Kind): string => `${material} ${form}`;

/**
 * The account of each kind at a site over a period. Opening and closing come from what the follower kept of stock, the changes
 * from what the door posted to lots: two ways to the same gram, so `difference` is 0 unless a table was touched.
 */
export const accountOf = (balances: readonly Balance[], flows: readonly Flow[]): KindLine[] => {
  const lines = new Map<string, KindLine>();
  const lineOf = ({ material, form }: Kind): KindLine => {
    const name = nameOf({ material, form });
    let line = lines.get(name);
    if (line === undefined) {
      const none = { in: 0, made: 0, used: 0, out: 0, losses: 0, counts: 0, corrected: 0 };
      line = { material, form, opening: 0, ...none, closing: 0, difference: 0 };
      lines.set(name, line);
    }
    return line;
  };
  for (const balance of balances) Object.assign(lineOf(balance), balance);
  for (const flow of flows) for (const [column, grams] of columnsOf(flow)) lineOf(flow)[column] += grams;
  for (const line of lines.values())
    line.difference = COLUMNS.reduce((sum, column) => sum + line[column], line.opening) - line.closing;
  return [...lines.values()].toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
};

export type PackWeighIn = {
  seq: number;
  leafHash: string;
  day: string;
  material: string;
  form: string;
  grossGrams: number;
  tareGrams: number;
  marks: string[];
  /** SHA-256 of photos and other evidence; null where a person's part is closed to the reader or erased. */
  evidence: (string | null)[];
};

/** What an auditor checks one site by, over the period of the audit. */
export type Pack = {
  auditId: string;
  body: string;
  site: { id: string; name: string };
  firstDay: string;
  lastDay: string;
  /** Entries recorded in the period: `fromSeq` … `untilSeq − 1`. */
  fromSeq: number;
  untilSeq: number;
  stock: KindLine[];
  flows: { type: string; material: string; form: string; column: Column; grams: number; facts: number }[];
  processLosses: { kind: string; grams: number }[];
  /** Used and not made, less the losses that runs name: 0. */
  processDifference: number;
  loads: {
    shipmentId: string;
    fromSiteId: string;
    seq: number;
    bookedGrams: number;
    measuredGrams: number | null;
    lossGrams: number | null;
    surplusGrams: number | null;
  }[];
  counts: {
    countId: string;
    seq: number;
    material: string;
    form: string;
    bookedGrams: number;
    countedGrams: number;
  }[];
  weighIns: PackWeighIn[];
  marks: { seq: number; code: string; subjectKind: string; subjectId: string; state: string }[];
  cases: { seq: number; id: string; kind: string; grams: number; lossGrams: number | null; state: string }[];
};
