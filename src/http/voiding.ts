import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { Id, note } from '../kernel/values.ts';
import type { Bilingual, Operation, Role } from '../ledger/fact.ts';
import { Receipt, route, type WriteDeps, write } from './route.ts';

export const VoidRequest = z.strictObject({ id: Id.optional(), reason: note(2_000) });

export const Voided = z
  .object({
    id: Id,
    state: z.literal('voided'),
    lots: z.array(z.object({ lotId: Id, grams: z.int() })).meta({ description: 'What each lot got back.' }),
    receipt: Receipt,
  })
  .meta({ id: 'Voided' });

/** What is undone, by its own id, and why. */
export type VoidInput = { subjectId: string; reason: string };
export type VoidAnswer = { id: string; state: 'voided'; lots: { lotId: string; grams: number }[] };
export type VoidOperation = Operation<VoidInput, VoidAnswer>;

/** `POST url` with a reason: undoes what was entered by mistake, while nothing was built upon it. */
export const voidRoute = (
  app: FastifyInstance,
  deps: WriteDeps,
  {
    operation,
    conflict,
    access,
    ...spec
  }: {
    /** Ends in `/:id/void`. */
    url: string;
    operationId: string;
    tag: string;
    summary: Bilingual;
    access: readonly Role[];
    operation: VoidOperation;
    /** What a 409 means here. */
    conflict: string;
  },
): void =>
  route(app, {
    ...spec,
    method: 'POST',
    access,
    params: z.object({ id: Id }),
    body: VoidRequest,
    response: Voided,
    status: 201,
    errors: { 409: conflict },
    example: { reason: '录错' },
    handler: ({ params, body, ...from }) =>
      write(deps, operation, { subjectId: params.id, reason: body.reason }, from, params.id),
  });
