import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer, Call } from './client.ts';

const CODE = 'person-hour';
/** Ten kilograms an hour, over eight hours at least. */
const MAX_GRAMS_PER_HOUR = 10_000;
const PATIENCE = 300;
const TURN_MS = 100;

/** What a rule in force found in the month, and how often it was right of what was decided. */
export type Watched = {
  title: { en: string; zh: string };
  hits: number;
  confirmed: number;
  reason: { en: string; zh: string };
};

/** Puts a rule in force before anything is weighed. */
export const startWatching = async (operator: Call): Promise<void> => {
  const rule = { enabled: true, parameters: { maxGramsPerHour: MAX_GRAMS_PER_HOUR }, note: '演示' };
  await operator('PUT', `/v1/anomaly-rules/${CODE}`, rule, 'rule in force');
};

/** What the rule found at the site: it reads behind the ledger, so it is waited for. */
const foundAt = async (operator: Call, siteId: string): Promise<Answer> => {
  for (let turn = 0; turn < PATIENCE; turn++) {
    const { items } = await operator('GET', `/v1/anomalies?rule=${CODE}&siteId=${siteId}`);
    if (items.length > 0) return items[0];
    await sleep(TURN_MS);
  }
  throw new Error('the rule in force did not find the weigh-in with a zero too many');
};

/** Waits until the rule has marked the weigh-in, before somebody corrects it. */
export const awaitMark = async (operator: Call, siteId: string): Promise<{ markId: string }> => ({
  markId: (await foundAt(operator, siteId)).id,
});

/** What came of it, once the mark is decided. */
export const watched = async (operator: Call, siteId: string): Promise<Watched> => {
  const { reason } = await foundAt(operator, siteId);
  const { items } = await operator('GET', '/v1/anomaly-rules');
  const { title, hits, confirmed } = items.find(({ code }: { code: string }) => code === CODE);
  return { title, hits, confirmed, reason };
};
