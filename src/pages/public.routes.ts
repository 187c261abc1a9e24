import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ExternalCertificate } from '../certificates/certificates.tables.ts';
import { FIGURES, type FigureDeps, positionOf, type Read, readFigure } from '../figures/figures.routes.ts';
import { type SiteFigures, siteFigures } from '../figures/public-site.ts';
import { sparing } from '../figures/sparing.ts';
import { DomainError } from '../kernel/errors.ts';
import { sha256, toHex } from '../kernel/hash.ts';
import { UUID } from '../kernel/ids.ts';
import { type Clock, instant } from '../kernel/time.ts';
import { readNamedKeys } from '../ledger/key-files.ts';
import { signsAt } from '../ledger/key-history.ts';
import { verifyEd25519 } from '../ledger/log-key.ts';
import { formatKey, parseNote, verifyNote } from '../ledger/note.ts';
import { readFactsAt } from '../ledger/store.ts';
import type { Site } from '../registry/registry.tables.ts';
import type { Batch } from '../resale/resale.tables.ts';
import { plainCode } from '../statements/checking.ts';
import { findStatementByCode } from '../statements/statements.queries.ts';
import { HIDDEN, languageAsked } from '../web/kit.ts';
import { homePage } from './home.page.ts';
import { failedPage, sendPage, sharedFor, timeText } from './public.ts';
import { isShownState, registerPage, registerRows, schemeNames } from './register.page.ts';
import { noSitePage, sitePublicPage } from './site.page.ts';
import { type StatementPageDeps, statementData } from './statement.data.ts';
import { noStatementPage, statementPage, type Titles } from './statement.page.ts';
import { type CheckpointShown, transparencyPage } from './transparency.page.ts';

/** So long numbers of one position, or of the last one, are shown before they are counted again. */
const SHARED_MS = 30_000;

type Deps = StatementPageDeps & FigureDeps & { clock: Clock };
type Tables = { sites: Site; externalCertificates: ExternalCertificate; batches: Batch };

const asked = ({ query }: FastifyRequest, name: string): string | undefined => {
  const value = (query as Record<string, unknown>)[name];
  return typeof value === 'string' ? value : undefined;
};
/** A position in the ledger as it stands in an address; undefined for anything else. */
const position = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;

/** The last checkpoint, and whose signatures under it fit. */
const checkpointShown = async ({ pool, publisher }: Deps): Promise<CheckpointShown | null> => {
  const found = await publisher.current();
  if (found === null) return null;
  const keys = (await readNamedKeys(pool)).filter((key) => signsAt(key, found.size)).map(({ key }) => key);
  const witnesses = publisher.witnessKeys();
  const fitting = verifyNote(parseNote(found.note), [...keys, ...witnesses], verifyEd25519);
  return {
    ...{ origin: found.origin, size: found.size, note: found.note, root: toHex(found.root) },
    signed: fitting.filter(({ key }) => keys.includes(key)).map(({ key }) => formatKey(key)),
    cosigned: fitting
      .filter(({ key }) => witnesses.includes(key))
      .map(({ key, at }) => ({ key: formatKey(key), at: at === null ? null : instant(at) })),
  };
};

type Counted = { asOfSeq: number; at: number; figures: Read[] };

const count = async (deps: Deps, wanted: number | undefined): Promise<Counted> => {
  const asOfSeq = await positionOf(deps, wanted);
  const { at } = (await readFactsAt(deps.pool, sha256, deps.keyring, [asOfSeq])).get(asOfSeq)!.fact;
  const figures: Read[] = [];
  for (const figure of FIGURES) figures.push(await readFigure(deps, figure, asOfSeq));
  return { asOfSeq, at, figures };
};

const transparencyRoute = (app: FastifyInstance, deps: Deps): void => {
  const { timeZone } = deps.programme;
  const shared = sharedFor<Counted>(deps.clock, SHARED_MS);
  const once = sparing<Counted>();
  const counted = (wanted: number | undefined): Promise<Counted> =>
    shared(String(wanted ?? 'last'), () => once(String(wanted ?? 'last'), () => count(deps, wanted)));
  app.get('/transparency', HIDDEN, async (request, reply) => {
    const text = asked(request, 'asOfSeq');
    const wanted = position(text);
    const beyond = (error: unknown): undefined => {
      if (error instanceof DomainError && error.code === 'beyond_head') return undefined;
      throw error;
    };
    const found = wanted === undefined ? undefined : await counted(wanted).catch(beyond);
    const wrong = text !== undefined && found === undefined;
    const { figures, asOfSeq, at } = found ?? (await counted(undefined));
    const page = transparencyPage(languageAsked(request), figures, await checkpointShown(deps), {
      ...{ asOfSeq, at: timeText(at, timeZone), fixed: found !== undefined },
      asked: wrong ? text : undefined,
    });
    return sendPage(reply, page, wrong ? 422 : 200);
  });
};

const siteRoute = (app: FastifyInstance, deps: Deps): void => {
  const tables = deps.db.withTables<Tables>();
  type Counted = { asOfSeq: number; figures: SiteFigures; certificates: ExternalCertificate[] };
  const shared = sharedFor<Counted>(deps.clock, SHARED_MS);
  const once = sparing<Counted>();
  const look = async (id: string): Promise<Counted> => {
    const asOfSeq = await positionOf(deps, undefined);
    const { at } = (await readFactsAt(deps.pool, sha256, deps.keyring, [asOfSeq])).get(asOfSeq)!.fact;
    const as = { at, timeZone: deps.programme.timeZone };
    const all = await tables.selectFrom('externalCertificates').selectAll().orderBy('seq', 'desc').execute();
    return {
      asOfSeq,
      figures: await siteFigures(deps.pool, id, asOfSeq, as),
      certificates: all.filter(({ siteIds }) => siteIds.includes(id)).slice(0, 20),
    };
  };
  app.get<{ Params: { id: string } }>('/sites/:id', HIDDEN, async (request, reply) => {
    const language = languageAsked(request);
    const id = request.params.id.toLowerCase();
    const site = UUID.test(id)
      ? await tables.selectFrom('sites').selectAll().where('id', '=', id).executeTakeFirst()
      : undefined;
    if (site === undefined) return sendPage(reply, noSitePage(language), 404);
    const { figures, certificates, asOfSeq } = await shared(id, () => once(id, () => look(id)));
    return sendPage(reply, sitePublicPage(language, site, figures, certificates, asOfSeq));
  });
};

/** Where a code that somebody typed leads: a statement's page, else a batch's, else the page that says it is unknown. */
const pathOf = async ({ db }: Deps, typed: string): Promise<string> => {
  const plain = plainCode(typed);
  // The database refuses NUL.
  if (!/^[\x20-\x7e]{1,60}$/.test(typed)) return `/s/${encodeURIComponent(plain.slice(0, 40)) || '-'}`;
  if ((await findStatementByCode(db, plain)) !== undefined) return `/s/${plain}`;
  const code = typed.trim().toUpperCase();
  const batch = await db
    .withTables<Tables>()
    .selectFrom('batches')
    .select('code')
    .where('code', 'in', [code, typed.trim()])
    .executeTakeFirst();
  return batch === undefined
    ? `/s/${encodeURIComponent(plain.slice(0, 40)) || '-'}`
    : `/p/${encodeURIComponent(batch.code)}`;
};

/** Pages for anybody: the first page, statements, sites, the register, the programme's numbers. @param titles what types of facts are called, by type */
export const publicPages = (app: FastifyInstance, deps: Deps, titles: Titles): void => {
  const { timeZone } = deps.programme;
  app.setErrorHandler(failedPage);
  app.get('/', HIDDEN, async (request, reply) => {
    const [first] = await readNamedKeys(deps.pool);
    const log = first === undefined ? null : { origin: first.key.name, key: formatKey(first.key) };
    return sendPage(reply, homePage(languageAsked(request), log));
  });
  app.get('/find', HIDDEN, async (request, reply) => {
    const path = await pathOf(deps, asked(request, 'code') ?? '');
    return reply
      .status(303)
      .header('cache-control', 'no-cache')
      .header('location', `${path}?lang=${languageAsked(request)}`)
      .send();
  });
  app.get<{ Params: { code: string } }>('/s/:code', HIDDEN, async (request, reply) => {
    const language = languageAsked(request);
    const { code } = request.params;
    const data = await statementData(deps, code);
    if (typeof data === 'string')
      return sendPage(reply, noStatementPage(language, code, data), data === 'unknown' ? 404 : 200);
    const host = `${request.protocol}://${request.host}`;
    return sendPage(reply, statementPage(language, data, { titles, timeZone, host }));
  });
  app.get('/register', HIDDEN, async (request, reply) => {
    const given = asked(request, 'state');
    const state = isShownState(given) ? given : undefined;
    const before = position(asked(request, 'before'));
    const now = deps.clock();
    const rows = await registerRows(deps.db, { state, before: before ?? Number.MAX_SAFE_INTEGER, now });
    const schemes = await schemeNames(deps.db, rows);
    return sendPage(reply, registerPage(languageAsked(request), rows, schemes, { state, before, timeZone }));
  });
  siteRoute(app, deps);
  transparencyRoute(app, deps);
};
