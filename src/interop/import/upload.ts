import { z } from 'zod';
import type { WeighInBody } from './rows.ts';

const triesOfAFault = 3;

export type Outcome = {
  /** Of the row's first line in the file; the header is on line 1. */
  line: number;
  id?: string;
  outcome: 'accepted' | 'replayed' | 'refused';
  seq?: number;
  marks?: unknown[];
  reason?: string;
};

export type ImportDeps = {
  fetch: typeof fetch;
  /** Resolves after so many milliseconds. */
  sleep: (ms: number) => Promise<void>;
  /** Within [0, 1): spreads retries. */
  random: () => number;
};

/** Where uploads go, and how patient they are. */
export type Destination = {
  url: string;
  apiKey: string;
  /** Below the server's address. */
  path: string;
  /** How long an upload waits in all for a server that is busy or away before the import stops. */
  giveUpAfterMs: number;
  onWait?: (reason: string, ms: number) => void;
};

export type Item = { line: number; body: WeighInBody & { id: string } };
type Answer =
  | { kind: 'items'; items: z.infer<typeof answerSchema>['items'] }
  | { kind: 'again'; reason: string; afterMs?: number }
  | { kind: 'halve'; reason: string }
  | { kind: 'stop'; reason: string };

const problemSchema = z.looseObject({
  title: z.string().optional(),
  detail: z.string().optional(),
  code: z.string().optional(),
  errors: z
    .array(
      z.looseObject({
        pointer: z.string().optional(),
        reason: z.string().optional(),
        detail: z.string().optional(),
      }),
    )
    .optional(),
});
const answerSchema = z.looseObject({
  items: z.array(
    z.looseObject({
      index: z.int(),
      status: z.int(),
      replayed: z.boolean().optional(),
      marks: z.array(z.json()).optional(),
      receipt: z.looseObject({ seq: z.int() }).optional(),
      error: problemSchema.optional(),
    }),
  ),
});

/** Sends items until each has an answer, with the same ids however often; stops the import where it cannot. */
export function uploader(
  deps: ImportDeps,
  to: Destination,
  settle: (outcomes: Outcome[]) => Promise<void>,
  stop: (reason: string, misuse: boolean, afterLine: number) => void,
  isStopped: () => boolean,
): (items: Item[]) => Promise<void> {
  return async function upload(items) {
    let waiting = items;
    let waitedMs = 0;
    let backoffMs = 500;
    for (let attempt = 1; waiting.length > 0; attempt += 1) {
      if (isStopped()) return stop('', false, waiting[0]!.line - 1);
      const answer = await post(deps.fetch, to, waiting);
      if (answer.kind === 'stop') return stop(answer.reason, true, waiting[0]!.line - 1);
      if (answer.kind === 'halve') {
        const [only, ...others] = waiting as [Item, ...Item[]];
        if (others.length === 0) return settle([refusal(only, answer.reason)]);
        const half = Math.ceil(waiting.length / 2);
        await upload(waiting.slice(0, half));
        return upload(waiting.slice(half));
      }
      let reason = answer.kind === 'again' ? answer.reason : '';
      if (answer.kind === 'items') {
        const left = new Set(waiting);
        const outcomes: Outcome[] = [];
        for (const each of answer.items) {
          const item = waiting[each.index];
          if (item === undefined || !left.has(item)) continue;
          // Another 5xx may be a passing fault or this very row's: it is worth a few more tries, not all of them.
          if (each.status === 429 || each.status === 503 || (each.status >= 500 && attempt < triesOfAFault)) {
            reason = `status ${each.status} for line ${item.line}`;
            continue;
          }
          left.delete(item);
          outcomes.push(outcomeOf(item, each));
        }
        await settle(outcomes);
        if (left.size === 0) return;
        if (left.size < waiting.length) [waitedMs, backoffMs] = [0, 500];
        waiting = [...left];
        reason ||= `${left.size} rows were left without an answer`;
      }
      const ms = (answer.kind === 'again' && answer.afterMs) || backoffMs * (0.5 + deps.random() / 2);
      waitedMs += ms;
      if (waitedMs > to.giveUpAfterMs) return stop(`gave up: ${reason}`, false, waiting[0]!.line - 1);
      backoffMs = Math.min(backoffMs * 2, 15_000);
      to.onWait?.(reason, ms);
      await deps.sleep(ms);
    }
  };
}

async function post(send: typeof fetch, to: Destination, items: Item[]): Promise<Answer> {
  let status: number;
  let headers: Headers;
  let text: string;
  try {
    const response = await send(new URL(to.path, to.url.replace(/\/*$/, '/')), {
      method: 'POST',
      headers: { authorization: `Bearer ${to.apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify(items.map(({ body }) => body)),
      signal: AbortSignal.timeout(60_000),
    });
    ({ status, headers } = response);
    text = await response.text();
  } catch (error) {
    // Whether the rows landed is unknown; sent again with the same ids they are answered as replayed.
    const { cause, message } = error as Error;
    return {
      kind: 'again',
      reason: `no answer (${cause instanceof Error ? cause.message || cause.name : message})`,
    };
  }
  const json = parseJson(text);
  if (status === 200) {
    const answer = answerSchema.safeParse(json);
    if (answer.success) return { kind: 'items', items: answer.data.items };
    return {
      kind: 'stop',
      reason: `${to.url} does not answer as contracted: ${z.prettifyError(answer.error)}`,
    };
  }
  const reason = problemText(status, json);
  if (status === 408 || status === 429 || status >= 500) {
    return { kind: 'again', reason, ...retryAfter(headers) };
  }
  if ([400, 409, 413, 422].includes(status)) return { kind: 'halve', reason };
  return { kind: 'stop', reason };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** `Retry-After` in seconds or as a date beside the answer's own (RFC 9110, section 10.2.3), at most five minutes. */
function retryAfter(headers: Headers): { afterMs?: number } {
  const value = headers.get('retry-after');
  if (value === null) return {};
  const ms = /^\d+$/.test(value)
    ? Number(value) * 1000
    : Date.parse(value) - Date.parse(headers.get('date') ?? value);
  return ms > 0 ? { afterMs: Math.min(ms, 300_000) } : {};
}

function outcomeOf(item: Item, answer: z.infer<typeof answerSchema>['items'][number]): Outcome {
  if (answer.status >= 300) return refusal(item, problemText(answer.status, answer.error));
  return {
    line: item.line,
    id: item.body.id,
    outcome: answer.replayed === true ? 'replayed' : 'accepted',
    ...(answer.receipt && { seq: answer.receipt.seq }),
    ...(answer.marks?.length && { marks: answer.marks }),
  };
}

function refusal(item: Item, reason: string): Outcome {
  return { line: item.line, id: item.body.id, outcome: 'refused', reason };
}

function problemText(status: number, problem: unknown): string {
  const { data } = problemSchema.safeParse(problem);
  const about = data?.detail ?? data?.title;
  const errors =
    data?.errors?.map((each) => `${each.pointer ?? ''} ${each.reason ?? each.detail ?? ''}`.trim()) ?? [];
  return [[status, data?.code].filter(Boolean).join(' '), about, ...errors].filter(Boolean).join(': ');
}
