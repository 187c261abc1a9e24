import { setTimeout as sleep } from 'node:timers/promises';

// biome-ignore lint/suspicious/noExplicitAny: the demo reads the answers as a client without types would
export type Answer = any;
/** `key` names a write whose body has no id, so that playing it again repeats it. */
export type Call = (
  method: 'GET' | 'POST' | 'PUT',
  path: string,
  body?: unknown,
  key?: string,
) => Promise<Answer>;

const BUSY = 503;
const PATIENCE = 20;

/**
 * Calls the API at `url` with an API key; asks again as long as it answers that it is not ready. Throws with the
 * problem's code and detail when refused.
 */
export const caller =
  (url: string, key: string): Call =>
  async (method, path, body, idempotencyKey) => {
    const request = {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    };
    let response = await fetch(new URL(path, url), request);
    for (let i = 0; response.status === BUSY && i < PATIENCE; i++) {
      await sleep(1_000 * Number(response.headers.get('retry-after') ?? 1));
      response = await fetch(new URL(path, url), request);
    }
    const answer = (await response.json()) as Answer;
    if (!response.ok)
      throw new Error(`${method} ${path}: ${response.status} ${answer.code}: ${answer.detail}`);
    return answer;
  };

/** A site of an organisation of its own, and a client with its key. */
export type Place = { organisationId: string; siteId: string; call: Call };

/** Does `work` for each item, so many at a time; the results in the order of the items. */
export const inLanes = async <Item, Result>(
  lanes: number,
  items: readonly Item[],
  work: (item: Item, i: number) => Promise<Result>,
): Promise<Result[]> => {
  const results: Result[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let i = next++; i < items.length; i = next++) results[i] = await work(items[i]!, i);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return results;
};

const PATIENCE_MS = 60_000;

/** Asks until it is so. @throws after a minute */
export const until = async (
  read: () => Promise<Answer>,
  isSo: (answer: Answer) => boolean,
): Promise<Answer> => {
  for (const since = performance.now(); performance.now() - since < PATIENCE_MS; await sleep(100)) {
    const answer = await read();
    if (isSo(answer)) return answer;
  }
  throw new Error('What was asked for did not come about within a minute.');
};
