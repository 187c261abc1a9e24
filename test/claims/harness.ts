import type { Test } from 'tap';
import { tradeOf } from '../resale/sealed.ts';
import { type Answer, type Client, startTestApp } from '../support/app.ts';

export const PLAIN = 'traceability-statement';

type SchemeChange = {
  exclusionGroup?: 'content' | 'offset' | 'none';
  issues?: string;
  [rule: string]: unknown;
};

/** A trade, the programme's scheme in force, two certifiers, and how to come to an issued statement and claims of it. */
export const claimsOf = async (t: Test) => {
  const app = await startTestApp(t);
  const trade = await tradeOf(app, 200);
  const { body: certifierBody } = await app.operator.post('/v1/organisations', {
    name: 'B',
    kind: 'certifier',
  });
  const [first, second] = [
    await app.keyFor(certifierBody.id, 'certifier', { holder: 'Li' }),
    await app.keyFor(certifierBody.id, 'certifier', { holder: 'Zhou' }),
  ];
  await app.operator.put(`/v1/schemes/${PLAIN}`, {});
  const { rules } = (await app.operator.get(`/v1/schemes/${PLAIN}`)).body;
  const scheme = async (code: string, change: SchemeChange, by: Client = app.operator): Promise<string> => {
    const { status, body } = await by.put(`/v1/schemes/${code}`, { rules: { ...rules, ...change } });
    if (status !== 200) throw new Error(JSON.stringify(body));
    return code;
  };
  const consent = { version: '1', at: '2026-01-01T00:00:00+08:00' };
  const collector = { siteId: trade.seller.siteId, name: '王海生', consent };
  const collectorId: string = (await app.operator.post('/v1/collectors', collector)).body.id;
  /** Grams of one person's, each with what makes it another origin, sold whole to brand A. */
  const sold = async (parts: readonly { grams: number; more?: object }[]) => {
    const inputs: { lotId: string }[] = [];
    for (const { grams, more = {} } of parts)
      inputs.push({ lotId: await trade.weighIn(grams, 'pet', { collectorId, ...more }) });
    const batch = await trade.seal(inputs);
    return { batch, sale: (await trade.sell(batch.id)).body };
  };
  const ask = (body: object, client: Client = trade.brandA.client) =>
    client.post('/v1/statements', { scheme: PLAIN, ...body });
  const act = (client: Client, id: string, what: string, body: object = {}): Promise<Answer> =>
    client.post(`/v1/statements/${id}/${what}`, body);
  const issue = async (id: string): Promise<Answer['body']> => {
    await act(first, id, 'approve');
    return (await act(second, id, 'approve')).body;
  };
  const stated = async (body: object): Promise<{ id: string; code: string; grams: number }> => {
    const { body: asked } = await ask(body);
    const { code } = await issue(asked.id);
    return { id: asked.id, code, grams: asked.grams };
  };
  const brand = trade.brandA.client;
  const reserve = (body: object, client: Client = brand) => client.post('/v1/claims', body);
  const on = (id: string, what: string, body: object = {}, client: Client = brand) =>
    client.post(`/v1/claims/${id}/${what}`, body);
  const claim = async (body: object): Promise<Answer['body']> => {
    const reserved = await reserve(body);
    if (reserved.status !== 201) throw new Error(JSON.stringify(reserved.body));
    const issued = await on(reserved.body.id, 'issue');
    if (issued.status !== 201) throw new Error(JSON.stringify(issued.body));
    return reserved.body;
  };
  const read = async (id: string): Promise<Answer['body']> =>
    (await app.operator.get(`/v1/claims/${id}`)).body;
  /** Waits until the programme has brought the claim there by itself. */
  const becomes = async (id: string, state: string): Promise<Answer['body']> => {
    for (let i = 0; i < 600; i++) {
      const found = await read(id);
      if (found.state === state) return found;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    throw new Error(`${id} never became ${state}: ${JSON.stringify(await read(id))}`);
  };
  const product = async (batchId: string, saleId: string, more: object = {}, client: Client = brand) =>
    client.post('/v1/products', {
      ...{ batchId, saleId, units: 10, unitMassGrams: 100, contentGrams: 50, market: 'CN' },
      ...more,
    });
  const book = async (saleId: string) => {
    const { rows } = await app.deps.pool.query(
      'SELECT reserved, issued, tradable, retired, cancelled, elsewhere, used FROM gram_books WHERE id = $1',
      [saleId],
    );
    return rows[0] as Record<string, number> & { used: [number, number][] };
  };
  return {
    ...trade,
    ...{ app, certifierBody, first, second, rules, scheme, collectorId, sold, ask, act, issue, stated },
    ...{ brand, reserve, on, claim, read, becomes, product, book, anyone: app.client('') },
  };
};
