import type { FastifyInstance } from 'fastify';
import type pg from 'pg';
import { z } from 'zod';
import { DomainError, notFound } from '../kernel/errors.ts';
import { sha256, toHex } from '../kernel/hash.ts';
import { Id, queryInteger } from '../kernel/values.ts';
import { ROLES } from '../kernel/vocabulary.ts';
import type { MayOpen } from '../ledger/bundling.ts';
import type { Entry } from '../ledger/entry.ts';
import type { Caller } from '../ledger/fact.ts';
import type { Keyring } from '../ledger/private-store.ts';
import { SALT_BYTES } from '../ledger/sealing.ts';
import {
  openingBody,
  readEntries,
  readEntry,
  readHead,
  readOpenings,
  type StoredEntry,
} from '../ledger/store.ts';
import { MAX_LIMIT } from './page.ts';
import { route } from './route.ts';

const EntryView = z
  .object({
    seq: z.int(),
    leafHash: z.string(),
    /** The exact bytes that were hashed, as text. */
    bytes: z
      .string()
      .meta({ description: 'The exact bytes that were hashed; SHA-256(0x00 ‖ bytes) is leafHash.' }),
    entry: z.record(z.string(), z.json()),
  })
  .meta({ id: 'LedgerEntry' });

const view = (stored: StoredEntry): z.input<typeof EntryView> => {
  const bytes = stored.bytes.toString('utf8');
  return { seq: stored.seq, leafHash: toHex(stored.leaf), bytes, entry: JSON.parse(bytes) };
};

const SeqParams = z.object({ seq: queryInteger(0, Number.MAX_SAFE_INTEGER) });

/** Whoever runs the programme may open anything; others open their own organisation's facts, at any time. */
export const opensAlways = (caller: Caller, actor: string): boolean =>
  caller.role === 'operator' || (caller.organisationId === actor && caller.siteIds === null);

export type LedgerDeps = {
  pool: pg.Pool;
  keyring: Keyring;
  mayOpen: MayOpen;
  /** Of these people, those the caller may no longer see. */
  hiddenPeople: (caller: Caller, ids: readonly string[]) => Promise<ReadonlySet<string>>;
};

export const ledgerRoutes = (app: FastifyInstance, deps: LedgerDeps): void => {
  route(app, {
    method: 'GET',
    url: '/v1/ledger/entries',
    operationId: 'listLedgerEntries',
    tag: 'ledger',
    summary: { en: 'Read entries from a position on', zh: '按位置读取账本条目' },
    access: 'public',
    query: z.strictObject({
      fromSeq: queryInteger(0, Number.MAX_SAFE_INTEGER).optional(),
      limit: queryInteger(1, MAX_LIMIT).optional(),
    }),
    response: z.object({
      head: z.object({ size: z.int(), leafHash: z.string() }),
      items: z.array(EntryView),
      nextSeq: z.int().nullable(),
    }),
    handler: async ({ query }) => {
      const from = query.fromSeq ?? 0;
      const { size, leafHash } = await readHead(deps.pool);
      const items = (await readEntries(deps.pool, from, query.limit ?? 100))
        .filter((e) => e.seq < size)
        .map(view);
      const next = from + items.length;
      return { head: { size, leafHash }, items, nextSeq: next < size ? next : null };
    },
  });
  route(app, {
    method: 'GET',
    url: '/v1/ledger/entries/:seq',
    operationId: 'getLedgerEntry',
    tag: 'ledger',
    summary: { en: 'Read one entry', zh: '读取账本条目' },
    access: 'public',
    params: SeqParams,
    response: EntryView,
    handler: async ({ params }) => {
      const stored = await readEntry(deps.pool, params.seq);
      if (stored === undefined) throw notFound('entry');
      return view(stored);
    },
  });
  const Opened = z.object({ salt: z.string(), bytes: z.string(), part: z.record(z.string(), z.json()) });
  route(app, {
    method: 'GET',
    url: '/v1/ledger/entries/:seq/opening',
    operationId: 'getLedgerOpening',
    tag: 'ledger',
    summary: { en: 'Open the private part of an entry, to those it concerns', zh: '打开条目的私密部分' },
    access: ROLES,
    params: SeqParams,
    response: z.object({
      seq: z.int(),
      sealed: z.string(),
      main: Opened,
      people: z.array(Opened.extend({ personId: Id }).nullable()),
    }),
    handler: async ({ params, caller }) => {
      const stored = await readEntry(deps.pool, params.seq);
      const entry = stored && (JSON.parse(stored.bytes.toString('utf8')) as Entry);
      if (entry === undefined || !(await deps.mayOpen(caller, [entry])).has(params.seq))
        throw notFound('entry');
      const openings = (await readOpenings(deps.pool, deps.keyring, params.seq, params.seq + 1)).get(
        params.seq,
      );
      if (openings?.main == null)
        throw new DomainError('unprocessable', 'all_public', 'This entry has no private part.');
      const hidden = await deps.hiddenPeople(
        caller,
        openings.people.flatMap((p) => p.personId ?? []),
      );
      return {
        seq: params.seq,
        sealed: toHex(sha256(openings.main)),
        main: opened(openings.main),
        people: openings.people.map(({ personId, opening }) =>
          opening === null || personId === null || hidden.has(personId)
            ? null
            : { personId, ...opened(opening) },
        ),
      };
    },
  });
};

const opened = (opening: Buffer) => {
  const bytes = openingBody(opening);
  return { salt: toHex(opening.subarray(0, SALT_BYTES)), bytes, part: JSON.parse(bytes) };
};
