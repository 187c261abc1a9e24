import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { PageQuery, pageOf, readCursor, toPage } from '../http/page.ts';
import { route } from '../http/route.ts';
import { Currency, Id, MAX_INTEGER } from '../kernel/values.ts';
import { UNCLAIMED_REASONS } from '../kernel/vocabulary.ts';
import { hiddenPeople } from '../registry/people.queries.ts';
import { PAYERS } from './orders.operations.ts';
import type { PayeeDeps } from './payees.routes.ts';
import { listUnclaimed, personsOf, reasonsOf, totalUnclaimed } from './unclaimed.ts';

const Fen = z.int().min(0).max(MAX_INTEGER);

const UnclaimedView = z
  .object({
    accountId: Id,
    collectorId: Id.nullable().meta({ description: 'Null once erased, and for who may not see the person.' }),
    currency: Currency,
    amount: Fen.meta({ description: 'What was found unpaid. Minor units, such as fen.' }),
    left: Fen.meta({ description: 'Of it, what is not paid yet: what was owed first is paid first.' }),
    reason: z.enum(UNCLAIMED_REASONS),
    asOfSeq: z.int().meta({ description: 'It was owed after this entry already.' }),
    weighInSeq: z.int().nullable().meta({
      description:
        'Where nobody is known: the entry of the weigh-in whose money waits; `POST /v1/collections/{id}/naming` says whose it is.',
    }),
    seq: z.int(),
  })
  .meta({ id: 'Unclaimed' });

const Unclaimed = pageOf(UnclaimedView).extend({
  totals: z
    .array(z.object({ currency: Currency, count: z.int(), amount: Fen }))
    .meta({ description: 'Of all accounts, not of this page.' }),
});

export const unclaimedRoutes = (app: FastifyInstance, deps: PayeeDeps): void => {
  route(app, {
    method: 'GET',
    url: '/v1/unclaimed',
    operationId: 'listUnclaimed',
    tag: 'payouts',
    summary: {
      en: 'List what is owed to collectors for 180 days and was not paid, and why',
      zh: '列出长期无人领取的应付款',
    },
    access: [...PAYERS, 'auditor'],
    query: PageQuery,
    response: Unclaimed,
    handler: async ({ query, caller, ...http }) => {
      const { after, limit } = readCursor(query);
      const { pool, db, keyring } = deps;
      const rows = await listUnclaimed(pool, after, limit);
      const persons = await personsOf(pool, keyring, rows);
      const ids = [...new Set(persons.values())];
      const [reasons, hidden] = [await reasonsOf(pool, ids), await hiddenPeople(db, caller, ids)];
      const page = toPage(
        rows,
        limit,
        ({ seq }) => seq,
        (row) => {
          const person = persons.get(row.accountId);
          return {
            ...row,
            collectorId: person === undefined || hidden.has(person) ? null : person,
            reason:
              row.weighInSeq !== null
                ? ('nobody-known' as const)
                : person === undefined
                  ? ('erased' as const)
                  : reasons.get(person)!,
          };
        },
        http,
      );
      return { ...page, totals: await totalUnclaimed(pool) };
    },
  });
};
