import type { FastifyInstance, FastifyReply } from 'fastify';
import type pg from 'pg';
import { z } from 'zod';
import { notFound } from '../kernel/errors.ts';
import { queryInteger } from '../kernel/values.ts';
import type { Subject } from '../ledger/bundle.ts';
import { type MayOpen, makeBundle } from '../ledger/bundling.ts';
import type { Caller } from '../ledger/fact.ts';
import type { Keyring } from '../ledger/private-store.ts';
import type { Publisher } from '../ledger/publisher.ts';
import { unavailable } from '../ledger/record.ts';
import type { LedgerDeps } from './ledger.routes.ts';
import { route } from './route.ts';

const Opening = z.object({
  salt: z.string().meta({ description: '32 bytes in lower-case hex.' }),
  bytes: z.string().meta({ description: 'The private part; SHA-256(salt ‖ bytes) is its seal.' }),
});

export const BundleView = z
  .object({
    format: z.literal('blue-cycle/bundle'),
    version: z.literal(1),
    log: z.object({
      origin: z.string(),
      keys: z.array(z.string()).meta({ description: 'C2SP verifier keys that signed; entry 0 names them.' }),
      keyCheckpoints: z
        .array(
          z.object({
            note: z.string(),
            proof: z
              .array(z.string())
              .meta({ description: 'RFC 6962 §2.1.2, in hex: that the log continues this checkpoint.' }),
          }),
        )
        .optional()
        .meta({
          description:
            'Where the log has had several keys: the checkpoint that each fact about keys ends, signed by an older key.',
        }),
    }),
    witnesses: z
      .array(z.string())
      .meta({ description: 'C2SP verifier keys of the witnesses that cosigned.' }),
    subject: z.object({ kind: z.enum(['entry', 'batch', 'statement']), seq: z.int() }),
    entries: z.array(
      z.object({
        bytes: z.string(),
        proof: z.string().meta({ description: 'Place, inclusion proof and checkpoint (C2SP tlog-proof).' }),
        openings: z.object({ main: Opening, people: z.array(Opening.nullable()) }).nullable(),
      }),
    ),
  })
  .meta({
    id: 'ReceiptBundle',
    description:
      'Verifies offline for ever, by /verify or the package blue-cycle-verifier. RFC 8785 text: keep the bytes as they are.',
  });

/** Makes a bundle, or says why there is none. */
export type Bundles = (subject: Subject, caller: Caller | null, reply: FastifyReply) => Promise<never>;

export type BundleDeps = {
  pool: pg.Pool;
  keyring: Keyring;
  publisher: Publisher;
  mayOpen: MayOpen;
  hiddenPeople: LedgerDeps['hiddenPeople'];
};

/** Answers with the bundle's own bytes: written again they might be others. */
export const bundlesOf = ({ pool, keyring, publisher, mayOpen, hiddenPeople }: BundleDeps): Bundles => {
  const deps = { pool, keyring, publisher, tree: publisher.tree, mayOpen, hiddenPeople };
  return async (subject, caller, reply) => {
    const text = await makeBundle(deps, subject, caller);
    if (text === undefined) throw notFound(subject.kind);
    if (text === null)
      throw unavailable('not_ready', 'No checkpoint is over that entry yet; ask again in a second.');
    const name = `blue-cycle-${subject.kind}-${subject.seq}.bundle.json`;
    void reply
      .header('content-type', 'application/json; charset=utf-8')
      .header('content-disposition', `attachment; filename="${name}"`)
      .header('cache-control', caller === null ? 'no-cache' : 'private, no-store')
      .header('vary', 'authorization');
    return Buffer.from(text) as never;
  };
};

export const bundleRoutes = (app: FastifyInstance, bundles: Bundles): void => {
  route(app, {
    method: 'GET',
    url: '/v1/ledger/entries/:seq/bundle',
    operationId: 'getEntryBundle',
    tag: 'ledger',
    summary: {
      en: 'Take an entry home with all that proves it; with a key, opened where the key may',
      zh: '下载条目的收据包（可离线验证）',
    },
    access: 'public',
    mayIdentify: true,
    params: z.object({ seq: queryInteger(0, Number.MAX_SAFE_INTEGER) }),
    response: BundleView,
    handler: ({ params: { seq }, caller, reply }) => bundles({ kind: 'entry', seq }, caller, reply),
  });
};
