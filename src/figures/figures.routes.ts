import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { route } from '../http/route.ts';
import { csvCell, csvText } from '../kernel/csv.ts';
import { notFound, unprocessable } from '../kernel/errors.ts';
import { sha256 } from '../kernel/hash.ts';
import { MAX_INTEGER, queryInteger } from '../kernel/values.ts';
import type { Keyring } from '../ledger/private-store.ts';
import { unavailable } from '../ledger/record.ts';
import { type Queryable, readFactsAt, readHead } from '../ledger/store.ts';
import { anomalyPrecision } from './anomaly-precision.ts';
import {
  auditCounts,
  caseCounts,
  deliveries,
  disputeCounts,
  incomePaid,
  people,
  statementCounts,
} from './counted.ts';
import { emissionsAvoided } from './emissions.ts';
import { fieldCheckShare } from './field-check-share.ts';
import { basisPointsOf, type Figure } from './figures.ts';
import { losses, massesByStep } from './masses.ts';
import { paidPerBatch, paidPerPersonMonth, personsPaid } from './paid.ts';
import { sparing } from './sparing.ts';

/** Every published figure. */
const FIGURES: readonly Figure[] = [
  fieldCheckShare,
  anomalyPrecision,
  paidPerPersonMonth,
  personsPaid,
  paidPerBatch,
  deliveries,
  people,
  massesByStep,
  losses,
  incomePaid,
  caseCounts,
  disputeCounts,
  statementCounts,
  auditCounts,
  emissionsAvoided,
];

type Following = { position: number; catchUp(): Promise<void>; reaches(seq: number): Promise<boolean> };
export type FigureDeps = {
  pool: Queryable;
  keyring: Keyring;
  programme: { timeZone: string };
  follower: Following;
  anomalies: Following;
};

const tag = 'figures';
const Text = z.object({ en: z.string(), zh: z.string() });
const described = { name: z.string(), version: z.int(), title: Text, definition: Text, scope: Text };
const FigureView = z
  .object({
    ...described,
    asOfSeq: z.int().meta({ description: 'The last entry it counts.' }),
    numerator: z.int().nullable().meta({ description: 'Null where the figure is no share of a whole.' }),
    denominator: z.int().nullable(),
    basisPoints: z.int().nullable().meta({ description: 'Rounded down; null when there is nothing yet.' }),
    counts: z.record(z.string(), z.int()),
    items: z.array(z.object({ of: z.string(), values: z.record(z.string(), z.int()) })).meta({
      description: 'Of a figure by group, such as `2026-10 CNY`; no group of fewer than five people.',
    }),
  })
  .meta({ id: 'Figure' });

const describe = ({ name, version, title, definition, scope }: Figure) => ({
  name,
  version,
  title,
  definition,
  scope,
});

/** The position asked for, once both followers have read it; the last both have read, where none was. */
const positionOf = async (deps: FigureDeps, asked: number | undefined): Promise<number> => {
  const { follower, anomalies, pool } = deps;
  if (asked === undefined) {
    await Promise.all([follower.catchUp(), anomalies.catchUp()]);
    return Math.min(follower.position, anomalies.position) - 1;
  }
  const { size } = await readHead(pool);
  if (asked >= size)
    throw unprocessable('beyond_head', '/querystring/asOfSeq', 'lies beyond the end of the ledger');
  const [one, other] = await Promise.all([follower.reaches(asked), anomalies.reaches(asked)]);
  if (!one || !other)
    throw unavailable('not_ready', 'That entry is still being read; ask again in a second.');
  return asked;
};

export const figureRoutes = (app: FastifyInstance, deps: FigureDeps): void => {
  const once = sparing<Read>();
  const read = async (name: string, asked: number | undefined): Promise<Read> => {
    const figure = FIGURES.find((each) => each.name === name);
    if (figure === undefined) throw notFound('figure');
    const asOfSeq = await positionOf(deps, asked);
    return once(`${name} ${asked ?? 'now'}`, () => readFigure(deps, figure, asOfSeq));
  };
  route(app, {
    method: 'GET',
    url: '/v1/figures',
    operationId: 'getFigures',
    tag,
    summary: { en: 'Every published figure, and what exactly it says', zh: '全部公开数字及其确切口径' },
    access: 'public',
    response: z.object({ items: z.array(z.object(described)) }),
    handler: async () => ({ items: FIGURES.map(describe) }),
  });
  route(app, {
    method: 'GET',
    url: '/v1/figures/:name',
    operationId: 'getFigure',
    tag,
    summary: { en: 'Run a published figure, as of any entry', zh: '计算公开数字，可查任一账本位置' },
    access: 'public',
    params: z.object({ name: z.string().max(60) }),
    query: z.strictObject({ asOfSeq: queryInteger(0, MAX_INTEGER).optional() }),
    response: FigureView,
    errors: { 422: 'asOfSeq lies beyond the end of the ledger' },
    handler: ({ params, query }) => read(params.name, query.asOfSeq),
  });
  route(app, {
    method: 'GET',
    url: '/v1/figures/:name/file',
    operationId: 'downloadFigure',
    tag,
    summary: { en: 'The same as CSV, a number a line', zh: '下载公开数字（CSV）' },
    access: 'public',
    params: z.object({ name: z.string().max(60) }),
    query: z.strictObject({ asOfSeq: queryInteger(0, MAX_INTEGER).optional() }),
    response: z.string(),
    produces: 'text/csv',
    errors: { 422: 'asOfSeq lies beyond the end of the ledger' },
    handler: async ({ params, query, reply }) => {
      const figure = await read(params.name, query.asOfSeq);
      const name = `${figure.name}-v${figure.version}-${figure.asOfSeq}.csv`;
      void reply
        .header('content-type', 'text/csv; charset=utf-8')
        .header('content-disposition', `attachment; filename="${name}"`)
        .header('cache-control', 'no-cache');
      return figureCsv(figure);
    },
  });
};

type Read = z.input<typeof FigureView>;

const readFigure = async (deps: FigureDeps, figure: Figure, asOfSeq: number): Promise<Read> => {
  const { at } = (await readFactsAt(deps.pool, sha256, deps.keyring, [asOfSeq])).get(asOfSeq)!.fact;
  const share = await figure.read(deps.pool, asOfSeq, { at, timeZone: deps.programme.timeZone });
  return { ...describe(figure), asOfSeq, items: [], ...share, basisPoints: basisPointsOf(share) };
};

/** Every number of a figure, each with all that says what it is. */
const figureCsv = (figure: Read): string => {
  const { name, version, asOfSeq, scope, numerator, denominator, basisPoints, counts, items } = figure;
  const line = (of: string, value: string, number: number | null): string[][] =>
    number === null
      ? []
      : [[name, String(version), String(asOfSeq), scope.en, of, value, String(number)].map(csvNumberOrText)];
  return csvText([
    ['figure', 'version', 'asOfSeq', 'scope', 'of', 'value', 'number'],
    ...line('', 'numerator', numerator),
    ...line('', 'denominator', denominator),
    ...line('', 'basisPoints', basisPoints),
    ...Object.entries(counts).flatMap(([value, number]) => line('', value, number)),
    ...items.flatMap(({ of, values }) =>
      Object.entries(values).flatMap(([value, number]) => line(of, value, number)),
    ),
  ]);
};

/** A negative number is no formula. */
const csvNumberOrText = (text: string): string => (/^-?\d+$/.test(text) ? text : csvCell(text));
