import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { Receipt, route, type WriteDeps, write } from '../http/route.ts';
import { conflict, notFound, unprocessable } from '../kernel/errors.ts';
import { Id, text } from '../kernel/values.ts';
import { ROLES } from '../kernel/vocabulary.ts';
import { draft, type FactType, type Operation } from '../ledger/fact.ts';
import { mayReach } from './access.ts';
import { publicNames } from './public-names.tables.ts';
import { organisations } from './registry.tables.ts';

const Published = z.strictObject({ organisationId: Id, name: text(200) });
const PublishedPrivate = z.strictObject({ keyId: Id, consent: text(500) });

/** Of a legal person only, and with its consent (ledger format, "What is open and what is sealed"). */
export const namePublished: FactType<z.infer<typeof Published>, z.infer<typeof PublishedPrivate>> = {
  type: 'organisation.name-published.v1',
  title: { en: 'Name of an organisation published', zh: '组织名称公开' },
  data: Published,
  private: PublishedPrivate,
  grams: 'none',
  fen: 'none',
  backPointers: [],
  apply(world, { seq, data: { organisationId, name } }) {
    world.get(publicNames, organisationId);
    world.put(publicNames, { organisationId, name, seq, lastSeq: seq });
  },
};

const NameRequest = z.strictObject({
  name: text(200),
  consent: text(500).meta({ description: 'Who of the organisation agreed, when and how. Not public.' }),
});
type NameRequest = z.infer<typeof NameRequest>;

/** 422 `natural_person`: the name of one is never published. 409 `nothing_changed`. */
export const publishName: Operation<NameRequest & { organisationId: string }, { id: string; name: string }> =
  {
    name: 'organisation.publish-name',
    roles: ROLES,
    status: 200,
    decide(world, { organisationId, name, consent }, { caller }) {
      const organisation = world.get(organisations, organisationId);
      if (organisation === undefined || !mayReach(caller, organisationId, null))
        throw notFound('organisation');
      if (organisation.naturalPerson)
        throw unprocessable(
          'natural_person',
          '/name',
          'is never published of a natural person or a sole trader; the organisation is one',
        );
      if (world.get(publicNames, organisationId)?.name === name)
        throw conflict('nothing_changed', 'This name is published already.', { organisationId });
      return draft({
        type: namePublished,
        data: { organisationId, name },
        private: { keyId: caller.keyId, consent },
      });
    },
    answer: ({ data }) => ({ id: data.organisationId, name: data.name }),
  };

export const publicNameRoutes = (app: FastifyInstance, deps: WriteDeps): void =>
  route(app, {
    method: 'PUT',
    url: '/v1/organisations/:id/public-name',
    operationId: 'publishOrganisationName',
    tag: 'registry',
    summary: { en: 'Publish the name of an organisation, for good', zh: '公开组织名称（不可撤回）' },
    access: ROLES,
    params: z.object({ id: Id }),
    body: NameRequest,
    response: z.object({ id: Id, name: z.string(), receipt: Receipt }).meta({ id: 'NamePublished' }),
    errors: { 409: 'Published already', 422: 'A natural person' },
    example: { name: 'DNV', consent: 'K. Hansen by letter of 2026-11-02' },
    handler: ({ params, body, ...from }) =>
      write(deps, publishName, { ...body, organisationId: params.id }, from, params.id),
  });
