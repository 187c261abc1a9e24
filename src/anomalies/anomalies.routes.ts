import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Reader } from '../db/reader.ts';
import { PageQuery, pageOf, readCursor, toPage } from '../http/page.ts';
import { route, type WriteDeps, write } from '../http/route.ts';
import { Id } from '../kernel/values.ts';
import { ROLES } from '../kernel/vocabulary.ts';
import { listHits, setRules, triedRules } from './anomalies.queries.ts';
import { setRule, standing } from './rules.operations.ts';
import { HitView, RuleAnswer, RuleRequest, RuleView } from './rules.schema.ts';
import { RULE_CODES, reasonOf, ruleOf } from './rules.ts';

const tag = 'anomalies';

export type AnomalyDeps = WriteDeps & { db: Reader; anomalies: { catchUp(): Promise<void> } };

/** Of what was decided, how much was true, in basis points; null until something was. */
export const precisionOf = ({ confirmed, refuted }: { confirmed: number; refuted: number }): number | null =>
  confirmed + refuted === 0 ? null : Math.floor((confirmed * 10_000) / (confirmed + refuted));

const NOT_TRIED = { hits: 0, confirmed: 0, refuted: 0, open: 0 };

const ruleViews = async (db: Reader): Promise<z.input<typeof RuleView>[]> => {
  const [set, tried] = [await setRules(db), await triedRules(db)];
  return RULE_CODES.map((code) => {
    const rule = ruleOf(code)!;
    const counts = tried.get(code) ?? NOT_TRIED;
    return {
      ...standing(code, rule, set.get(code)),
      title: rule.title,
      becomes: rule.becomes,
      mark: rule.mark,
      bounds: Object.fromEntries(
        Object.entries(rule.parameters).map(([name, { min, max, unit }]) => [name, { min, max, unit }]),
      ),
      seq: set.get(code)?.seq ?? null,
      ...counts,
      precisionBasisPoints: precisionOf(counts),
    };
  });
};

export const anomalyRoutes = (app: FastifyInstance, deps: AnomalyDeps): void => {
  route(app, {
    method: 'GET',
    url: '/v1/anomaly-rules',
    operationId: 'getAnomalyRules',
    tag,
    summary: {
      en: 'Anomaly rules: what is in force, and how often each was right',
      zh: '异常规则：生效版本及命中准确率',
    },
    // Where exactly a rule begins to doubt is not for those it watches.
    access: ['operator', 'certifier', 'auditor', 'regulator'],
    response: z.object({ items: z.array(RuleView) }),
    handler: async () => {
      await deps.anomalies.catchUp();
      return { items: await ruleViews(deps.db) };
    },
  });
  route(app, {
    method: 'PUT',
    url: '/v1/anomaly-rules/:code',
    operationId: 'setAnomalyRule',
    tag,
    summary: {
      en: 'Put an anomaly rule in force, change its parameters, or switch it off',
      zh: '启用、调整或停用异常规则',
    },
    access: setRule.roles.filter((role) => role !== 'programme'),
    params: z.object({ code: z.string().max(60) }),
    body: RuleRequest,
    response: RuleAnswer,
    errors: { 409: 'In force just so already', 422: 'Unknown parameter, or beyond its bounds' },
    example: { enabled: true, parameters: { maxDeliveries: 30 }, note: '旺季试行' },
    handler: ({ params, body, ...from }) =>
      write(deps, setRule, { ...body, code: params.code }, from, params.code),
  });
  route(app, {
    method: 'GET',
    url: '/v1/anomalies',
    operationId: 'listAnomalies',
    tag,
    summary: { en: 'List what rules found, why, and what became of it', zh: '列出规则命中、原因与处理结果' },
    access: ROLES,
    query: PageQuery.extend({
      rule: z.enum(RULE_CODES as [string, ...string[]]).optional(),
      siteId: Id.optional(),
      outcome: z.enum(['open', 'confirmed', 'refuted']).optional(),
    }),
    response: pageOf(HitView),
    handler: async ({ query, caller, ...http }) => {
      const { after, limit } = readCursor(query);
      await deps.anomalies.catchUp();
      const rows = await listHits(deps.db, caller, query, after, limit);
      return toPage(
        rows,
        limit,
        (row) => row.place,
        ({ findingId, organisationId: _, place: __, ...hit }) => ({
          ...hit,
          id: findingId,
          reason: reasonOf(hit.rule, hit.figures),
        }),
        http,
      );
    },
  });
};
