import type { FastifyInstance, FastifyRequest } from 'fastify';
import { readNamedKeys } from '../ledger/key-files.ts';
import { formatKey } from '../ledger/note.ts';
import type { SchemeVersion } from '../schemes/schemes.tables.ts';
import { type CheckDeps, checkCodes } from '../statements/checking.ts';
import { HIDDEN, languageAsked, pageHeaders } from '../web/kit.ts';
import type { Language } from '../web/texts.ts';
import { type BatchDeps, batchReader } from './batch.data.ts';
import { batchPage, plainPage, type StatementShown } from './batch.page.ts';
import { findNamed } from './batch.queries.ts';
import { qrAddress, qrPng, qrSvg } from './qr.ts';

/** Statements whose verdict is looked up for a page. */
const MOST_CHECKED = 5;

type Deps = BatchDeps & CheckDeps;
type Titles = ReadonlyMap<string, Readonly<Record<Language, string>>>;
type Asked = FastifyRequest<{ Params: { code: string } }>;

/** What was found of these codes, with the names of their schemes; those that hold no statement are left out. */
const shownStatements = async (deps: Deps, codes: readonly string[]): Promise<StatementShown[]> => {
  if (codes.length === 0) return [];
  const checked = await checkCodes(deps, codes, deps.clock());
  const schemes = await deps.db
    .withTables<{ schemeVersions: SchemeVersion }>()
    .selectFrom('schemeVersions')
    .selectAll()
    .where('code', 'in', ['', ...checked.flatMap(({ statement }) => statement?.scheme ?? [])])
    .execute();
  return checked.flatMap(({ code, verdict, statement, checkedAt }): StatementShown[] => {
    const scheme = schemes.find(
      (each) => each.code === statement?.scheme && each.version === statement.schemeVersion,
    );
    if (verdict === 'tampered') {
      const nothing = { en: '–', zh: '–' };
      return [{ code, verdict, name: nothing, says: nothing, grams: statement?.grams ?? 0, checkedAt }];
    }
    if (statement === null || scheme === undefined) return [];
    const { name, says } = scheme.rules;
    return [{ code, verdict, name, says, grams: statement.grams, checkedAt }];
  });
};

const siteOf = ({ protocol, host }: FastifyRequest): string => `${protocol}://${host}`;

/** `/p/{code}`, and the QR codes that lead there. @param titles what types of facts are called, by type */
export const batchPages = (app: FastifyInstance, deps: Deps, titles: Titles): void => {
  const read = batchReader(deps);
  const firstKey = async (): Promise<string | null> => {
    const [first] = await readNamedKeys(deps.pool);
    return first === undefined ? null : formatKey(first.key);
  };
  app.get<{ Params: { code: string } }>('/p/:code', HIDDEN, async (request: Asked, reply) => {
    const { code } = request.params;
    const language = languageAsked(request);
    void pageHeaders(reply);
    const plain = (what: 'unknown' | 'tampered' | 'test') =>
      plainPage(language, `/p/${encodeURIComponent(code)}`, what);
    const found = await findNamed(deps.db, code);
    if (found === undefined) return reply.status(404).send(plain('unknown'));
    const data = await read(found.batch);
    const codes = found.statement === null ? data.statements.slice(0, MOST_CHECKED) : [found.statement];
    const statements = await shownStatements(deps, codes);
    const verdict = found.statement === null ? undefined : statements[0]?.verdict;
    if (verdict === 'tampered' || verdict === 'test') return reply.send(plain(verdict));
    const key = await firstKey();
    const log = key === null ? null : { origin: key.slice(0, key.indexOf('+')), key };
    return reply.send(batchPage({ language, found, data, statements, log, host: siteOf(request), titles }));
  });
  const qr = (kind: 'svg' | 'png') =>
    app.get<{ Params: { code: string } }>(`/p/:code/qr.${kind}`, HIDDEN, async (request: Asked, reply) => {
      const found = await findNamed(deps.db, request.params.code);
      if (found === undefined)
        return pageHeaders(reply)
          .status(404)
          .send(
            plainPage(languageAsked(request), `/p/${encodeURIComponent(request.params.code)}`, 'unknown'),
          );
      const text = qrAddress(siteOf(request), found.code, await firstKey());
      return reply
        .header('content-type', kind === 'svg' ? 'image/svg+xml' : 'image/png')
        .header('content-security-policy', "default-src 'none'")
        .header('cache-control', 'no-cache')
        .header('vary', 'host')
        .send(kind === 'svg' ? qrSvg(text) : qrPng(text));
    });
  qr('svg');
  qr('png');
};
