import { z } from 'zod';
import { Id } from '../kernel/values.ts';
import { ScaleShape } from '../registry/equipment.facts.ts';
import { TariffView } from '../tariffs/tariffs.schema.ts';
import { Tile } from './presets.schema.ts';

export const StationPack = z
  .object({
    site: z.object({ id: Id, organisationId: Id, name: z.string(), kind: z.string(), state: z.string() }),
    timeZone: z.string(),
    currency: z.string(),
    validForDays: z.int().meta({ description: 'How long a phone without network may go on with it.' }),
    tariffs: z.array(TariffView).meta({
      description:
        'What is in force, then what starts within the time it is valid for; with the prices of this site, all seasons.',
    }),
    presets: z.array(Tile.and(z.object({ gramsPerPiece: z.int().optional() }))).meta({
      description: 'Those of the programme, a site’s own in their place or after them.',
    }),
    people: z.array(z.object({ id: Id, name: z.string() })).meta({
      description: 'Registered at the site; only for keys of its own organisation.',
    }),
    devices: z.array(z.object({ id: Id, name: z.string(), scale: ScaleShape.nullable() })),
    limits: z.object({
      itemsAnUpload: z.int(),
      bytesAnUpload: z.int(),
      clockAheadMinutes: z.int(),
      lateAfterDays: z.int(),
      quoteBindsDays: z.int(),
      counterGapDays: z.int(),
      weighingGrams: z.int(),
      deductionKinds: z.array(z.string()),
    }),
    vocabulary: z.string().meta({ description: 'Changes whenever GET /v1/vocabulary does.' }),
  })
  .meta({ id: 'StationPack' });
export type StationPack = z.infer<typeof StationPack>;
