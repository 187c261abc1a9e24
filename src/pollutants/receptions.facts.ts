import { z } from 'zod';
import { Day, Id, note, Seq, Time, text } from '../kernel/values.ts';
import type { FactType } from '../ledger/fact.ts';
import type { World } from '../ledger/world.ts';
import { sites } from '../registry/registry.tables.ts';
import { changeDeclaration, NamedDeclaration } from './declarations.facts.ts';
import { declarations } from './declarations.tables.ts';
import { notePrefixes, noteSeries, pollutantSettings } from './pollutants.tables.ts';
import { receptions } from './receptions.tables.ts';
import { gainStock, ReceivedItem, StockUse, takeStock } from './stock.ts';

const Received = z.strictObject({
  siteId: Id,
  day: Day,
  note: z.strictObject({ year: z.int(), running: z.int().min(1) }),
  items: z.array(ReceivedItem),
  /** Of the reception as a whole; a material's own stands with it. */
  marks: z.array(z.string()),
});
const ReceivedPrivate = z.strictObject({
  id: Id,
  keyId: Id,
  receivedAt: Time,
  notePrefix: text(20),
  declaration: NamedDeclaration.optional(),
  vesselId: Id.optional(),
  vesselNumber: text(80).optional(),
  remark: note(2_000).optional(),
});

/** The running series of a site's notes of a year. */
export const seriesOf = (siteId: string, year: number): string => `${siteId}:${year}`;
/** The running series of prefixes the programme makes for sites that chose none: P0001, P0002 … */
export const PREFIX_SERIES = 'prefixes';
/** A prefix the programme made; a chosen one has letters alone, so the two never meet. */
export const madePrefix = (running: number): string => `P${String(running).padStart(4, '0')}`;

export const keepPrefix = (world: World, seq: number, siteId: string, prefix: string): void => {
  const settings = world.get(pollutantSettings, siteId);
  world.put(pollutantSettings, {
    siteId,
    storageDays: settings?.storageDays ?? {},
    notePrefix: prefix,
    lastSeq: seq,
  });
  world.get(notePrefixes, prefix);
  world.put(notePrefixes, { prefix, siteId });
};

export const pollutantsReceived: FactType<z.infer<typeof Received>, z.infer<typeof ReceivedPrivate>> = {
  type: 'pollutants.received.v1',
  title: { en: 'Pollutants received from a vessel', zh: '接收船舶污染物' },
  data: Received,
  private: ReceivedPrivate,
  grams: 'Added to the site’s stock of each pollutant; never a lot, never counted with what is collected.',
  fen: 'none',
  backPointers: ['items[].seq'],
  apply(world, { seq, data, private: more }) {
    const { siteId, day } = data;
    for (const { material, grams, millilitres = 0, storeUntil } of data.items)
      gainStock(
        world,
        seq,
        siteId,
        { material, grams, millilitres, ...(storeUntil === undefined ? {} : { storeUntil }) },
        'received',
        day,
      );
    const series = seriesOf(siteId, data.note.year);
    world.get(noteSeries, series);
    world.put(noteSeries, { key: series, last: data.note.running });
    if (world.get(pollutantSettings, siteId)?.notePrefix !== more.notePrefix) {
      keepPrefix(world, seq, siteId, more.notePrefix);
      const made = world.get(noteSeries, PREFIX_SERIES)?.last ?? 0;
      world.put(noteSeries, { key: PREFIX_SERIES, last: made + 1 });
    }
    if (more.declaration !== undefined)
      changeDeclaration(world, seq, more.declaration.declarationId, {
        state: 'received',
        receptionId: more.id,
      });
    world.put(receptions, {
      id: more.id,
      seq,
      organisationId: world.get(sites, siteId)!.organisationId,
      siteId,
      day,
      notePrefix: more.notePrefix,
      noteYear: data.note.year,
      noteRunning: data.note.running,
      items: data.items.map(({ seq: _, ...item }) => item),
      marks: data.marks,
      receivedAt: more.receivedAt,
      declarationId: more.declaration?.declarationId ?? null,
      vesselId: more.vesselId ?? null,
      vesselNumber: more.vesselNumber ?? null,
      remark: more.remark ?? null,
      voidReason: null,
    });
  },
};

const Voided = z.strictObject({
  siteId: Id,
  day: Day,
  /** The fact that is taken back. */
  reception: Seq,
  items: z.array(StockUse),
});
const VoidedPrivate = z.strictObject({
  keyId: Id,
  receptionId: Id,
  declaration: NamedDeclaration.optional(),
  reason: note(2_000),
});

export const receptionVoided: FactType<z.infer<typeof Voided>, z.infer<typeof VoidedPrivate>> = {
  type: 'pollutant-reception.voided.v1',
  title: { en: 'Reception of pollutants voided', zh: '污染物接收作废' },
  data: Voided,
  private: VoidedPrivate,
  grams: 'Taken back out of the site’s stock, as if they had never come; the note’s number stays used.',
  fen: 'none',
  backPointers: ['reception', 'items[].seq'],
  apply(world, { seq, data, private: { receptionId, declaration, reason } }) {
    for (const use of data.items) takeStock(world, seq, data.siteId, use, 'voided', data.day, data.reception);
    world.put(receptions, { ...world.get(receptions, receptionId)!, voidReason: reason });
    if (declaration === undefined) return;
    const { eta } = world.get(declarations, declaration.declarationId)!;
    const state = eta === null ? 'declared' : 'accepted';
    changeDeclaration(world, seq, declaration.declarationId, { state, receptionId: null });
  },
};

const SettingsChanged = z.strictObject({
  siteId: Id,
  storageDays: z.record(z.string(), z.int().min(1)).optional(),
});
const SettingsPrivate = z.strictObject({ keyId: Id, notePrefix: text(20).optional() });

export const pollutantSettingsChanged: FactType<
  z.infer<typeof SettingsChanged>,
  z.infer<typeof SettingsPrivate>
> = {
  type: 'pollutant-settings.changed.v1',
  title: { en: 'Site’s settings for pollutants changed', zh: '污染物接收设置变更' },
  data: SettingsChanged,
  private: SettingsPrivate,
  grams: 'none',
  fen: 'none',
  backPointers: [],
  apply(world, { seq, data: { siteId, storageDays }, private: { notePrefix } }) {
    if (notePrefix !== undefined) keepPrefix(world, seq, siteId, notePrefix);
    const settings = world.get(pollutantSettings, siteId);
    world.put(pollutantSettings, {
      siteId,
      notePrefix: settings?.notePrefix ?? null,
      storageDays: storageDays ?? settings?.storageDays ?? {},
      lastSeq: seq,
    });
  },
};

export const receptionFacts = [pollutantsReceived, receptionVoided, pollutantSettingsChanged];
