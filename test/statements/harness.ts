import type { Test } from 'tap';
import { tradeOf } from '../resale/sealed.ts';
import { type Client, startTestApp } from '../support/app.ts';

export const PLAIN = 'traceability-statement';

/** A trade, the programme's scheme in force, and three certifiers of two bodies who gain nothing by it. */
export const setUp = async (t: Test, env: Record<string, string> = {}) => {
  const app = await startTestApp(t, env);
  const trade = await tradeOf(app, 200);
  const { body } = await app.operator.post('/v1/organisations', { name: 'Body A', kind: 'certifier' });
  const [first, second] = [
    await app.keyFor(body.id, 'certifier', { holder: 'Li' }),
    await app.keyFor(body.id, 'certifier', { holder: 'Zhou' }),
  ];
  t.equal((await app.operator.put(`/v1/schemes/${PLAIN}`, {})).status, 200);
  const consent = { version: '1', at: '2026-01-01T00:00:00+08:00' };
  const collector = { siteId: trade.seller.siteId, name: '王海生', consent };
  const { id: collectorId } = (await app.operator.post('/v1/collectors', collector)).body;
  /** A batch of grams that one known person brought, sold whole. */
  const soldBatch = async (...grams: number[]) => {
    const batch = await trade.seal([{ lotId: await trade.mixed(grams, { collectorId }) }]);
    return { batch, sale: (await trade.sell(batch.id)).body };
  };
  const ask = (client: Client, body: object) => client.post('/v1/statements', { scheme: PLAIN, ...body });
  const act = (client: Client, id: string, what: string, body: object = {}) =>
    client.post(`/v1/statements/${id}/${what}`, body);
  const issue = async (id: string) => {
    await act(first, id, 'approve');
    return (await act(second, id, 'approve')).body;
  };
  const read = async (id: string) => (await app.operator.get(`/v1/statements/${id}`)).body;
  /** Waits until the programme has brought the statement there by itself. */
  const becomes = async (id: string, state: string) => {
    for (let i = 0; i < 400; i++) {
      const statement = await read(id);
      if (statement.state === state) return statement;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    throw new Error(`${id} never became ${state}: ${JSON.stringify(await read(id))}`);
  };
  return { app, ...trade, collectorId, soldBatch, body, first, second, ask, act, issue, read, becomes };
};
