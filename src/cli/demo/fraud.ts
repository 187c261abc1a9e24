import type { Place } from './client.ts';
import { demoId } from './jiaojiang.ts';

/** What became of it: the batch stands, and its grams cannot be claimed. */
export type Fraud = {
  batch: { id: string; code: string };
  inputGrams: number;
  outputGrams: number;
  marks: string[];
  claimableGrams: number;
};

/**
 * A fraud: a second recycler adds factory scrap to its bottles, so that 96 % come out of the washing line, where no more
 * than 80 % can. The run is recorded, marked, and leaves nothing to claim until two people who do not profit clear it.
 */
export const fraud = async (warehouse: Place, recycler: Place, lotId: string): Promise<Fraud> => {
  const { siteId, call } = recycler;
  const id = demoId('load of the fraud');
  const { siteId: fromSiteId } = warehouse;
  const shipment = { id, fromSiteId, toSiteId: siteId, lots: [{ lotId }] };
  const { lots } = await warehouse.call('POST', '/v1/shipments', shipment);
  const inputGrams = lots[0].grams as number;
  await call('POST', `/v1/shipments/${id}/receipt`, { measuredGrams: inputGrams }, 'load of the fraud');
  const outputGrams = Math.floor(inputGrams * 0.96);
  const run = await call('POST', '/v1/process-runs', {
    id: demoId('run of the fraud'),
    siteId,
    step: 'wash-pelletise',
    inputs: [{ lotId }],
    outputs: [{ material: 'pet', form: 'pellet', grams: outputGrams }],
    losses: [{ kind: 'evaporated', grams: inputGrams - outputGrams }],
  });
  const inputs = [{ lotId: run.outputs[0].lotId }];
  const batch = await call('POST', '/v1/batches', { id: demoId('batch of the fraud'), siteId, inputs });
  const { claimableGrams } = await call('GET', `/v1/batches/${batch.id}/provenance`);
  return { batch, inputGrams, outputGrams, marks: run.marks, claimableGrams };
};
