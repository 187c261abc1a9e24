import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { Receipt, route, type WriteDeps, write } from '../http/route.ts';
import { Id, note } from '../kernel/values.ts';
import { PROCESSORS } from './processing.operations.ts';
import { RunParams } from './processing.schema.ts';
import { voidOperations } from './void.operations.ts';

const VoidRequest = z.strictObject({ id: Id.optional(), reason: note(2_000) });

const VoidAnswer = z
  .object({
    id: Id,
    state: z.literal('voided'),
    inputs: z.array(z.object({ lotId: Id, grams: z.int() })).meta({ description: 'What each lot got back.' }),
    receipt: Receipt,
  })
  .meta({ id: 'ProcessRunVoided' });

export type VoidDeps = WriteDeps & { programme: { operatorId: string } };

export const voidRoutes = (app: FastifyInstance, deps: VoidDeps): void => {
  const { voidRun } = voidOperations(deps.programme);
  route(app, {
    method: 'POST',
    url: '/v1/process-runs/:id/void',
    operationId: 'voidProcessRun',
    tag: 'processing',
    summary: { en: 'Void a run of which nothing was used yet', zh: '作废尚未被使用的加工记录' },
    access: PROCESSORS,
    params: RunParams,
    body: VoidRequest,
    response: VoidAnswer,
    status: 201,
    errors: {
      409: 'Something that came of it was used since, what went in has left, or it was voided already',
    },
    example: { reason: '投料批次选错' },
    handler: ({ params, body, ...from }) =>
      write(deps, voidRun, { runId: params.id, reason: body.reason }, from, params.id),
  });
};
