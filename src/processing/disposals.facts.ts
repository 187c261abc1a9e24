import { z } from 'zod';
import { Day, Id, note, Seq, Time, TotalGrams, text } from '../kernel/values.ts';
import type { FactType } from '../ledger/fact.ts';
import { drawFrom, LotUse, returnTo } from '../lots/lots.ts';
import { sites } from '../registry/registry.tables.ts';
import { disposals } from './disposals.tables.ts';

const Disposed = z.strictObject({
  disposalId: Id,
  siteId: Id,
  way: z.enum(['disposal', 'released-uncertified', 'reused']),
  day: Day,
  lots: z.array(LotUse),
  grams: TotalGrams.min(1),
  measuredGrams: TotalGrams.optional(),
});
const DisposedPrivate = z.strictObject({
  keyId: Id,
  disposedAt: Time,
  manifest: text(120).optional(),
  wasteCode: text(40).optional(),
  receiver: z.strictObject({ name: text(200), licence: text(120).optional() }).optional(),
  vehicle: text(80).optional(),
  note: note(2_000).optional(),
});

const VoidedPrivate = z.strictObject({ keyId: Id, reason: note(2_000) });

export const materialDisposed: FactType<z.infer<typeof Disposed>, z.infer<typeof DisposedPrivate>> = {
  type: 'material.disposed.v1',
  title: { en: 'Material disposed of, released or reused', zh: '物料处置、放行或再使用' },
  data: Disposed,
  private: DisposedPrivate,
  grams: 'Lots give up the grams named, for good; what the receiver measured is kept beside them.',
  fen: 'none',
  backPointers: ['lots[].seq'],
  apply(world, { seq, data, private: more }) {
    for (const use of data.lots) drawFrom(world, use, seq);
    const { disposalId: id, measuredGrams = null, ...rest } = data;
    world.put(disposals, {
      id,
      seq,
      lastSeq: seq,
      organisationId: world.get(sites, data.siteId)!.organisationId,
      ...rest,
      measuredGrams,
      manifest: more.manifest ?? null,
      wasteCode: more.wasteCode ?? null,
      receiver: more.receiver ?? null,
      vehicle: more.vehicle ?? null,
      disposedAt: more.disposedAt,
      note: more.note ?? null,
      state: 'recorded',
    });
  },
};

const Voided = z.strictObject({
  disposalId: Id,
  /** The last fact that changed the disposal. */
  seq: Seq,
  /** The fact that recorded it: what it took is what goes back. */
  disposedSeq: Seq,
  lots: z.array(LotUse),
});

export const disposalVoided: FactType<z.infer<typeof Voided>, z.infer<typeof VoidedPrivate>> = {
  type: 'material.disposal-voided.v1',
  title: { en: 'Disposal voided', zh: '处置记录作废' },
  data: Voided,
  private: VoidedPrivate,
  grams: 'The very grams go back to the lots they were taken from.',
  fen: 'none',
  backPointers: ['seq', 'disposedSeq', 'lots[].seq'],
  apply(world, { seq, data }) {
    for (const use of data.lots) returnTo(world, use, seq);
    world.put(disposals, { ...world.get(disposals, data.disposalId)!, state: 'voided', lastSeq: seq });
  },
};

export const disposalFacts = [materialDisposed, disposalVoided];
