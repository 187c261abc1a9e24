import { z } from 'zod';
import { NIL } from '../kernel/ids.ts';
import { Id } from '../kernel/values.ts';
import type { FactType } from '../ledger/fact.ts';
import { Tile } from './presets.schema.ts';
import { presets } from './presets.tables.ts';

/** The site they are for; absent for those of the whole programme. */
const OfSite = z.strictObject({ siteId: Id.optional() });
const TilesSet = z.strictObject({ keyId: Id, tiles: z.array(Tile) });

export const presetsSet: FactType<z.infer<typeof OfSite>, z.infer<typeof TilesSet>> = {
  type: 'presets.set.v1',
  title: { en: 'Presets set', zh: '图标预设' },
  data: OfSite,
  private: TilesSet,
  grams: 'none',
  fen: 'none',
  backPointers: [],
  apply(world, { seq, data: { siteId = NIL }, private: { tiles } }) {
    const before = world.get(presets, siteId);
    world.put(presets, { id: siteId, tiles, seq: before?.seq ?? seq, lastSeq: seq });
  },
};

export const presetFacts = [presetsSet];
