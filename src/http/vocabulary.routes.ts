import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { route } from './route.ts';
import { VOCABULARY } from './vocabulary.ts';

const Name = z.object({ en: z.string(), zh: z.string() });
const Code = Name.extend({ code: z.string(), explanation: Name.optional() });

export const vocabularyRoutes = (app: FastifyInstance): void =>
  route(app, {
    method: 'GET',
    url: '/v1/vocabulary',
    operationId: 'getVocabulary',
    tag: 'vocabulary',
    summary: {
      en: 'Every code, with its name and explanation in both languages',
      zh: '全部代码的中英文名称与说明',
    },
    access: 'public',
    response: z.record(z.string(), z.array(Code)),
    handler: async ({ reply }) => {
      void reply.header('cache-control', 'public, max-age=3600');
      return Object.fromEntries(
        Object.entries(VOCABULARY).map(([kind, codes]) => [
          kind,
          Object.entries(codes).map(([code, name]) => ({ code, ...name })),
        ]),
      );
    },
  });
