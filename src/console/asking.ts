import type { FastifyInstance } from 'fastify';
import type { Problem } from '../http/problem.ts';
import type { Caller } from '../ledger/fact.ts';
import type { Grants } from './grants.ts';

/** The API would not: its own status, code and words. */
export class Refused extends Error {
  readonly problem: Pick<Problem, 'status' | 'code' | 'detail'>;

  constructor(problem: Pick<Problem, 'status' | 'code' | 'detail'>) {
    super(problem.code);
    this.problem = problem;
  }
}

/** Asks the API on somebody's behalf. @throws Refused */
export type Ask = {
  // biome-ignore lint/suspicious/noExplicitAny: answers have the shape that the asked route documents
  get(url: string): Promise<any>;
  /** `once` makes a repeat of the same form the same write. */
  // biome-ignore lint/suspicious/noExplicitAny: answers have the shape that the asked route documents
  post(url: string, body: object, once: string): Promise<any>;
};

/** The routes of the API, asked within the process: with their schemas, roles and answers. */
export const askingAs = (app: FastifyInstance, grants: Grants, caller: Caller): Ask => {
  const send = (method: 'GET' | 'POST', url: string, more: { once?: string; body?: object } = {}) =>
    grants.during(caller, async (token) => {
      const answer = await app.inject({
        method,
        url,
        headers: {
          authorization: `Bearer ${token}`,
          ...(more.once === undefined ? {} : { 'idempotency-key': more.once }),
        },
        ...(more.body === undefined ? {} : { payload: more.body }),
      });
      const body = answer.json();
      if (answer.statusCode >= 400) throw new Refused(body);
      return body;
    });
  return { get: (url) => send('GET', url), post: (url, body, once) => send('POST', url, { body, once }) };
};
