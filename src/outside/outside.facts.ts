import { z } from 'zod';
import { Day, Id, note, Sha256Hex, Time, TotalGrams, text } from '../kernel/values.ts';
import type { FactType } from '../ledger/fact.ts';
import { openLot } from '../lots/lots.ts';
import { sites } from '../registry/registry.tables.ts';
import { outsideMaterials } from './outside.tables.ts';

const Admitted = z.strictObject({
  lotId: Id,
  siteId: Id,
  day: Day,
  kind: z.string(),
  material: z.string(),
  form: z.string(),
  originClass: z.string(),
  grams: TotalGrams.min(1),
  /** What an outside certificate lets be claimed; 0 without one. */
  certifiedGrams: TotalGrams,
  /** Of the lot itself: 0 also while it is a mixture. */
  claimableGrams: TotalGrams,
  marks: z.array(z.string()),
});
const AdmittedPrivate = z.strictObject({
  id: Id,
  keyId: Id,
  at: Time.optional(),
  certificate: z
    .strictObject({
      body: text(200),
      approvalNumber: text(120).optional(),
      number: text(120),
      scope: text(500),
      fileSha256: Sha256Hex,
      originClass: z.string(),
      claimableGrams: TotalGrams.optional(),
      validUntil: Day.optional(),
    })
    .optional(),
  supplier: text(200).optional(),
  invoiceSha256: Sha256Hex.optional(),
  note: note(2_000).optional(),
});

export const outsideMaterialAdmitted: FactType<z.infer<typeof Admitted>, z.infer<typeof AdmittedPrivate>> = {
  type: 'outside-material.admitted.v1',
  title: { en: 'Outside material admitted', zh: '外部物料入库' },
  data: Admitted,
  private: AdmittedPrivate,
  grams: 'A lot of grams comes in at the site; its origin is none, or as an outside certificate says.',
  fen: 'none',
  backPointers: [],
  apply(world, { seq, data, private: more }) {
    const { organisationId } = world.get(sites, data.siteId)!;
    const { lotId, siteId, material, form, originClass, grams } = data;
    openLot(world, {
      id: lotId,
      seq,
      place: 0,
      kind: 'outside',
      organisationId,
      siteId,
      material,
      form,
      originClass,
      grams,
    });
    const { id, certificate = null, supplier = null, invoiceSha256 = null, note: said = null } = more;
    world.put(outsideMaterials, {
      id,
      seq,
      organisationId,
      ...data,
      certificate,
      supplier,
      invoiceSha256,
      note: said,
    });
  },
};

export const outsideFacts = [outsideMaterialAdmitted];
