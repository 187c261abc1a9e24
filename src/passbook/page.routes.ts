import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { CardShown, LinkConfirmation } from '../collection/confirmations.schema.ts';
import { readCursor, toPage } from '../http/page.ts';
import { toProblem } from '../http/problem.ts';
import { DomainError, notFound } from '../kernel/errors.ts';
import { dayIn, instant } from '../kernel/time.ts';
import { Id } from '../kernel/values.ts';
import { HIDDEN } from '../web/kit.ts';
import type { Language } from '../web/texts.ts';
import { languageOf } from '../web/verify.page.ts';
import { issuing } from './issuing.ts';
import { closePass, findPass, type Key, openPassbook, PASS_MS, type Pass } from './opening.ts';
import { cardPage, linkPage, PASSBOOK_POLICY, passbookHtml } from './page.ts';
import { passbookPage, readAccount } from './passbook.queries.ts';
import { BAGS_A_PAGE, PassbookDispute } from './passbook.routes.ts';
import { speakingWith } from './speaking.ts';
import { statementHtml, statementsSection } from './statement.page.ts';
import { personOf, statementsOf } from './statements.queries.ts';
import { OwnRequest, type StatementDeps } from './statements.routes.ts';
import { isTextName, type TextName } from './texts.ts';

const COOKIE = 'passbook';
const FORM = 'application/x-www-form-urlencoded';
const FORM_LIMIT = 64 * 1024;

const cookieOf = ({ headers }: FastifyRequest): string | undefined =>
  /(?:^|;\s*)passbook=([\w-]{1,100})(?:;|$)/.exec(headers.cookie ?? '')?.[1];

/** Sent to the passbook alone, kept from scripts and from other sites; `Secure` wherever the way here was. */
const setCookie = (request: FastifyRequest, reply: FastifyReply, value: string, seconds: number): void => {
  const secure = request.protocol === 'https' || request.headers['x-forwarded-proto'] === 'https';
  void reply.header(
    'set-cookie',
    `${COOKIE}=${value}; Path=/passbook; HttpOnly; SameSite=Strict; Max-Age=${seconds}${secure ? '; Secure' : ''}`,
  );
};

const fieldsIn = ({ body }: FastifyRequest): URLSearchParams => body as URLSearchParams;

const langOf = (request: FastifyRequest): Language => {
  const given =
    request.body instanceof URLSearchParams
      ? request.body.get('lang')
      : (request.query as Record<string, unknown>).lang;
  return given === 'en' || given === 'zh' ? given : languageOf(request.headers['accept-language']);
};

const sendPage = (reply: FastifyReply, html: string): FastifyReply =>
  reply
    .header('content-type', 'text/html; charset=utf-8')
    .header('content-security-policy', PASSBOOK_POLICY)
    .header('cache-control', 'no-store')
    .header('vary', 'accept-language, cookie')
    .send(html);

const goTo = (reply: FastifyReply, language: Language, said: string): FastifyReply =>
  reply
    .status(303)
    .header('cache-control', 'no-store')
    .header('location', `/passbook?lang=${language}&said=${said}`)
    .send();

const codeOf = (error: unknown): TextName => {
  if (!(error instanceof DomainError)) throw error;
  return isTextName(error.code) ? error.code : 'failed';
};

const DONE: readonly string[] = ['saidConfirmed', 'saidDisputed', 'saidClosed', 'saidIssued', 'saidRevoked'];

/** Browsers say where a form was sent from; what another site sends is not looked at. */
const fromHere = ({ headers }: FastifyRequest): boolean =>
  ['same-origin', 'none', undefined].includes(headers['sec-fetch-site'] as string | undefined);

/** Grams of kilograms as somebody types them, nearest gram. undefined for anything that is no such number. */
export const gramsTyped = (text: string): number | undefined => {
  const match = /^(\d{1,8})(?:[.,。](\d{1,3}))?$/.exec(text.trim());
  return match === null ? undefined : Number(match[1]) * 1_000 + Number((match[2] ?? '').padEnd(3, '0'));
};

const keyIn = (fields: URLSearchParams): Key | undefined => {
  const link = fields.get('link');
  if (link !== null) return /^[\w-]{1,100}$/.test(link) ? { link } : undefined;
  const number = (fields.get('number') ?? '').replace(/[\s-]/g, '');
  const card = CardShown.required().safeParse({ number, pin: fields.get('pin') ?? '' });
  return card.success ? { card: card.data as { number: string; pin: string } } : undefined;
};

/** The first of the twelve months that end with this one. */
const yearBefore = (month: string): string => {
  const [year, number] = month.split('-').map(Number) as [number, number];
  return number === 12 ? `${year}-01` : `${year - 1}-${String(number + 1).padStart(2, '0')}`;
};

const shownPassbook = async (
  deps: StatementDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  pass: Pass,
) => {
  const { cursor } = request.query as { cursor?: string };
  const { after, limit } = readCursor({ limit: BAGS_A_PAGE, ...(cursor === undefined ? {} : { cursor }) });
  const account = await readAccount(deps, pass.personId);
  if (account === undefined) throw notFound('passbook');
  const { items, more, ...shown } = await passbookPage(deps, account, after + 1, limit);
  const page = toPage(
    more ? [...items, null] : items,
    limit,
    () => after + items.length,
    (row) => row,
    {
      request,
      reply,
    },
  );
  const { said: asked } = request.query as { said?: unknown };
  const said = typeof asked === 'string' && isTextName(asked) ? asked : undefined;
  const closesAt = new Intl.DateTimeFormat('en-GB', {
    ...{ timeZone: deps.programme.timeZone, hour: '2-digit', minute: '2-digit' },
  }).format(pass.expiresAt);
  const language = langOf(request);
  const to = dayIn(deps.programme.timeZone, deps.clock()).slice(0, 7);
  const own = after < 0 ? await statementsOf(deps, pass.personId, deps.clock()) : [];
  const statements = statementsSection(language, own, { from: yearBefore(to), to });
  const book = { ...shown, expiresAt: instant(pass.expiresAt), items, nextCursor: page.nextCursor };
  const told = { said, alarm: said !== undefined && !DONE.includes(said) };
  return sendPage(reply, passbookHtml(language, book, { closesAt, first: after < 0, statements, ...told }));
};

/** The passbook as pages: no script, no account, forms that answer with a page or lead back to it. */
export const passbookPages = (app: FastifyInstance, deps: StatementDeps): void => {
  const { issue, jwsOf } = issuing(deps);
  const speaking = speakingWith(deps);
  app.addContentTypeParser(FORM, { parseAs: 'string', bodyLimit: FORM_LIMIT }, (_request, body, done) =>
    done(null, new URLSearchParams(body as string)),
  );
  const passOf = async (request: FastifyRequest): Promise<Pass | undefined> => {
    const token = cookieOf(request);
    return token === undefined ? undefined : findPass(deps, token).catch(() => undefined);
  };
  /** A form of the page: from here, with an open passbook; else the page to open one. */
  const onForm = (url: string, handle: (request: FastifyRequest, pass: Pass) => Promise<TextName>): void => {
    app.route({
      ...{ ...HIDDEN, method: 'POST' as const, url },
      handler: async (request, reply) => {
        const language = langOf(request);
        const ours = fromHere(request) && request.body instanceof URLSearchParams;
        const pass = ours ? await passOf(request) : undefined;
        if (pass === undefined) return goTo(reply, language, 'saidOver');
        return goTo(reply, language, await handle(request, pass).catch(codeOf));
      },
    });
  };
  app.route({
    ...{ ...HIDDEN, method: 'GET' as const, url: '/passbook' },
    handler: async (request, reply) => {
      const pass = await passOf(request);
      if (pass !== undefined) return shownPassbook(deps, request, reply, pass);
      const { said: asked } = request.query as { said?: unknown };
      const over = cookieOf(request) !== undefined || asked === 'saidOver';
      const said = asked === 'saidClosed' ? asked : over ? ('saidOver' as const) : undefined;
      return sendPage(reply, cardPage(langOf(request), { said }));
    },
  });
  app.route({
    ...{ ...HIDDEN, method: 'GET' as const, url: '/b/:token' },
    handler: async (request, reply) =>
      sendPage(reply, linkPage(langOf(request), (request.params as { token: string }).token)),
  });
  app.route({
    ...{ ...HIDDEN, method: 'POST' as const, url: '/passbook/open' },
    handler: async (request, reply) => {
      const language = langOf(request);
      const key = request.body instanceof URLSearchParams ? keyIn(request.body) : undefined;
      try {
        // Opening somebody's passbook in another's browser is refused as well.
        if (key === undefined || !fromHere(request))
          throw new DomainError('forbidden', 'wrong_card_or_pin', 'no card was typed');
        const { token } = await openPassbook(deps, key, request.ip);
        setCookie(request, reply, token, PASS_MS / 1_000);
        return reply.status(303).header('location', `/passbook?lang=${language}`).send();
      } catch (error) {
        const said = codeOf(error);
        void reply.status(toProblem(error as Error, request.id).status);
        return sendPage(reply, cardPage(language, { said, alarm: true }));
      }
    },
  });
  app.route({
    ...{ ...HIDDEN, method: 'POST' as const, url: '/passbook/close' },
    handler: async (request, reply) => {
      const token = cookieOf(request);
      if (token !== undefined && fromHere(request)) await closePass(deps, token);
      setCookie(request, reply, '', 0);
      return goTo(reply, langOf(request), 'saidClosed');
    },
  });
  onForm('/passbook/confirm', async (request, pass) => {
    const bags = fieldsIn(request).getAll('bag').slice(0, BAGS_A_PAGE);
    for (const bag of bags) {
      const [collectionId, seenSha256] = bag.split(' ');
      const said = LinkConfirmation.extend({ collectionId: Id }).safeParse({ collectionId, seenSha256 });
      if (!said.success) return 'failed';
      await speaking.confirm(pass, said.data);
    }
    return bags.length === 0 ? 'failed' : 'saidConfirmed';
  });
  onForm('/passbook/dispute', async (request, pass) => {
    const fields = fieldsIn(request);
    const typed = fields.get('kilograms') ?? '';
    // Browsers send line ends as CR LF; a note has line feeds.
    const note = (fields.get('note') ?? '').replace(/\r\n?/g, '\n').trim();
    const claimedGrams = typed.trim() === '' ? undefined : gramsTyped(typed);
    if (typed.trim() !== '' && claimedGrams === undefined) return 'failed';
    const said = PassbookDispute.safeParse({
      collectionId: (fields.get('bag') ?? '').split(' ')[0],
      about: fields.get('about'),
      ...(claimedGrams === undefined ? {} : { claimedGrams }),
      ...(note === '' ? {} : { note }),
    });
    if (!said.success) return 'failed';
    await speaking.dispute(pass, said.data);
    return 'saidDisputed';
  });
  onForm('/passbook/statement', async (request, pass) => {
    const fields = fieldsIn(request);
    const typed = Object.fromEntries(
      ['lender', 'from', 'to'].map((name) => [name, (fields.get(name) ?? '').trim()]),
    );
    const said = OwnRequest.safeParse(typed);
    if (!said.success) return 'failed';
    await issue.through(pass, said.data, {});
    return 'saidIssued';
  });
  onForm('/passbook/revoke', async (request, pass) => {
    const id = Id.safeParse(fieldsIn(request).get('statement'));
    if (!id.success || (await personOf(deps, id.data)) !== pass.personId) return 'failed';
    await issue.revokeThrough(pass, id.data);
    return 'saidRevoked';
  });
  app.route({
    ...{ ...HIDDEN, method: 'GET' as const, url: '/passbook/statement' },
    handler: async (request, reply) => {
      const pass = await passOf(request);
      if (pass === undefined) return goTo(reply, langOf(request), 'saidOver');
      const { id } = request.query as { id?: unknown };
      const own = await statementsOf(deps, pass.personId, deps.clock());
      const found = own.find((one) => one.id === id);
      if (found === undefined) return goTo(reply, langOf(request), 'failed');
      return sendPage(reply, statementHtml(langOf(request), found, (await jwsOf(found.payload))!));
    },
  });
};
