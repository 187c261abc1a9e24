import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Reader } from '../db/reader.ts';
import { route } from '../http/route.ts';
import { notFound } from '../kernel/errors.ts';
import { type Clock, dayIn, instant } from '../kernel/time.ts';
import { Id } from '../kernel/values.ts';
import { ROLES } from '../kernel/vocabulary.ts';
import { type Queryable, readHead } from '../ledger/store.ts';
import { maySee } from '../registry/access.ts';
import { findById } from '../registry/registry.queries.ts';
import { endOfMonth, openItems, recordedAt } from './periods.queries.ts';
import { monthOf, OPEN_KINDS } from './periods.ts';
import { lapsedItems } from './stock-ages.queries.ts';

const PeriodParams = z.object({
  id: Id,
  month: z.string().regex(/^[12]\d{3}-(0[1-9]|1[0-2])$/, 'must be a month such as 2026-11'),
});

const Period = z
  .object({
    siteId: Id,
    month: z.string(),
    isOver: z.boolean().meta({ description: 'The month lies in the past, in the programme’s time zone.' }),
    closable: z
      .boolean()
      .meta({ description: 'Nothing of it is open. A month that still runs may open again.' }),
    openItems: z.array(
      z.object({
        kind: z.enum(OPEN_KINDS),
        id: Id.meta({ description: 'The lot, case, shipment or transfer.' }),
        grams: z.int(),
        since: z.string().meta({ description: 'When what is open was recorded.' }),
      }),
    ),
  })
  .meta({ id: 'Period', description: 'At most a thousand open items, oldest first.' });

export type PeriodDeps = {
  db: Reader;
  pool: Queryable;
  clock: Clock;
  programme: { timeZone: string };
  /** Knows what lots were made of, and so how old they are. */
  follower: { catchUp(): Promise<void> };
};

export const periodRoutes = (
  app: FastifyInstance,
  { db, pool, clock, programme, follower }: PeriodDeps,
): void => {
  route(app, {
    method: 'GET',
    url: '/v1/sites/:id/periods/:month',
    operationId: 'getPeriod',
    tag: 'periods',
    summary: {
      en: 'Whether a month of a site may be closed, and what is open',
      zh: '站点月度可否结账，及未结事项',
    },
    access: ROLES,
    params: PeriodParams,
    response: Period,
    handler: async ({ params: { id, month }, caller }) => {
      const site = await findById(db, 'sites', id);
      if (site === undefined || !maySee(caller, site.organisationId, site.id)) throw notFound('site');
      const today = dayIn(programme.timeZone, clock());
      const end = await endOfMonth(pool, programme.timeZone, month);
      if (site.storageLimits.length > 0) await follower.catchUp();
      // Of a month that is over, the age its stock had when it ended.
      const { size } = await readHead(pool);
      const at = end < size ? await recordedAt(pool, end) : clock();
      const lapsed = (await lapsedItems(db, pool, site, at)).filter(({ seq }) => seq < end);
      const open = [...(await openItems(db, id, end)), ...lapsed].toSorted((a, b) => a.seq - b.seq);
      const since = new Map<number, string>();
      for (const { seq } of open) if (!since.has(seq)) since.set(seq, instant(await recordedAt(pool, seq)));
      return {
        siteId: id,
        month,
        isOver: month < monthOf(today),
        closable: open.length === 0,
        openItems: open.map(({ seq, ...item }) => ({ ...item, since: since.get(seq)! })),
      };
    },
  });
};
