import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { route, write } from '../http/route.ts';
import { Id } from '../kernel/values.ts';
import { KEEPERS } from '../registry/people.operations.ts';
import { consentToInvoicing } from './consents.operations.ts';
import { InvoicingConsentAnswer, InvoicingConsentRequest } from './consents.schema.ts';
import type { TaxDeps } from './tax-rules.routes.ts';

export const consentRoutes = (app: FastifyInstance, deps: TaxDeps): void => {
  const consent = consentToInvoicing(deps.keyring, deps.programme);
  route(app, {
    method: 'POST',
    url: '/v1/collectors/:id/invoicing-consent',
    operationId: 'consentToInvoicing',
    tag: 'taxes',
    summary: {
      en: 'Record whether a seller agrees that the buyer issues the invoices',
      zh: '登记出售者对反向开票的同意或撤回',
    },
    access: KEEPERS,
    params: z.object({ id: Id }),
    body: InvoicingConsentRequest,
    response: InvoicingConsentAnswer,
    status: 201,
    errors: { 409: 'Restricted, erased, or not registered yet', 422: 'An unknown buyer' },
    example: { given: true, at: '2026-11-24T06:30:00+08:00' },
    handler: ({ params, body, ...from }) =>
      write(deps, consent, { ...body, collectorId: params.id }, from, params.id),
  });
};
