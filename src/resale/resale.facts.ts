import { z } from 'zod';
import { containersDrawn, NamedFillingShape } from '../containers/containers.facts.ts';
import { Id, note, Seq, TotalGrams } from '../kernel/values.ts';
import type { FactType } from '../ledger/fact.ts';
import { drawFrom, LotUse, openLot } from '../lots/lots.ts';
import { batches } from './resale.tables.ts';

const Sealed = z.strictObject({
  batchId: Id,
  siteId: Id,
  organisationId: Id,
  /** The last fact that changed the site's settings. */
  siteSeq: Seq,
  code: z.string().length(16),
  inputs: z.array(LotUse),
  /** The one lot they become. */
  lotId: Id,
  material: z.string(),
  form: z.string(),
  grams: TotalGrams.min(1),
  /** The origin class all inputs share; null when they differ. */
  originClass: z.string().nullable(),
  /** What the site's scope allows at best. */
  custodyModel: z.string(),
  /** Fillings drawn on; their lots stand in `inputs`. */
  containers: z.array(NamedFillingShape).optional(),
});
const SealedPrivate = z.strictObject({
  keyId: Id,
  note: note(2_000).optional(),
  containerIds: z.array(Id).optional(),
});

export const batchSealed: FactType<z.infer<typeof Sealed>, z.infer<typeof SealedPrivate>> = {
  type: 'batch.sealed.v1',
  title: { en: 'Batch sealed', zh: '批次封装' },
  data: Sealed,
  private: SealedPrivate,
  grams: 'Inputs are drawn into one lot.',
  fen: 'none',
  backPointers: ['siteSeq', 'inputs[].seq', 'containers[].seq'],
  apply(world, { seq, data, private: more }) {
    const { batchId: id, siteId, organisationId, code, originClass, lotId, material, form, grams } = data;
    const kind = { material, form, grams };
    containersDrawn(world, seq, data.containers, more.containerIds);
    for (const use of data.inputs) drawFrom(world, use, seq);
    openLot(world, { id: lotId, seq, place: 0, kind: 'batch', organisationId, siteId, originClass, ...kind });
    world.put(batches, {
      id,
      seq,
      lastSeq: seq,
      organisationId,
      siteId,
      code,
      lotId,
      ...kind,
      state: 'sealed',
      inputs: data.inputs.map(({ lotId: from, grams: taken }) => ({ lotId: from, grams: taken })),
      sales: 0,
      lastSaleId: null,
      soldGrams: 0,
      reservedFor: null,
      reservedUntil: null,
      costs: {},
    });
  },
};

export const resaleFacts = [batchSealed];
