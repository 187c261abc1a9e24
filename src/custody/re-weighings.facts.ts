import { z } from 'zod';
import { Id, note, Seq, Time, TotalGrams } from '../kernel/values.ts';
import type { FactType } from '../ledger/fact.ts';
import { lots } from '../lots/lots.tables.ts';
import { changeLot } from '../lots/lots.ts';
import { lotWeighings } from '../lots/weighings.tables.ts';
import { openCase } from '../supervision/open-case.ts';

const Weighed = z.strictObject({
  lotId: Id,
  /** The last fact that changed the lot. */
  seq: Seq,
  siteId: Id,
  /** The site's settings that told the tolerance. */
  siteSeq: Seq,
  grossGrams: TotalGrams,
  tareGrams: TotalGrams,
  bookedGrams: TotalGrams,
  toleranceGrams: TotalGrams,
  /** Opened for a difference beyond the tolerance. */
  case: z.strictObject({ caseId: Id, grams: TotalGrams, onHold: z.boolean() }).optional(),
});
const WeighedPrivate = z.strictObject({
  id: Id,
  keyId: Id,
  weighedAt: Time,
  deviceId: Id.optional(),
  /** The scale's interval, where its device is known at the site. */
  scale: z.strictObject({ eGrams: z.int(), deviceSeq: Seq }).optional(),
  reason: note(2_000).optional(),
  /** Those who profit, and may not decide the case. */
  organisationIds: z.array(Id).optional(),
});

export const lotWeighed: FactType<z.infer<typeof Weighed>, z.infer<typeof WeighedPrivate>> = {
  type: 'lot.weighed.v1',
  title: { en: 'Lot weighed again', zh: '物料复称' },
  data: Weighed,
  private: WeighedPrivate,
  grams:
    'None move; a lot that weighs too little is held, claimable at most at what was measured, until decided.',
  fen: 'none',
  backPointers: ['seq', 'siteSeq'],
  apply(world, { seq, data, private: more }) {
    const { lotId, siteId, grossGrams, tareGrams, bookedGrams, toleranceGrams } = data;
    const { organisationId } = world.get(lots, lotId)!;
    world.put(lotWeighings, {
      id: more.id,
      seq,
      lotId,
      siteId,
      organisationId,
      grossGrams,
      tareGrams,
      bookedGrams,
      toleranceGrams,
      caseId: data.case?.caseId ?? null,
      weighedAt: more.weighedAt,
      deviceId: more.deviceId ?? null,
      reason: more.reason ?? null,
    });
    if (data.case === undefined) return;
    const { caseId, grams, onHold } = data.case;
    if (onHold) changeLot(world, lotId, seq, { heldBy: caseId });
    openCase(world, {
      id: caseId,
      seq,
      kind: 're-weighing',
      subjectId: lotId,
      organisationIds: more.organisationIds ?? [],
      siteIds: [siteId],
      lotIds: onHold ? [lotId] : [],
      measuredGrams: grossGrams - tareGrams,
      grams,
    });
  },
};

export const reWeighingFacts = [lotWeighed];
