import { unprocessable } from '../kernel/errors.ts';
import { dayIn } from '../kernel/time.ts';
import { draft, type Operation } from '../ledger/fact.ts';
import type { World } from '../ledger/world.ts';
import { reachableSite } from '../registry/access.ts';
import { actorOf } from '../registry/actor.ts';
import { assertPast } from '../registry/clock.ts';
import type { Site } from '../registry/registry.tables.ts';
import { type Programme, RECEIVERS } from './declarations.operations.ts';
import { pollutantSettings } from './pollutants.tables.ts';
import { assertDistinct, storeUntil } from './pollutants.ts';
import { type StockGain, usableStock } from './stock.ts';
import { gramsOf, pollutantsLost, pollutantsTreated } from './treatments.facts.ts';
import type { LossRequest, TreatmentRequest } from './treatments.schema.ts';
import type { Plant } from './treatments.tables.ts';

type Taken = { material: string; grams: number; millilitres: number };
export type TreatmentAnswer = {
  id: string;
  method: string;
  items: Taken[];
  residues: Taken[];
  closedGrams: number;
  marks: string[];
};
export type LossAnswer = { id: string; kind: string; items: Taken[] };

/**
 * Who treats it, under which licence. A plant elsewhere is named with manifest, waste code and licence, as in a
 * disposal: 422 `no_manifest`, `no_waste_code`, `no_licence`. A site that treats by itself has the capability
 * `treatment` with a licence; one that was over on the day is a mark, for what was treated is treated.
 */
const plantOf = (input: TreatmentRequest, site: Site, day: string): { plant: Plant; marks: string[] } => {
  if (input.plant !== undefined) {
    const { name, licence } = input.plant;
    if (input.manifest === undefined)
      throw unprocessable('no_manifest', '/manifest', 'name the number of the waste manifest');
    if (input.wasteCode === undefined)
      throw unprocessable('no_waste_code', '/wasteCode', 'name the code of the waste');
    if (licence === undefined)
      throw unprocessable('no_licence', '/plant/licence', 'name the plant’s licence');
    return { plant: { name, licence }, marks: [] };
  }
  const own = site.capabilities.filter(({ name, licence }) => name === 'treatment' && licence !== undefined);
  const valid = own.find(({ validUntil }) => validUntil === undefined || validUntil >= day);
  const licence = (valid ?? own[0])?.licence;
  if (licence === undefined)
    throw unprocessable(
      'no_licence',
      '/plant',
      'name the plant that took it over; a site that treats by itself has the capability treatment with its licence',
    );
  return { plant: { licence }, marks: valid === undefined ? ['licence-expired'] : [] };
};

/** 422 `residue_elsewhere`, `residue_is_input`, `residue_above_input` for what cannot be left. */
const residuesOf = (world: World, input: TreatmentRequest, site: Site, day: string): StockGain[] => {
  const { residues = [], items, plant } = input;
  if (residues.length > 0 && plant !== undefined)
    throw unprocessable(
      'residue_elsewhere',
      '/residues',
      'what a plant elsewhere leaves is not in this stock',
    );
  assertDistinct(residues, '/residues');
  const taken = new Set(items.map(({ material }) => material));
  const own = world.get(pollutantSettings, site.id)?.storageDays ?? {};
  return residues.map(({ material, grams, millilitres = 0 }, i) => {
    if (taken.has(material))
      throw unprocessable(
        'residue_is_input',
        `/residues/${i}/material`,
        `${material} is taken too; take so much less of it instead`,
      );
    const until = storeUntil(own, material, day);
    return { material, grams, millilitres, ...(until === null ? {} : { storeUntil: until }) };
  });
};

const treating = (programme: Programme): Operation<TreatmentRequest, TreatmentAnswer> => ({
  name: 'pollutants.treat',
  roles: RECEIVERS,
  status: 201,
  decide(world, input, { caller, id, now }) {
    const { method, treatedAt, manifest, wasteCode, note } = input;
    const site = reachableSite(world, caller, input.siteId);
    assertPast(treatedAt, now, '/treatedAt');
    assertDistinct(input.items, '/items');
    const day = dayIn(programme.timeZone, Date.parse(treatedAt));
    const { plant, marks } = plantOf(input, site, day);
    const residues = residuesOf(world, input, site, day);
    const items = input.items.map((item) => usableStock(world, site.id, item));
    const closedGrams = gramsOf(items) - gramsOf(residues);
    if (closedGrams < 0)
      throw unprocessable(
        'residue_above_input',
        '/residues',
        `weigh ${gramsOf(residues)} g, more than the ${gramsOf(items)} g taken`,
      );
    return draft({
      type: pollutantsTreated,
      ...actorOf(world, caller, programme),
      data: { siteId: site.id, day, method, items, residues, closedGrams, marks },
      private: {
        id,
        keyId: caller.keyId,
        treatedAt,
        plant,
        ...(manifest === undefined ? {} : { manifest }),
        ...(wasteCode === undefined ? {} : { wasteCode }),
        ...(note === undefined ? {} : { note }),
      },
    });
  },
  answer: ({ data: { method, items, residues, closedGrams, marks }, private: { id } }) => ({
    id,
    method,
    items,
    residues,
    closedGrams,
    marks,
  }),
});

const losing = (programme: Programme): Operation<LossRequest, LossAnswer> => ({
  name: 'pollutants.lose',
  roles: RECEIVERS,
  status: 201,
  decide(world, { siteId, kind, items, id: _, ...more }, { caller, id, now }) {
    const site = reachableSite(world, caller, siteId);
    assertPast(more.happenedAt, now, '/happenedAt');
    assertDistinct(items, '/items');
    return draft({
      type: pollutantsLost,
      ...actorOf(world, caller, programme),
      data: {
        siteId: site.id,
        day: dayIn(programme.timeZone, Date.parse(more.happenedAt)),
        kind,
        items: items.map((item) => usableStock(world, site.id, item)),
      },
      private: { id, keyId: caller.keyId, ...more },
    });
  },
  answer: ({ data: { kind, items }, private: { id } }) => ({ id, kind, items }),
});

/** @param programme whose time zone days are told in, and whose operator stands for natural persons */
export const treatmentOperations = (programme: Programme) => ({
  treat: treating(programme),
  lose: losing(programme),
});
