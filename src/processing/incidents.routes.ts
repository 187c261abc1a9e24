import type { FastifyInstance } from 'fastify';
import type { Reader } from '../db/reader.ts';
import { route, type WriteDeps, write } from '../http/route.ts';
import { voidRoute } from '../http/voiding.ts';
import { readingAtSites } from '../registry/at-sites.routes.ts';
import { incidentOperations } from './incidents.operations.ts';
import { IncidentAnswer, IncidentRequest, IncidentView } from './incidents.schema.ts';
import type { Incident } from './incidents.tables.ts';
import { PROCESSORS } from './processing.operations.ts';

const tag = 'processing';
const TABLE = 'incidents';

export type IncidentDeps = WriteDeps & { db: Reader; programme: { timeZone: string; operatorId: string } };

export const incidentRoutes = (app: FastifyInstance, deps: IncidentDeps): void => {
  const { reportIncident, voidIncident } = incidentOperations(deps.programme);
  route(app, {
    method: 'POST',
    url: '/v1/incidents',
    operationId: 'reportIncident',
    tag,
    summary: { en: 'Report a fire, a theft or a loss at sea', zh: '上报火灾、失窃或海上遗失' },
    access: PROCESSORS,
    body: IncidentRequest,
    response: IncidentAnswer,
    status: 201,
    errors: {
      409: 'The grams are gone, elsewhere, or on hold',
      422: 'Unknown site, shipment or lot',
    },
    example: {
      siteId: '0198f3a2-1c7e-7d1a-9c4e-2f60c1b7a002',
      kind: 'fire',
      lots: [{ lotId: '0198f3a2-1c7e-7d1a-9c4e-2f60c1b7a004', grams: 4_000 }],
      reference: '消 2026-126',
      happenedAt: '2026-11-20T03:10:00+08:00',
    },
    handler: ({ body, ...from }) => write(deps, reportIncident, body, from),
  });
  voidRoute(app, deps, {
    url: '/v1/incidents/:id/void',
    operationId: 'voidIncident',
    tag,
    summary: { en: 'Void an incident entered by mistake', zh: '作废事故记录' },
    access: PROCESSORS,
    operation: voidIncident,
    conflict: 'What lost grams has moved since or is on hold, or it was voided already',
  });
  readingAtSites<Incident, typeof IncidentView>(app, deps.db, TABLE, {
    url: '/v1/incidents',
    tag,
    one: {
      operationId: 'getIncident',
      summary: { en: 'Read one incident', zh: '查询事故' },
      noun: 'incident',
    },
    all: { operationId: 'listIncidents', summary: { en: 'List incidents', zh: '列出事故' } },
    view: IncidentView,
    toView: (row) => row,
  });
};
