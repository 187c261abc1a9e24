import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { DomainError } from '../kernel/errors.ts';
import { queryInteger } from '../kernel/values.ts';

export const MAX_LIMIT = 1_000;

/** `?limit=&cursor=`. Query strings arrive as text. */
export const PageQuery = z.strictObject({
  limit: queryInteger(1, MAX_LIMIT).optional().meta({ description: 'Items a page, 100 unless said.' }),
  cursor: z.string().max(100).optional().meta({ description: 'The nextCursor of the page before.' }),
});
export type PageQuery = z.infer<typeof PageQuery>;

export const pageOf = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item), nextCursor: z.string().nullable() });

/** A cursor is the position of the last item, opaque to the caller. */
export const readCursor = (query: PageQuery): { after: number; limit: number } => {
  const limit = query.limit ?? 100;
  if (query.cursor === undefined) return { after: -1, limit };
  const after = Number(Buffer.from(query.cursor, 'base64url').toString('latin1'));
  if (!Number.isSafeInteger(after) || after < 0 || writeCursor(after) !== query.cursor)
    throw new DomainError('malformed', 'malformed', 'The cursor is not one of ours; begin without it.');
  return { after, limit };
};

const writeCursor = (position: number): string =>
  Buffer.from(String(position), 'latin1').toString('base64url');

/** A page from one row more than asked for; sets the Link header (RFC 8288). */
export const toPage = <Row, Item>(
  rows: readonly Row[],
  limit: number,
  position: (row: Row) => number,
  toItem: (row: Row) => Item,
  { request, reply }: { request: FastifyRequest; reply: FastifyReply },
): { items: Item[]; nextCursor: string | null } => {
  const items = rows.slice(0, limit);
  const nextCursor = rows.length > limit ? writeCursor(position(items.at(-1)!)) : null;
  if (nextCursor !== null) {
    const url = new URL(request.url, 'http://localhost');
    url.searchParams.set('cursor', nextCursor);
    void reply.header('link', `<${url.pathname}${url.search}>; rel="next"`);
  }
  return { items: items.map(toItem), nextCursor };
};
