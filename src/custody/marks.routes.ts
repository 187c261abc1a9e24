import type { FastifyInstance } from 'fastify';
import { type MaterialMarkDeps, markRoute } from '../supervision/material-marks.ts';
import { findShipment } from './custody.queries.ts';
import { shipments } from './custody.tables.ts';

/** A mark on a load is one on every lot that travelled in it, wherever they are by now. */
export const shipmentMarkRoutes = (app: FastifyInstance, deps: MaterialMarkDeps): void =>
  markRoute(app, deps, {
    subjectKind: 'shipment',
    url: '/v1/shipments/:id/marks',
    operationId: 'markShipment',
    summary: { en: 'Mark a load as doubtful', zh: '标记货物存疑' },
    subjectOf: (world, id) => {
      const { fromSiteId, fromOrganisationId, toOrganisationId, ...shipment } = world.get(shipments, id)!;
      const { arrivedOrganisationId, dispatchedBy } = shipment;
      const parties = [fromOrganisationId, toOrganisationId, dispatchedBy, arrivedOrganisationId];
      return {
        seq: shipment.lastSeq,
        siteId: fromSiteId,
        lotIds: shipment.lots.map(({ lotId }) => lotId),
        organisationIds: [...new Set(parties.filter((party) => party !== null))],
      };
    },
    sees: async (db, caller, id) => (await findShipment(db, caller, id)) !== undefined,
  });
