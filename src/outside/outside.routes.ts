import type { FastifyInstance } from 'fastify';
import type { z } from 'zod';
import type { Reader } from '../db/reader.ts';
import { route, type WriteDeps, write } from '../http/route.ts';
import { voidRoute } from '../http/voiding.ts';
import { readingAtSites } from '../registry/at-sites.routes.ts';
import { ADMITTERS, outsideOperations } from './outside.operations.ts';
import { OutsideAnswer, OutsideRequest, OutsideView } from './outside.schema.ts';
import type { OutsideMaterial } from './outside.tables.ts';

const tag = 'outside';
const TABLE = 'outsideMaterials';

export type OutsideDeps = WriteDeps & { db: Reader; programme: { timeZone: string; operatorId: string } };

const toView = ({ lotId, grams, claimableGrams, ...rest }: OutsideMaterial): z.input<typeof OutsideView> => ({
  ...rest,
  certificate: rest.certificate as z.input<typeof OutsideView>['certificate'],
  lot: { id: lotId, grams, claimableGrams },
});

export const outsideRoutes = (app: FastifyInstance, deps: OutsideDeps): void => {
  const { admitOutsideMaterial, voidOutsideMaterial } = outsideOperations(deps.programme);
  route(app, {
    method: 'POST',
    url: '/v1/outside-materials',
    operationId: 'admitOutsideMaterial',
    tag,
    summary: { en: 'Admit material that the programme did not collect', zh: '外部物料入库' },
    access: ADMITTERS,
    body: OutsideRequest,
    response: OutsideAnswer,
    status: 201,
    errors: {
      409: 'The id is in use, or was sent with another body',
      422: 'Unknown site, or a certificate that cannot be about this material',
    },
    example: {
      siteId: '0198f3a2-1c7e-7d1a-9c4e-2f60c1b7a002',
      kind: 'purchase',
      material: 'pet',
      form: 'flake',
      grams: 2_400_000,
      supplier: '台州某再生料厂',
      invoiceSha256: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    },
    handler: ({ body, ...from }) => write(deps, admitOutsideMaterial, body, from),
  });
  voidRoute(app, deps, {
    url: '/v1/outside-materials/:id/void',
    operationId: 'voidOutsideMaterial',
    tag,
    summary: { en: 'Void an admission entered by mistake', zh: '作废外部物料入库' },
    access: ADMITTERS,
    operation: voidOutsideMaterial,
    conflict: 'The lot was used, moved or put under a seal since, is on hold, or it was voided already',
  });
  readingAtSites<OutsideMaterial, typeof OutsideView>(app, deps.db, TABLE, {
    url: '/v1/outside-materials',
    tag,
    one: {
      operationId: 'getOutsideMaterial',
      summary: { en: 'Read one admission of outside material', zh: '查询外部物料' },
      noun: 'outside material',
    },
    all: {
      operationId: 'listOutsideMaterials',
      summary: { en: 'List outside material', zh: '列出外部物料' },
    },
    view: OutsideView,
    toView: toView,
  });
};
