import type { Config } from '../config.ts';
import { Failed, type Io, Misuse } from './io.ts';
import { resolveUrl } from './sources.ts';
import { unreachable } from './tiles.ts';

type Problem = { title?: string; detail?: string; errors?: { pointer: string; reason: string }[] };

export type Api = {
  get<T>(path: string): Promise<T>;
  post<T>(path: string, body?: object): Promise<T>;
};

/** The server a client command talks to: `--url`, else BLUE_CYCLE_URL; its key is in BLUE_CYCLE_API_KEY. */
export const createApi = (io: Io, config: Config, url: string | undefined): Api => {
  const base = url ?? config.url;
  if (base === undefined) throw new Misuse('no server: give --url or BLUE_CYCLE_URL');
  if (config.apiKey === undefined) throw new Misuse('no key: give it in BLUE_CYCLE_API_KEY');
  const authorization = `Bearer ${config.apiKey.reveal()}`;
  const send = async <T>(method: string, path: string, body?: object): Promise<T> => {
    const target = resolveUrl(base, path);
    let response: Response;
    try {
      response = await io.fetch(target, {
        method,
        headers: { authorization, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(30_000),
      });
    } catch (error) {
      throw new Failed(unreachable(target, error));
    }
    const answer = (await response.json().catch(() => ({}))) as T & Problem;
    if (response.ok) return answer;
    const reasons = (answer.errors ?? []).map(({ pointer, reason }) => `\n  ${pointer}: ${reason}`).join('');
    const sentence = `${response.status}: ${answer.detail ?? answer.title ?? response.statusText}${reasons}`;
    throw response.status === 401 || response.status === 400 ? new Misuse(sentence) : new Failed(sentence);
  };
  return { get: (path) => send('GET', path), post: (path, body) => send('POST', path, body) };
};
