import type { Test } from 'tap';
import { type Answer, type Client, startTestApp } from './app.ts';

/** The body of an answer with the status expected; throws with what came instead. */
export const ok = ({ status, body }: Answer, expected = 201): Answer['body'] => {
  if (status !== expected) throw new Error(`${status} ${JSON.stringify(body)}`);
  return body;
};

type Place = { siteId: string; client: Client };

/** A station, a warehouse, and loads of weigh-ins on their way from the one to the other. */
export const startLoads = async (t: Test) => {
  const app = await startTestApp(t);
  const [from, to] = [await app.site('station'), await app.site('warehouse')];
  const collectors = new Map<string, string>();
  /** Somebody registered at the site: what they bring in is claimable. */
  const collectorAt = async ({ siteId, client }: Place): Promise<string> => {
    const known = collectors.get(siteId);
    if (known !== undefined) return known;
    const consent = { version: '1', at: '2026-01-01T00:00:00+08:00' };
    const { id } = ok(await client.post('/v1/collectors', { siteId, name: '渔民', consent }));
    collectors.set(siteId, id);
    return id;
  };
  /** The lot of one weigh-in. */
  const weighIn = async (place: Place, grossGrams: number, more = {}): Promise<string> =>
    ok(
      await place.client.post('/v1/collections', {
        siteId: place.siteId,
        collectorId: await collectorAt(place),
        material: 'pet',
        form: 'bottle',
        originClass: 'shoreline',
        originEvidence: 'position',
        grossGrams,
        tareGrams: 0,
        basis: 'weighed',
        collectedAt: new Date().toISOString(),
        ...more,
      }),
    ).lot.id;
  const send = async (sender: Place, toSiteId: string, lots: string[], more = {}) => {
    const body = { fromSiteId: sender.siteId, toSiteId, lots: lots.map((lotId) => ({ lotId })), ...more };
    const { id } = ok(await sender.client.post('/v1/shipments', body));
    return { id: id as string, lots, path: `/v1/shipments/${id}/receipt` };
  };
  /** A load of lots of these grams, on its way. */
  const dispatch = async (sender: Place, ...grams: number[]) => {
    const lots = [];
    for (const gram of grams) lots.push(await weighIn(sender, gram));
    return send(sender, to.siteId, lots);
  };
  const stock = async ({ client, siteId }: Place): Promise<number> =>
    ok(await client.get(`/v1/sites/${siteId}/inventory`), 200).items.reduce(
      (sum: number, item: { grams: number }) => sum + item.grams,
      0,
    );
  const lot = async (id: string, client: Client = app.operator) =>
    ok(await client.get(`/v1/lots/${id}`), 200);
  /** Two holders of an organisation that does not profit. */
  const deciders = async (role: 'certifier' | 'regulator' = 'certifier'): Promise<Client[]> => {
    const { id } = ok(await app.operator.post('/v1/organisations', { name: '监督', kind: role }));
    return [await app.keyFor(id, role, { holder: '甲' }), await app.keyFor(id, role, { holder: '乙' })];
  };
  const decide = async (caseId: string, body: object) => {
    let last: Answer['body'];
    for (const client of await deciders()) last = ok(await client.post(`/v1/cases/${caseId}/decision`, body));
    return last;
  };
  return { app, from, to, weighIn, send, dispatch, stock, lot, deciders, decide };
};
