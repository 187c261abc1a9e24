import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Reader } from '../db/reader.ts';
import { PageQuery, pageOf, readCursor, toPage } from '../http/page.ts';
import { route, type WriteDeps, write } from '../http/route.ts';
import { notFound } from '../kernel/errors.ts';
import { type Clock, instant } from '../kernel/time.ts';
import { Id, Time } from '../kernel/values.ts';
import { publishTaxRule } from './tax-rules.operations.ts';
import { TaxRuleAnswer, TaxRuleRequest, TaxRuleView } from './tax-rules.schema.ts';
import type { TaxRule } from './taxes.tables.ts';

const tag = 'taxes';
const READERS = ['operator', 'payer', 'auditor', 'regulator'] as const;

export type TaxDeps = WriteDeps & {
  db: Reader;
  clock: Clock;
  programme: { operatorId: string; timeZone: string; currency: string };
};

const rulesIn = (db: Reader) => db.withTables<{ taxRules: TaxRule }>().selectFrom('taxRules').selectAll();

/** The rule in force at a moment in milliseconds: of those started, the last to start, then the later in the ledger. */
export const taxRuleAt = (db: Reader, at: number): Promise<TaxRule | undefined> =>
  rulesIn(db)
    .where('startsAt', '<=', at)
    .orderBy('startsAt', 'desc')
    .orderBy('seq', 'desc')
    .limit(1)
    .executeTakeFirst();

const toView = ({ lastSeq: _, startsAt, ...rule }: TaxRule): z.input<typeof TaxRuleView> => ({
  ...rule,
  startsAt: instant(startsAt),
});

export const taxRuleRoutes = (app: FastifyInstance, deps: TaxDeps): void => {
  const publish = publishTaxRule(deps.programme);
  route(app, {
    method: 'POST',
    url: '/v1/tax-rules',
    operationId: 'publishTaxRule',
    tag,
    summary: { en: 'Publish which tax is withheld of what people earn', zh: '发布代扣代缴税务规则' },
    access: ['operator'],
    body: TaxRuleRequest,
    response: TaxRuleAnswer,
    status: 201,
    errors: {
      409: 'The id was used for something else',
      422: 'Starts in the past, names a kind or a buyer twice, or an unknown buyer',
    },
    example: {
      source: '国家税务总局公告2024年第5号',
      startsAt: '2036-12-01T00:00:00+08:00',
      reverseInvoicing: {
        issuers: [
          { organisationId: '0198f3a2-1c7e-7d1a-9c4e-2f60c1b7a002', registration: '台商再生备 2024-017' },
        ],
        kinds: ['purchase', 'price-supplement'],
        ...{ vatBasisPoints: 100, vatFreeUpTo: 10_000_000, incomeTaxBasisPoints: 50, limit: 500_000_000 },
      },
    },
    handler: ({ body, ...from }) => write(deps, publish, body, from),
  });
  route(app, {
    method: 'GET',
    url: '/v1/tax-rules',
    operationId: 'listTaxRules',
    tag,
    summary: { en: 'List tax rules', zh: '列出税务规则' },
    access: READERS,
    query: PageQuery,
    response: pageOf(TaxRuleView),
    handler: async ({ query, ...http }) => {
      const { after, limit } = readCursor(query);
      const rows = await rulesIn(deps.db)
        .where('seq', '>', after)
        .orderBy('seq')
        .limit(limit + 1)
        .execute();
      return toPage(rows, limit, (row) => row.seq, toView, http);
    },
  });
  route(app, {
    method: 'GET',
    url: '/v1/tax-rules/effective',
    operationId: 'getEffectiveTaxRule',
    tag,
    summary: { en: 'Which tax rule holds at a moment', zh: '查询某时执行的税务规则' },
    access: READERS,
    query: z.strictObject({ at: Time.optional() }),
    response: z.object({ at: z.string(), rule: TaxRuleView.nullable() }).meta({ id: 'EffectiveTaxRule' }),
    handler: async ({ query }) => {
      const at = query.at === undefined ? deps.clock() : Date.parse(query.at);
      const rule = await taxRuleAt(deps.db, at);
      return { at: instant(at), rule: rule === undefined ? null : toView(rule) };
    },
  });
  route(app, {
    method: 'GET',
    url: '/v1/tax-rules/:id',
    operationId: 'getTaxRule',
    tag,
    summary: { en: 'Read one tax rule', zh: '读取税务规则' },
    access: READERS,
    params: z.object({ id: Id }),
    response: TaxRuleView,
    handler: async ({ params }) => {
      const rule = await rulesIn(deps.db).where('id', '=', params.id).executeTakeFirst();
      if (rule === undefined) throw notFound('tax rule');
      return toView(rule);
    },
  });
};
