import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { toProblem } from '../http/problem.ts';
import { DomainError, notFound } from '../kernel/errors.ts';
import { UUID } from '../kernel/ids.ts';
import { HIDDEN, languageAsked, pageHeaders } from '../web/kit.ts';
import { type Ask, askingAs, Refused } from './asking.ts';
import { kindOf, namesOf } from './console.queries.ts';
import { DEEDS, perform } from './deeds.ts';
import { refusedHtml, signInHtml } from './frame.page.ts';
import type { Grants } from './grants.ts';
import { type PagesDeps, pagesOf, type Shown } from './pages.ts';
import { SECTIONS, sectionOf, type View, withLanguage } from './parts.ts';
import {
  closeSession,
  findSession,
  isFormOf,
  LONGEST_MS,
  openSession,
  type Session,
  type SessionDeps,
} from './sessions.ts';
import { isTextName, textsIn } from './texts.ts';

const COOKIE = 'console';
const FORM = 'application/x-www-form-urlencoded';
const FORM_LIMIT = 64 * 1024;

export type ConsoleDeps = SessionDeps & PagesDeps & { grants: Grants; newId: () => string };

const cookieOf = ({ headers }: FastifyRequest): string | undefined =>
  /(?:^|;\s*)console=([\w-]{1,100})(?:;|$)/.exec(headers.cookie ?? '')?.[1];

/** Sent to the console alone, kept from scripts and from other sites; `Secure` wherever the way here was. */
const setCookie = (request: FastifyRequest, reply: FastifyReply, value: string, seconds: number): void => {
  const secure = request.protocol === 'https' || request.headers['x-forwarded-proto'] === 'https';
  void reply.header(
    'set-cookie',
    `${COOKIE}=${value}; Path=/console; HttpOnly; SameSite=Strict; Max-Age=${seconds}${secure ? '; Secure' : ''}`,
  );
};

/** Browsers say where a form was sent from; what another site sends is not looked at. */
const fromHere = ({ headers }: FastifyRequest): boolean =>
  ['same-origin', 'none', undefined].includes(headers['sec-fetch-site'] as string | undefined);

const send = (reply: FastifyReply, html: string): FastifyReply => pageHeaders(reply, 'no-store').send(html);

const goTo = (request: FastifyRequest, reply: FastifyReply, path: string, said?: string): FastifyReply => {
  const to = withLanguage(path, languageAsked(request));
  return reply
    .status(303)
    .header('cache-control', 'no-store')
    .header('location', said === undefined ? to : `${to}&said=${said}`)
    .send();
};

/** What somebody did last, as the address says; only what this console says itself. */
const saidIn = ({ query }: FastifyRequest): View['said'] => {
  const { said } = query as { said?: unknown };
  return typeof said === 'string' && said.startsWith('said') && isTextName(said) ? said : undefined;
};

const viewOf = async (deps: ConsoleDeps, request: FastifyRequest, session: Session): Promise<View> => {
  const { organisationId } = session.caller;
  const names = await namesOf(deps.db, 'organisations', [organisationId]);
  const language = languageAsked(request);
  return {
    ...{ language, t: textsIn(language) },
    session,
    organisation: {
      name: names.get(organisationId) ?? organisationId,
      kind: await kindOf(deps.db, organisationId),
    },
    timeZone: deps.programme.timeZone,
    now: deps.clock(),
    newId: deps.newId,
    said: saidIn(request),
  };
};

/** What went wrong as the API would say it; a fault of ours goes on to be logged. */
const problemOf = (error: unknown, request: FastifyRequest): Refused['problem'] => {
  if (error instanceof Refused) return error.problem;
  if (!(error instanceof DomainError)) throw error;
  return toProblem(error, request.id);
};

/** The console as pages: no script, one cookie, forms that answer with a page or lead back to one. */
export const consolePages = (app: FastifyInstance, deps: ConsoleDeps): void => {
  app.addContentTypeParser(FORM, { parseAs: 'string', bodyLimit: FORM_LIMIT }, (_request, body, done) =>
    done(null, new URLSearchParams(body as string)),
  );
  const sessionOf = async (request: FastifyRequest): Promise<Session | null> => {
    const token = cookieOf(request);
    return token === undefined ? null : findSession(deps, token);
  };
  const askAs = ({ caller }: Session): Ask => askingAs(app, deps.grants, caller);

  /** A page for who is signed in; else the form to sign in, which says why. */
  const page = (url: string, show: (shown: Shown) => Promise<string>): void => {
    app.route({
      ...{ ...HIDDEN, method: 'GET' as const, url },
      handler: async (request, reply) => {
        const session = await sessionOf(request);
        if (session === null) {
          const over = cookieOf(request) !== undefined ? ('saidOver' as const) : saidIn(request);
          return send(reply, signInHtml(languageAsked(request), { said: over }));
        }
        const view = await viewOf(deps, request, session);
        try {
          const { query, params } = request as { query: Record<string, unknown>; params: { id?: string } };
          if (params.id !== undefined && !UUID.test(params.id)) throw notFound('page');
          return send(reply, await show({ view, ask: askAs(session), query, id: params.id ?? '' }));
        } catch (error) {
          const problem = problemOf(error, request);
          const section = SECTIONS[sectionOf(url)];
          const back = url === section ? '/console' : section;
          return send(reply.status(problem.status), refusedHtml(view, problem, { path: url, back }));
        }
      },
    });
  };
  for (const [url, show] of pagesOf(deps)) page(url, show);

  app.route({
    ...{ ...HIDDEN, method: 'POST' as const, url: '/console/sign-in' },
    handler: async (request, reply) => {
      const { body } = request;
      try {
        // Signing somebody in from another site, with a key of its own, is refused as well.
        if (!fromHere(request) || !(body instanceof URLSearchParams))
          throw new DomainError('forbidden', 'elsewhere', 'The form was sent from elsewhere.');
        const token = await openSession(deps, (body.get('key') ?? '').trim(), request.ip);
        const old = cookieOf(request);
        if (old !== undefined) await closeSession(deps, old);
        setCookie(request, reply, token, LONGEST_MS / 1_000);
        return goTo(request, reply, '/console');
      } catch (error) {
        const { status, code } = problemOf(error, request);
        const said = isTextName(code) ? code : ('other' as const);
        return send(reply.status(status), signInHtml(languageAsked(request), { said, alarm: true }));
      }
    },
  });
  app.route({
    ...{ ...HIDDEN, method: 'POST' as const, url: '/console/sign-out' },
    handler: async (request, reply) => {
      const token = cookieOf(request);
      if (token !== undefined && fromHere(request)) await closeSession(deps, token);
      setCookie(request, reply, '', 0);
      return goTo(request, reply, '/console', 'saidSignedOut');
    },
  });
  for (const deed of DEEDS)
    app.route({
      ...{ ...HIDDEN, method: 'POST' as const, url: deed.path },
      handler: async (request, reply) => {
        const session = await sessionOf(request);
        if (session === null) return goTo(request, reply, '/console', 'saidOver');
        const { id } = request.params as { id: string };
        const { body } = request;
        const back = UUID.test(id) ? deed.back(id) : '/console';
        try {
          const isOurs = fromHere(request) && body instanceof URLSearchParams;
          if (!isOurs || !isFormOf(session, body.get('form') ?? ''))
            throw new DomainError('forbidden', 'elsewhere', 'The form is not one of this session.');
          if (!UUID.test(id)) throw notFound('page');
          return goTo(request, reply, back, await perform(deed, askAs(session), id, body));
        } catch (error) {
          const problem = problemOf(error, request);
          const view = await viewOf(deps, request, session);
          return send(reply.status(problem.status), refusedHtml(view, problem, { path: back, back }));
        }
      },
    });
};
