import { z } from 'zod';
import { Day, Id, note, Seq, Sha256Hex, Time, TotalGrams, text } from '../kernel/values.ts';
import type { FactType } from '../ledger/fact.ts';
import { drawFrom, LotUse, openLot } from '../lots/lots.ts';
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
      lastSeq: seq,
      ...data,
      certificate,
      supplier,
      invoiceSha256,
      note: said,
      state: 'admitted',
    });
  },
};

const Voided = z.strictObject({
  /** Its lot, which then is no more. */
  lot: LotUse,
  siteId: Id,
  /** The fact that admitted it. */
  admittedSeq: Seq,
});
const VoidedPrivate = z.strictObject({ id: Id, keyId: Id, reason: note(2_000) });

export const outsideMaterialVoided: FactType<z.infer<typeof Voided>, z.infer<typeof VoidedPrivate>> = {
  type: 'outside-material.voided.v1',
  title: { en: 'Admission of outside material voided', zh: '外部物料入库作废' },
  data: Voided,
  private: VoidedPrivate,
  grams: 'Its lot goes to nothing: the grams never came in.',
  fen: 'none',
  backPointers: ['lot.seq', 'admittedSeq'],
  apply(world, { seq, data, private: { id } }) {
    drawFrom(world, data.lot, seq);
    world.put(outsideMaterials, { ...world.get(outsideMaterials, id)!, state: 'voided', lastSeq: seq });
  },
};

export const outsideFacts = [outsideMaterialAdmitted, outsideMaterialVoided];
