import { accident, type Held } from './accident.ts';
import { type Call, caller, inLanes, type Place } from './client.ts';
import { type Fraud, fraud } from './fraud.ts';
import {
  collectorName,
  type DemoSite,
  demoId,
  FRAUDSTER,
  RECYCLER,
  STATIONS,
  WAREHOUSES,
  weighIns,
} from './jiaojiang.ts';
import { type Money, payDay } from './money.ts';
import { type Payout, payersOf, payOverRail } from './payout.ts';
import type { DemoRail } from './rail.ts';
import { type Sale, sellAndShare } from './sale.ts';
import { type Stated, stateBatch } from './statement.ts';
import { startWatching, type Watched, watched } from './watch.ts';

/** How many people there are, and how many weigh-ins at each station. */
export type Scale = { collectors: number; weighIns: number };
export const JIAOJIANG: Scale = { collectors: 1_200, weighIns: 400 };
const UPLOAD = 200;
/** Those a run pays over the rail; who was paid in cash comes before them. */
const PAID_OVER_RAIL = [25, 85] as const;
const LANES = 8;

/** How many steps the bar counts. */
export const stepsOf = ({ collectors, weighIns: each }: Scale): number =>
  collectors + STATIONS.length * each + WAREHOUSES.length;
type Progress = (steps: number, what: string) => void;

export type Played = {
  batch: { id: string; code: string };
  accident: Held;
  fraud: Fraud;
  money: Money;
  rule: Watched;
  payout: Payout;
  sale: Sale;
  statement: Stated;
  /** Debits less credits of all accounts, in fen: after the weigh-ins, the sale, the cash, the rail. */
  differences: number[];
};

/**
 * A month in Jiaojiang, at full scale: 1,200 collectors bring 4,400 bags to 11 stations, which send their bottles to 54
 * warehouses, and those to a recycler that makes pellets and seals a batch. A keeper types a zero too many, somebody cheats,
 * and at the end of the month the batch is sold and shared out, a station pays in cash, and others are paid over a rail.
 */
export const play = async (
  url: string,
  operator: Call,
  rail: DemoRail,
  scale: Scale,
  progress: Progress,
): Promise<Played> => {
  const placeAll = (kind: string, sites: readonly DemoSite[]) =>
    inLanes(LANES, sites, (site) => register(operator, url, kind, site));
  await startWatching(operator);
  const stations = await placeAll('station', STATIONS);
  const warehouses = await placeAll('warehouse', WAREHOUSES);
  const [recycler, fraudster] = await placeAll('recycler', [RECYCLER, FRAUDSTER]);
  const collectors = await registerCollectors(stations, scale.collectors, (n) =>
    progress(n, 'collectors 收集员'),
  );
  const loads: string[] = [];
  for (const [i, station] of stations.entries()) {
    const mine = warehouses.flatMap((warehouse, w) => (w % stations.length === i ? [{ warehouse, w }] : []));
    const weighed = await weighAt(
      i,
      station,
      { collectors, count: scale.weighIns, loads: mine.length },
      (n) => progress(n, STATIONS[i]!.name),
    );
    for (const [k, { warehouse, w }] of mine.entries()) {
      await toWarehouse(w, station, warehouse, weighed[k]!);
      loads[w] = weighed[k]!;
      progress(1, WAREHOUSES[w]!.name);
    }
  }
  const held = await accident(operator, url, stations[0]!, warehouses[0]!);
  const toRecycler = loads.slice(0, -1).map((lotId) => [lotId]);
  toRecycler[0]!.push(...held.lotIds);
  const batch = await toBatch(warehouses, recycler!, toRecycler);
  const cheated = await fraud(warehouses.at(-1)!, fraudster!, loads.at(-1)!);
  const differences = [await difference(operator)];
  const sale = await sellAndShare(operator, recycler!, batch);
  const statement = await stateBatch(operator, url, batch);
  differences.push(await difference(operator));
  const money = await payDay(operator, stations[0]!, collectors);
  differences.push(await difference(operator));
  const payers = await payersOf(operator, url);
  const payout = await payOverRail(operator, payers, collectors.slice(...PAID_OVER_RAIL), rail);
  differences.push(await difference(operator));
  const rule = await watched(operator, stations[0]!.siteId);
  return { batch, accident: held, fraud: cheated, money, payout, sale, statement, differences, rule };
};

const difference = async (operator: Call): Promise<number> => {
  const { items } = await operator('GET', '/v1/accounts/trial-balance');
  return items[0].difference;
};

const NORMS = [{ step: 'wash-pelletise', material: 'pet', minBasisPoints: 6_500, maxBasisPoints: 8_000 }];

const register = async (operator: Call, url: string, kind: string, site: DemoSite): Promise<Place> => {
  const organisationId = demoId(`organisation ${site.name}`);
  const siteId = demoId(`site ${site.name}`);
  const { name, ...location } = site;
  await operator('POST', '/v1/organisations', { id: organisationId, name, kind });
  const norms = kind === 'recycler' ? { norms: NORMS } : {};
  await operator('POST', '/v1/sites', { id: siteId, organisationId, kind, name, location, ...norms });
  const key = { organisationId, role: kind, holder: `${name} 家长` };
  const { secret } = await operator('POST', '/v1/api-keys', key);
  return { organisationId, siteId, call: caller(url, secret) };
};

const registerCollectors = async (
  stations: readonly Place[],
  count: number,
  progress: (n: number) => void,
): Promise<string[]> => {
  const ids = Array.from({ length: count }, (_, i) => demoId(`collector ${i}`));
  await inLanes(LANES, ids, async (id, i) => {
    const { siteId, call } = stations[i % stations.length]!;
    const consent = { version: '2026-01', at: '2026-01-05T09:00:00+08:00' };
    await call('POST', '/v1/collectors', { id, siteId, name: collectorName(i), consent });
    progress(1);
  });
  return ids;
};

/** Uploads one station's month, and gathers its PET bottles into one lot for each of so many loads. */
const weighAt = async (
  i: number,
  { siteId, call }: Place,
  { collectors, count, loads }: { collectors: readonly string[]; count: number; loads: number },
  progress: (n: number) => void,
): Promise<string[]> => {
  const all = weighIns(i, count, collectors, siteId);
  const pet: { lotId: string; grams: number }[] = [];
  for (let first = 0; first < all.length; first += UPLOAD) {
    const upload = all.slice(first, first + UPLOAD);
    const { items } = await call('POST', '/v1/collections/batch', upload);
    for (const item of items) {
      if (item.error !== undefined) throw new Error(`weigh-in refused: ${item.error.detail}`);
      if (upload[item.index]!.material === 'pet') pet.push({ lotId: item.lot.id, grams: item.lot.grams });
    }
    progress(upload.length);
  }
  const size = Math.ceil(pet.length / loads);
  return inLanes(LANES, Array.from({ length: loads }), async (_, load) => {
    const inputs = pet.slice(load * size, (load + 1) * size);
    const { outputs } = await call('POST', '/v1/process-runs', {
      id: demoId(`consolidation ${i} ${load}`),
      siteId,
      step: 'consolidate',
      inputs: inputs.map(({ lotId }) => ({ lotId })),
      outputs: [{ material: 'pet', form: 'bottle', grams: inputs.reduce((sum, lot) => sum + lot.grams, 0) }],
      losses: [],
      lineClean: true,
    });
    return outputs[0].lotId as string;
  });
};

const toWarehouse = async (w: number, station: Place, warehouse: Place, lotId: string): Promise<void> => {
  const id = demoId(`shipment ${w}`);
  const { siteId: fromSiteId, call } = station;
  const body = { id, fromSiteId, toSiteId: warehouse.siteId, lots: [{ lotId }] };
  const { lots } = await call('POST', '/v1/shipments', body);
  // A little water ran off on the way: within half a per cent, so a loss and no case.
  const measuredGrams = lots[0].grams - Math.floor(lots[0].grams / 400);
  await warehouse.call('POST', `/v1/shipments/${id}/receipt`, { measuredGrams }, `receipt ${w}`);
};

const toBatch = async (
  warehouses: readonly Place[],
  recycler: Place,
  loads: readonly string[][],
): Promise<{ id: string; code: string }> => {
  const arrived = await inLanes(LANES, loads, async (lotIds, w) => {
    const { siteId: fromSiteId, call } = warehouses[w]!;
    const id = demoId(`load ${w}`);
    const lots = lotIds.map((lotId) => ({ lotId }));
    const shipment = await call('POST', '/v1/shipments', { id, fromSiteId, toSiteId: recycler.siteId, lots });
    const measuredGrams = gramsOf(shipment.lots);
    await recycler.call('POST', `/v1/shipments/${id}/receipt`, { measuredGrams }, `load ${w}`);
    return measuredGrams;
  });
  const grams = arrived.reduce((sum, load) => sum + load, 0);
  const pellets = Math.floor(grams * 0.72);
  const sludge = Math.floor(grams * 0.09);
  const run = await recycler.call('POST', '/v1/process-runs', {
    id: demoId('washing'),
    siteId: recycler.siteId,
    step: 'wash-pelletise',
    inputs: loads.flat().map((lotId) => ({ lotId })),
    outputs: [
      { material: 'pet', form: 'pellet', grams: pellets },
      { material: 'sludge', form: 'mixed', grams: sludge },
    ],
    losses: [{ kind: 'evaporated', grams: grams - pellets - sludge }],
    lineClean: true,
  });
  return recycler.call('POST', '/v1/batches', {
    id: demoId('batch'),
    siteId: recycler.siteId,
    inputs: [{ lotId: run.outputs[0].lotId }],
  });
};

const gramsOf = (lots: readonly { grams: number }[]): number => lots.reduce((sum, lot) => sum + lot.grams, 0);
