import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Reader } from '../db/reader.ts';
import { PageQuery, pageOf, readCursor, toPage } from '../http/page.ts';
import { route, type WriteDeps, write } from '../http/route.ts';
import { notFound } from '../kernel/errors.ts';
import { Id } from '../kernel/values.ts';
import type { Role } from '../ledger/fact.ts';
import { checkCertificate, registerCertificate } from './certificates.operations.ts';
import { findCertificate, listCertificates } from './certificates.queries.ts';
import {
  CertificateAnswer,
  CertificateRequest,
  CertificateView,
  CheckRequest,
} from './certificates.schema.ts';
import type { ExternalCertificate } from './certificates.tables.ts';

const tag = 'certificates';
const IdParams = z.object({ id: Id });
const toView = ({ lastSeq: _, ...certificate }: ExternalCertificate): z.input<typeof CertificateView> =>
  certificate;

export const certificateRoutes = (app: FastifyInstance, deps: WriteDeps & { db: Reader }): void => {
  route(app, {
    method: 'POST',
    url: '/v1/certificates/external',
    operationId: 'registerCertificate',
    tag,
    summary: { en: 'Register a certificate of an outside body', zh: '登记外部证书' },
    access: registerCertificate.roles as Role[],
    body: CertificateRequest,
    response: CertificateAnswer,
    status: 201,
    errors: { 409: 'Registered already', 422: 'Unknown organisation, site or scheme' },
    example: {
      organisationId: '0198f3a2-1c7e-7d1a-9c4e-2f60c1b7a001',
      body: 'A certification body',
      approvalNumber: 'CNCA-R-2002-001',
      number: 'OBP-COL-0001',
      schemes: ['ocean-bound-pre-check'],
      scope: 'Collection and baling of PET and HDPE, Jiaojiang',
      siteIds: ['0198f3a2-1c7e-7d1a-9c4e-2f60c1b7a002'],
      validFrom: '2026-01-01',
      validUntil: '2026-12-31',
      fileSha256: 'ab'.repeat(32),
      checkedAt: '2026-11-24T06:30:00+08:00',
    },
    handler: ({ body, ...from }) => write(deps, registerCertificate, body, from),
  });
  route(app, {
    method: 'GET',
    url: '/v1/certificates/external',
    operationId: 'listCertificates',
    tag,
    summary: { en: 'Certificates of outside bodies', zh: '外部证书列表' },
    access: 'public',
    query: PageQuery,
    response: pageOf(CertificateView),
    handler: async ({ query, ...http }) => {
      const { after, limit } = readCursor(query);
      return toPage(await listCertificates(deps.db, after, limit), limit, (row) => row.seq, toView, http);
    },
  });
  route(app, {
    method: 'GET',
    url: '/v1/certificates/external/:id',
    operationId: 'getCertificate',
    tag,
    summary: { en: 'A certificate of an outside body', zh: '外部证书' },
    access: 'public',
    params: IdParams,
    response: CertificateView,
    handler: async ({ params }) => {
      const found = await findCertificate(deps.db, params.id);
      if (found === undefined) throw notFound('certificate');
      return toView(found);
    },
  });
  route(app, {
    method: 'POST',
    url: '/v1/certificates/external/:id/checks',
    operationId: 'checkCertificate',
    tag,
    summary: { en: 'Say what the body’s own register says of it', zh: '记录证书核查结果' },
    access: checkCertificate.roles as Role[],
    params: IdParams,
    body: CheckRequest,
    response: CertificateAnswer,
    status: 201,
    errors: { 409: 'A later check is recorded', 422: 'A time to come' },
    example: { checkedAt: '2026-11-24T06:30:00+08:00', state: 'in-force' },
    handler: ({ params, body, ...from }) =>
      write(deps, checkCertificate, { ...body, certificateId: params.id }, from, params.id),
  });
};
