import type { FastifyInstance } from 'fastify';
import { type MaterialMarkDeps, markRoute } from '../supervision/material-marks.ts';
import { findRun } from './processing.queries.ts';
import { processRuns } from './processing.tables.ts';

/** A mark on a run is one on all it made. */
export const runMarkRoutes = (app: FastifyInstance, deps: MaterialMarkDeps): void =>
  markRoute(app, deps, {
    subjectKind: 'process-run',
    url: '/v1/process-runs/:id/marks',
    operationId: 'markProcessRun',
    summary: { en: 'Mark a run as doubtful', zh: '标记加工批存疑' },
    subjectOf: (world, id) => {
      const { seq, siteId } = world.get(processRuns, id)!;
      return { seq, siteId };
    },
    sees: async (db, caller, id) => (await findRun(db, caller, id)) !== undefined,
  });
