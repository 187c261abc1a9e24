import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { route } from '../http/route.ts';
import type { Language } from './texts.ts';
import { languageOf, PAGE_POLICY, STYLE, verifyPage } from './verify.page.ts';

const PACKAGE = path.resolve(import.meta.dirname, '../../packages/verifier');
const ASSETS = path.resolve(import.meta.dirname, 'assets');

/** The page's files by name; the verifier is the published one, as it is. */
const FILES = {
  'style.css': () => STYLE,
  'page.js': () => readFileSync(path.join(ASSETS, 'page.js'), 'utf8'),
  'product.js': () => readFileSync(path.join(ASSETS, 'product.js'), 'utf8'),
  'worker.js': () => readFileSync(path.join(ASSETS, 'worker.js'), 'utf8'),
  'statements.js': () => readFileSync(path.join(ASSETS, 'statements.js'), 'utf8'),
  'verifier.js': () => readFileSync(path.join(PACKAGE, 'index.js'), 'utf8'),
};
type FileName = keyof typeof FILES;

/** @param titles what types of facts are called, by type */
export const verifyRoutes = (
  app: FastifyInstance,
  titles: ReadonlyMap<string, Readonly<Record<Language, string>>>,
): void => {
  const titlesIn = (language: Language) =>
    Object.fromEntries([...titles].map(([type, title]) => [type, title[language]]));
  const pages = { en: verifyPage('en', titlesIn('en')), zh: verifyPage('zh', titlesIn('zh')) };
  const files = new Map(Object.entries(FILES).map(([name, read]) => [name, read()]));
  route(app, {
    method: 'GET',
    url: '/verify',
    operationId: 'getVerifyPage',
    tag: 'ledger',
    summary: {
      en: 'The page that verifies a bundle in the visitor’s browser',
      zh: '在访客浏览器中核验收据包的页面',
    },
    access: 'public',
    query: z.object({ lang: z.enum(['en', 'zh']).optional() }),
    produces: 'text/html',
    response: z.string(),
    handler: async ({ query, request, reply }) => {
      void reply
        .header('content-type', 'text/html; charset=utf-8')
        .header('content-security-policy', PAGE_POLICY)
        .header('cache-control', 'no-cache')
        .header('vary', 'accept-language');
      return pages[query.lang ?? languageOf(request.headers['accept-language'])];
    },
  });
  route(app, {
    method: 'GET',
    url: '/verify/:file',
    operationId: 'getVerifyFile',
    tag: 'ledger',
    summary: { en: 'Script, verifier and style of the page', zh: '核验页面的脚本、核验程序和样式' },
    access: 'public',
    params: z.object({ file: z.enum(Object.keys(FILES) as [FileName, ...FileName[]]) }),
    produces: ['text/javascript', 'text/css'],
    response: z.string(),
    handler: async ({ params: { file }, reply }) => {
      void reply
        .header('content-type', `text/${file.endsWith('.css') ? 'css' : 'javascript'}; charset=utf-8`)
        // A worker is held to the policy of its own file.
        .header('content-security-policy', PAGE_POLICY)
        .header('cache-control', 'no-cache');
      return files.get(file)!;
    },
  });
};
