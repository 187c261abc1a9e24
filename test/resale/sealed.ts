import { randomUUID } from 'node:crypto';
import type { Answer, Client, TestApp } from '../support/app.ts';

export const AT = '2026-11-24T06:30:00+08:00';

/** A recycler with lots at its site, how to seal batches of them, and two brands that may buy. */
export const tradeOf = async (app: TestApp, toleranceBasisPoints = 200) => {
  const seller = await app.site('recycler', { toleranceBasisPoints });
  const brandOf = async (name: string): Promise<{ organisationId: string; client: Client }> => {
    const { body } = await app.operator.post('/v1/organisations', { name, kind: 'brand' });
    return { organisationId: body.id, client: await app.keyFor(body.id, 'brand') };
  };
  const [brandA, brandB] = [await brandOf('brand A'), await brandOf('brand B')];
  /** By nobody known, unless `more` says who: then it is not claimable. */
  const weighIn = async (grams: number, material = 'pet', more: object = {}): Promise<string> => {
    const { body } = await seller.client.post('/v1/collections', {
      id: randomUUID(),
      siteId: seller.siteId,
      material,
      form: 'bottle',
      originClass: 'sea-recovered',
      originEvidence: 'position',
      grossGrams: grams,
      tareGrams: 0,
      basis: 'weighed',
      collectedAt: new Date().toISOString(),
      ...('collectorId' in more ? {} : { bagTag: `bag ${randomUUID()}` }),
      ...more,
    });
    return body.lot.id;
  };
  /** Weigh-ins made into one lot, so that its vector has several sources. */
  const mixed = async (grams: readonly number[], more: object = {}): Promise<string> => {
    const inputs = [];
    for (const g of grams) inputs.push({ lotId: await weighIn(g, 'pet', more) });
    const { body } = await seller.client.post('/v1/process-runs', {
      siteId: seller.siteId,
      step: 'consolidate',
      inputs,
      outputs: [{ material: 'pet', form: 'bottle', grams: grams.reduce((a, b) => a + b, 0) }],
      losses: [],
    });
    return body.outputs[0].lotId;
  };
  const seal = async (inputs: object[]): Promise<Answer['body']> =>
    (await seller.client.post('/v1/batches', { siteId: seller.siteId, inputs })).body;
  const sell = (batchId: string, more: object = {}, client: Client = seller.client): Promise<Answer> =>
    client.post(`/v1/batches/${batchId}/sale`, {
      buyerOrganisationId: brandA.organisationId,
      price: { amount: 1_500, currency: 'CNY', perGrams: 1_000 },
      ...more,
    });
  const post = (batchId: string, what: string, body: object, client: Client = seller.client) =>
    client.post(`/v1/batches/${batchId}/${what}`, body);
  /** Exact shares of a lot, as [seq, grams]. */
  const shares = async (lotId: string): Promise<[number, number][]> => {
    const { body } = await app.operator.get(`/v1/lots/${lotId}/provenance?limit=1000`);
    return body.items.map(({ seq, grams }: { seq: number; grams: number }) => [seq, grams]);
  };
  return { seller, brandA, brandB, weighIn, mixed, seal, sell, post, shares };
};

export const fen = (amount: number) => ({ amount, currency: 'CNY' });
