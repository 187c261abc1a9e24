import type { FastifyInstance } from 'fastify';
import type { Reader } from '../db/reader.ts';
import { route, type WriteDeps, write } from '../http/route.ts';
import { notFound } from '../kernel/errors.ts';
import { ROLES } from '../kernel/vocabulary.ts';
import { PROCESSORS, processingOperations } from './processing.operations.ts';
import { findRun } from './processing.queries.ts';
import { RunAnswer, RunParams, RunRequest, RunView } from './processing.schema.ts';

const tag = 'processing';

export type ProcessingDeps = WriteDeps & { db: Reader; programme: { operatorId: string } };

export const processingRoutes = (app: FastifyInstance, deps: ProcessingDeps): void => {
  const { completeRun } = processingOperations(deps.programme);
  route(app, {
    method: 'POST',
    url: '/v1/process-runs',
    operationId: 'completeProcessRun',
    tag,
    summary: {
      en: 'Record a step: what went in, what came out, what was lost',
      zh: '登记加工：投入、产出、损耗',
    },
    access: PROCESSORS,
    body: RunRequest,
    response: RunAnswer,
    status: 201,
    errors: {
      409: 'The grams are gone, elsewhere, or on hold',
      422: 'Out of balance, an unknown lot or site, or a pollutant with plastic',
    },
    example: {
      siteId: '0198f3a2-1c7e-7d1a-9c4e-2f60c1b7a002',
      step: 'sort',
      inputs: [{ lotId: '0198f3a2-1c7e-7d1a-9c4e-2f60c1b7a004' }],
      outputs: [
        { material: 'pet', form: 'bottle', grams: 9_100 },
        { material: 'pp', form: 'rigid', grams: 780 },
        { material: 'residue', form: 'mixed', grams: 1_120 },
      ],
      losses: [{ kind: 'evaporated', grams: 640 }],
      lineClean: true,
    },
    handler: ({ body, ...from }) => write(deps, completeRun, body, from),
  });
  route(app, {
    method: 'GET',
    url: '/v1/process-runs/:id',
    operationId: 'getProcessRun',
    tag,
    summary: { en: 'Read one process run', zh: '查询加工记录' },
    access: ROLES,
    params: RunParams,
    response: RunView,
    handler: async ({ params, caller }) => {
      const run = await findRun(deps.db, caller, params.id);
      if (run === undefined) throw notFound('process run');
      return run;
    },
  });
};
