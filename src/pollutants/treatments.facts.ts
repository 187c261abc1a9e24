import { z } from 'zod';
import { Day, Id, note, Time, TotalGrams, text } from '../kernel/values.ts';
import type { FactType } from '../ledger/fact.ts';
import { sites } from '../registry/registry.tables.ts';
import { gainStock, StockGain, StockUse, takeStock } from './stock.ts';
import { pollutantLosses, treatments } from './treatments.tables.ts';

const Treated = z.strictObject({
  siteId: Id,
  day: Day,
  method: z.string(),
  items: z.array(StockUse),
  /** What stays, as stock of its own. */
  residues: z.array(StockGain),
  closedGrams: TotalGrams,
  marks: z.array(z.string()),
});
const TreatedPrivate = z.strictObject({
  id: Id,
  keyId: Id,
  treatedAt: Time,
  plant: z.strictObject({ name: text(200).optional(), licence: text(120) }),
  manifest: text(120).optional(),
  wasteCode: text(40).optional(),
  note: note(2_000).optional(),
});

export const gramsOf = (items: readonly { grams: number }[]): number =>
  items.reduce((sum, { grams }) => sum + grams, 0);

const takenOf = (items: readonly (StockUse | StockGain)[]) =>
  items.map(({ material, grams, millilitres }) => ({ material, grams, millilitres }));

export const pollutantsTreated: FactType<z.infer<typeof Treated>, z.infer<typeof TreatedPrivate>> = {
  type: 'pollutants.treated.v1',
  title: { en: 'Pollutants treated or disposed of', zh: '污染物处理或处置' },
  data: Treated,
  private: TreatedPrivate,
  grams:
    'Taken from the site’s stock for good, but for the residues, which are added to it: items = residues + closed grams.',
  fen: 'none',
  backPointers: ['items[].seq'],
  apply(world, { seq, data, private: more }) {
    for (const use of data.items) takeStock(world, seq, data.siteId, use, 'treated', data.day);
    for (const residue of data.residues) gainStock(world, seq, data.siteId, residue, 'residue', data.day);
    world.put(treatments, {
      id: more.id,
      seq,
      organisationId: world.get(sites, data.siteId)!.organisationId,
      siteId: data.siteId,
      day: data.day,
      method: data.method,
      items: takenOf(data.items),
      residues: takenOf(data.residues),
      grams: gramsOf(data.items),
      closedGrams: data.closedGrams,
      marks: data.marks,
      manifest: more.manifest ?? null,
      wasteCode: more.wasteCode ?? null,
      plant: more.plant,
      treatedAt: more.treatedAt,
      note: more.note ?? null,
    });
  },
};

const Lost = z.strictObject({ siteId: Id, day: Day, kind: z.string(), items: z.array(StockUse) });
const LostPrivate = z.strictObject({
  id: Id,
  keyId: Id,
  happenedAt: Time,
  reference: text(200).optional(),
  note: note(2_000).optional(),
});

export const pollutantsLost: FactType<z.infer<typeof Lost>, z.infer<typeof LostPrivate>> = {
  type: 'pollutants.lost.v1',
  title: { en: 'Pollutants lost', zh: '污染物损失' },
  data: Lost,
  private: LostPrivate,
  grams: 'Taken from the site’s stock; no longer there.',
  fen: 'none',
  backPointers: ['items[].seq'],
  apply(world, { seq, data, private: more }) {
    for (const use of data.items) takeStock(world, seq, data.siteId, use, 'lost', data.day);
    world.put(pollutantLosses, {
      id: more.id,
      seq,
      organisationId: world.get(sites, data.siteId)!.organisationId,
      siteId: data.siteId,
      day: data.day,
      kind: data.kind,
      items: takenOf(data.items),
      grams: gramsOf(data.items),
      reference: more.reference ?? null,
      happenedAt: more.happenedAt,
      note: more.note ?? null,
    });
  },
};

export const treatmentFacts = [pollutantsTreated, pollutantsLost];
