import type { Reader } from '../db/reader.ts';
import type { Caller } from '../ledger/fact.ts';
import { maySee } from '../registry/access.ts';
import type { Case } from '../supervision/cases.tables.ts';
import type { Shipment } from './custody.tables.ts';
import { takesPart } from './loads.ts';
import type { KnownIncident } from './unmeasured.ts';

type Tables = { shipments: Shipment; cases: Case };

export type ShipmentRow = Shipment & { onHold: boolean };

/** A shipment with whether a case still holds it, or a part of it. */
const shipmentRows = (db: Reader) =>
  db
    .withTables<Tables>()
    .selectFrom('shipments as s')
    .selectAll('s')
    .select((eb) =>
      eb
        .exists(
          eb
            .selectFrom('cases as c')
            .select('c.id')
            .where((c) => c.or([c('c.subjectId', '=', c.ref('s.id')), c('c.id', '=', c.ref('s.caseId'))]))
            .where('c.kind', 'in', ['receipt-short', 'load-lost'])
            .where('c.state', 'not in', ['decided', 'withdrawn']),
        )
        .as('onHold'),
    );

/** undefined when there is none, or the caller has no part in it. */
export const findShipment = async (
  db: Reader,
  caller: Caller,
  id: string,
): Promise<ShipmentRow | undefined> => {
  const row = (await shipmentRows(db).where('s.id', '=', id).executeTakeFirst()) as ShipmentRow | undefined;
  return row !== undefined && (maySee(caller, '', null) || takesPart(caller, row)) ? row : undefined;
};

/** Shipments the caller sends, receives, carries or oversees, in the order dispatched; one more than `limit`. */
export const listShipments = async (
  db: Reader,
  caller: Caller,
  filter: {
    fromSiteId?: string | undefined;
    toSiteId?: string | undefined;
    state?: Shipment['state'] | undefined;
  },
  after: number,
  limit: number,
): Promise<ShipmentRow[]> => {
  let query = shipmentRows(db).where('s.seq', '>', after);
  if (filter.fromSiteId !== undefined) query = query.where('s.fromSiteId', '=', filter.fromSiteId);
  if (filter.toSiteId !== undefined) query = query.where('s.toSiteId', '=', filter.toSiteId);
  if (filter.state !== undefined) query = query.where('s.state', '=', filter.state);
  if (!maySee(caller, '', null)) {
    const { organisationId, siteIds } = caller;
    query = query.where((eb) => {
      const from = eb('s.fromOrganisationId', '=', organisationId);
      const to = eb('s.toOrganisationId', '=', organisationId);
      return eb.or([
        siteIds === null ? from : eb.and([from, eb('s.fromSiteId', 'in', [...siteIds])]),
        siteIds === null ? to : eb.and([to, eb('s.toSiteId', 'in', [...siteIds])]),
        eb('s.arrivedOrganisationId', '=', organisationId),
        eb('s.carrier', '=', organisationId),
      ]);
    });
  }
  return (await query
    .orderBy('s.seq')
    .limit(limit + 1)
    .execute()) as ShipmentRow[];
};

/** An incident, which never changes, as a receipt of a lost load names it. */
export const findIncident = async (db: Reader, id: string): Promise<KnownIncident | undefined> =>
  db
    .withTables<{ incidents: KnownIncident }>()
    .selectFrom('incidents')
    .select(['id', 'seq', 'shipmentId', 'kind'])
    .where('id', '=', id)
    .executeTakeFirst();
