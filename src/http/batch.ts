import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { DomainError } from '../kernel/errors.ts';
import { sha256 } from '../kernel/hash.ts';
import type { Caller, Operation } from '../ledger/fact.ts';
import type { Command, Recorded } from '../ledger/record.ts';
import { parseJson } from './json.ts';
import { type Problem, toProblem } from './problem.ts';
import { commandKey, type WriteDeps } from './route.ts';
import { NdJson } from './server.ts';

/** The answer to one item of an upload: what the write answered, or why it was refused. */
export type Item<Answer extends object> = {
  index: number;
  status: number;
  id?: string;
  receipt?: Recorded<object>['receipt'];
  replayed?: boolean;
  error?: z.input<typeof Problem>;
} & Partial<Answer>;

export type Upload<Input, Answer extends object> = {
  operation: Operation<Input, Answer>;
  /** The shape of one item; `id` must be said in each. */
  schema: z.ZodType<Input>;
  maxItems: number;
};

/**
 * Sends an upload through the door as one group, each item a write of its own: one that is refused, or a line that
 * cannot be read, never costs the others. Recorded in ascending order of SHA-256(id), so that the ledger does not tell
 * the order at the scale (ledger format, "What is open").
 */
export const writeBatch = async <Input, Answer extends object>(
  deps: WriteDeps,
  upload: Upload<Input, Answer>,
  body: unknown[] | NdJson,
  from: { request: FastifyRequest; caller: Caller },
): Promise<Item<Answer>[]> => {
  const { request, caller } = from;
  const items = body instanceof NdJson ? body.lines.map(parseLine) : body;
  if (items.length === 0 || items.length > upload.maxItems)
    throw new DomainError(
      'malformed',
      'malformed',
      `Send 1 to ${upload.maxItems} items; these are ${items.length}.`,
    );
  const commands = items.map((item) => toCommand(deps, upload, caller, item));
  const valid = commands.filter((c): c is Command => !(c instanceof DomainError));
  valid.sort((a, b) => Buffer.compare(idHash(a), idHash(b)));
  const settled = new Map<Command, Promise<Recorded<object>>>();
  const results =
    valid.length === 0 ? [] : deps.door.submit(valid, Number(request.headers['content-length'] ?? 0));
  for (const [i, command] of valid.entries()) {
    results[i]!.catch(() => undefined);
    settled.set(command, results[i]!);
  }
  return Promise.all(
    commands.map((c, index) =>
      toItem<Answer>(index, c, c instanceof DomainError ? c : settled.get(c)!, request.id),
    ),
  );
};

const idHash = (command: Command): Uint8Array => sha256(Buffer.from(command.key.id));

const parseLine = (line: Buffer): unknown => {
  try {
    return parseJson(line);
  } catch (error) {
    return error;
  }
};

const toCommand = <Input, Answer extends object>(
  deps: WriteDeps,
  { operation, schema }: Upload<Input, Answer>,
  caller: Caller,
  item: unknown,
): Command | DomainError => {
  if (item instanceof DomainError) return item;
  const parsed = schema.safeParse(item);
  if (!parsed.success) {
    const errors = parsed.error.issues.map((i) => ({ pointer: `/${i.path.join('/')}`, reason: i.message }));
    return new DomainError(
      'malformed',
      'malformed',
      `It does not fit: ${errors[0]!.pointer} ${errors[0]!.reason}`,
      { errors },
    );
  }
  if ((item as { id?: unknown }).id === undefined)
    return new DomainError('malformed', 'malformed', 'An item of an upload needs an id.', {
      errors: [{ pointer: '/id', reason: 'is needed in an upload' }],
    });
  try {
    const key = commandKey(deps.keyring, operation.name, caller, item, undefined, deps.newId);
    return { operation, input: parsed.data, caller, key };
  } catch (error) {
    if (error instanceof DomainError) return error;
    throw error;
  }
};

const toItem = async <Answer extends object>(
  index: number,
  command: Command | DomainError,
  result: Promise<Recorded<object>> | DomainError,
  requestId: string,
): Promise<Item<Answer>> => {
  const id = command instanceof DomainError ? {} : { id: command.key.id };
  try {
    if (result instanceof DomainError) throw result;
    const { answer, receipt, status, replayed } = await result;
    return {
      index,
      status,
      ...(answer as Answer),
      ...id,
      receipt,
      ...(replayed ? { replayed } : {}),
    } as Item<Answer>;
  } catch (error) {
    const problem = toProblem(error as Error, requestId);
    return { index, status: problem.status, ...id, error: problem } as Item<Answer>;
  }
};
