import { csvCell, csvText } from '../kernel/csv.ts';
import { COLUMNS, type Pack } from './pack.ts';

const HEAD = ['section', 'what', 'material', 'form', 'seq', 'day', 'grams', 'count', 'state', 'reference'];

type Line = {
  what: string;
  material?: string;
  form?: string;
  seq?: number;
  day?: string;
  grams?: number | null;
  count?: number;
  state?: string;
  reference?: string | null;
};
const number = (value: number | null | undefined): string => (value == null ? '' : String(value));

const row = (section: string, line: Line): string[] => [
  ...[section, csvCell(line.what), line.material ?? '', line.form ?? '', number(line.seq), line.day ?? ''],
  ...[number(line.grams), number(line.count), line.state ?? '', csvCell(line.reference ?? '')],
];

const stockLines = ({ stock }: Pack): Line[] =>
  stock.flatMap(({ material, form, ...line }) =>
    (['opening', ...COLUMNS, 'closing', 'difference'] as const).map((what) => ({
      ...{ what, material, form, grams: line[what] },
    })),
  );

const loadLines = ({ loads }: Pack): Line[] =>
  loads.flatMap(({ shipmentId: reference, seq, bookedGrams, measuredGrams, lossGrams, surplusGrams }) => [
    { what: 'booked', seq, grams: bookedGrams, reference },
    { what: 'measured', seq, grams: measuredGrams, reference },
    { what: 'loss', seq, grams: lossGrams, reference },
    { what: 'surplus', seq, grams: surplusGrams, reference },
  ]);

const weighInLines = ({ weighIns }: Pack): Line[] =>
  weighIns.flatMap(({ seq, day, material, form, grossGrams, tareGrams, leafHash, marks, evidence }) => [
    { what: 'gross', seq, day, material, form, grams: grossGrams, reference: leafHash },
    { what: 'tare', seq, day, material, form, grams: tareGrams, reference: leafHash },
    ...marks.map((what) => ({ what: 'mark', seq, reference: what })),
    ...evidence.map((hash) => ({
      what: 'evidence',
      seq,
      state: hash === null ? 'closed' : '',
      reference: hash,
    })),
  ]);

/** The pack as one table, a figure a line; changes are signed, grams whole. */
export const packCsv = (pack: Pack): string =>
  csvText([
    HEAD,
    ...(
      [
        ['audit', [{ what: pack.body, reference: pack.auditId }]],
        ['site', [{ what: pack.site.name, reference: pack.site.id }]],
        [
          'period',
          [
            { what: 'first', day: pack.firstDay, seq: pack.fromSeq },
            { what: 'last', day: pack.lastDay, seq: pack.untilSeq - 1 },
          ],
        ],
        ['stock', stockLines(pack)],
        [
          'flow',
          pack.flows.map(({ type, column, facts, ...flow }) => ({
            ...{ what: column, ...flow, count: facts, reference: type },
          })),
        ],
        [
          'process-loss',
          [
            ...pack.processLosses.map(({ kind, grams }) => ({ what: kind, grams })),
            { what: 'difference', grams: pack.processDifference },
          ],
        ],
        ['load', loadLines(pack)],
        [
          'count',
          pack.counts.flatMap(({ countId: reference, bookedGrams, countedGrams, ...item }) => [
            { what: 'booked', ...item, grams: bookedGrams, reference },
            { what: 'counted', ...item, grams: countedGrams, reference },
          ]),
        ],
        ['weigh-in', weighInLines(pack)],
        [
          'mark',
          pack.marks.map(({ code, seq, state, subjectKind, subjectId }) => ({
            ...{ what: code, seq, state, reference: `${subjectKind} ${subjectId}` },
          })),
        ],
        [
          'case',
          pack.cases.flatMap(({ kind, seq, grams, lossGrams, state, id: reference }) => [
            { what: kind, seq, grams, state, reference },
            { what: 'written-off', seq, grams: lossGrams, state, reference },
          ]),
        ],
      ] satisfies [string, Line[]][]
    ).flatMap(([section, lines]: [string, Line[]]) => lines.map((line) => row(section, line))),
  ]);
