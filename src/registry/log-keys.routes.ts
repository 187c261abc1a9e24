import type { FastifyInstance } from 'fastify';
import type pg from 'pg';
import { z } from 'zod';
import { Receipt, route, type WriteDeps, write } from '../http/route.ts';
import { conflict } from '../kernel/errors.ts';
import { type KeyFiles, readKeyCheckpoints, readNamedKeys } from '../ledger/key-files.ts';
import { additionText, idOf, KEY_ADDED } from '../ledger/key-history.ts';
import { NoteSigner, signNote } from '../ledger/log-key.ts';
import { formatKey } from '../ledger/note.ts';
import { addLogKey, retireLogKey } from './log-keys.operations.ts';

const tag = 'ledger';
const KeyId = z
  .string()
  .regex(/^[0-9a-f]{8}$/, 'must be the 8 hex digits in the verifier key')
  .meta({ description: 'The id in the verifier key, 8 hex digits.' });
const Note = z.string().min(1).max(4_000);
const Written = z.object({ id: KeyId, receipt: Receipt });

const LogKeyView = z
  .object({
    id: KeyId,
    key: z.string().meta({ description: 'The verifier key (C2SP signed-note).' }),
    seq: z.int().meta({ description: 'The entry that names it first.' }),
    retiredSeq: z.int().nullable().meta({
      description: 'The entry that retires it; the checkpoint that ends with it is the last it signs.',
    }),
    addedUnder: z.string().nullable().meta({
      description: 'The checkpoint that ends with the entry that added it, signed by an older key.',
    }),
    retiredUnder: z.string().nullable().meta({
      description: 'The checkpoint that ends with the entry that retired it, signed by it or an older key.',
    }),
  })
  .meta({ id: 'LogKey' });

const LogKeyRequest = z.strictObject({
  logKey: z.string().min(1).max(600).meta({ description: 'The new verifier key.' }),
  note: Note.meta({
    description: `A signed note over the lines ${KEY_ADDED} and the new verifier key, by a key in use and the new one.`,
  }),
});

const RetirementRequest = z.strictObject({
  successor: KeyId,
  note: Note.meta({
    description:
      'A signed note over the lines log-key.retired.v1, the verifier key, and its successor’s, by that key or an older one.',
  }),
});

/** An example that would hold, were these the keys of a log. */
const ADDITION = ((): { logKey: string; note: string } => {
  const [older, key] = [0, 1].map((byte) => new NoteSigner('localhost/blue-cycle', Buffer.alloc(32, byte)));
  return { logKey: formatKey(key!.key), note: signNote(additionText(key!.key), [older!, key!]) };
})();

export type LogKeyDeps = WriteDeps & { pool: pg.Pool; logKeys: KeyFiles };

/** The keys that sign the log's checkpoints: what they are, one more, one less. */
export const logKeyRoutes = (app: FastifyInstance, deps: LogKeyDeps): void => {
  route(app, {
    method: 'GET',
    url: '/v1/ledger/keys',
    operationId: 'listLogKeys',
    tag,
    summary: { en: 'The keys that sign checkpoints, and from when to when', zh: '签名检查点的密钥' },
    access: 'public',
    response: z.object({ items: z.array(LogKeyView) }),
    handler: async () => {
      const [named, notes] = [await readNamedKeys(deps.pool), await readKeyCheckpoints(deps.pool)];
      const under = (seq: number | null) => notes.find((note) => note.seq === seq)?.note ?? null;
      return {
        items: named.map(({ key, seq, retiredSeq }) => ({
          id: idOf(key),
          key: formatKey(key),
          seq,
          retiredSeq,
          addedUnder: under(seq),
          retiredUnder: under(retiredSeq),
        })),
      };
    },
  });
  route(app, {
    method: 'POST',
    url: '/v1/ledger/keys',
    operationId: 'addLogKey',
    tag,
    summary: { en: 'Add a key that signs checkpoints beside the present one', zh: '增加签名密钥' },
    access: ['operator'],
    body: LogKeyRequest,
    response: Written,
    status: 201,
    errors: { 409: 'The log has a key of this id', 422: 'Not signed by a key of the log and the new one' },
    example: ADDITION,
    handler: ({ body, ...from }) => write(deps, addLogKey, body, from),
  });
  route(app, {
    method: 'POST',
    url: '/v1/ledger/keys/:id/retire',
    operationId: 'retireLogKey',
    tag,
    summary: { en: 'Retire a key that signs checkpoints', zh: '停用签名密钥' },
    access: ['operator'],
    params: z.object({ id: KeyId }),
    body: RetirementRequest,
    response: Written,
    errors: {
      409: 'Retired already, or the private keys that must go on are not here',
      422: 'Unknown successor, or not signed',
    },
    example: { successor: '0123abcd', note: ADDITION.note },
    handler: async ({ params: { id }, body, ...from }) => {
      await confirmHere(deps, id, body.successor);
      return write(deps, retireLogKey, { id, ...body }, from, id);
    },
  });
};

/** A log that nobody here can sign for after the retirement, or for the retirement itself, would stand still. */
const confirmHere = async ({ pool, logKeys }: LogKeyDeps, id: string, successor: string): Promise<void> => {
  const named = (await readNamedKeys(pool)).filter(({ retiredSeq }) => retiredSeq === null);
  const [old, next] = [id, successor].map((one) => named.find(({ key }) => idOf(key) === one));
  if (old === undefined || next === undefined) return;
  const here = (await logKeys.signersOf(named)).map((one) => one.named);
  if (here.includes(next) && here.some(({ seq }) => seq <= old.seq)) return;
  throw conflict(
    'log_key_not_here',
    `The private part of ${here.includes(next) ? id : successor} is not beside this service: put its file where the others lie, and ask again.`,
    { here: here.map(({ key }) => idOf(key)) },
  );
};
