import { table } from '../db/table.ts';
import type { Tile } from './presets.schema.ts';

/** Tiles of a site; under the nil UUID those of the whole programme. */
export type Presets = { id: string; tiles: Tile[]; seq: number; lastSeq: number };
export const presets = table<Presets>('presets', 'id', {
  id: 'uuid',
  tiles: 'json',
  seq: 'int8',
  lastSeq: 'int8',
});
