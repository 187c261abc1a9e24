import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { route } from '../http/route.ts';
import { notFound, unprocessable } from '../kernel/errors.ts';
import { sha256 } from '../kernel/hash.ts';
import { MAX_INTEGER, queryInteger } from '../kernel/values.ts';
import type { Keyring } from '../ledger/private-store.ts';
import { unavailable } from '../ledger/record.ts';
import { type Queryable, readFactsAt, readHead } from '../ledger/store.ts';
import { anomalyPrecision } from './anomaly-precision.ts';
import { fieldCheckShare } from './field-check-share.ts';
import { basisPointsOf, type Figure } from './figures.ts';
import { paidPerBatch, paidPerPersonMonth, personsPaid } from './paid.ts';

/** Every published figure. */
const FIGURES: readonly Figure[] = [
  fieldCheckShare,
  anomalyPrecision,
  paidPerPersonMonth,
  personsPaid,
  paidPerBatch,
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
    handler: async ({ params, query }) => {
      const figure = FIGURES.find(({ name }) => name === params.name);
      if (figure === undefined) throw notFound('figure');
      const asOfSeq = await positionOf(deps, query.asOfSeq);
      const { at } = (await readFactsAt(deps.pool, sha256, deps.keyring, [asOfSeq])).get(asOfSeq)!.fact;
      const share = await figure.read(deps.pool, asOfSeq, { at, timeZone: deps.programme.timeZone });
      return { ...describe(figure), asOfSeq, items: [], ...share, basisPoints: basisPointsOf(share) };
    },
  });
};
