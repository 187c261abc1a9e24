import { SingleBar } from 'cli-progress';
import closeWithGrace from 'close-with-grace';
import { readConfig } from '../config.ts';
import type { Deps } from '../deps.ts';
import { systemRandom } from '../kernel/system.ts';
import { verifyEntries } from '../ledger/check.ts';
import { PROGRAMME } from '../registry/access.ts';
import { issueApiKey } from '../registry/registry.operations.ts';
import { collectorName, demoId, RECYCLER, STATIONS, WAREHOUSES, weighIns } from './demo/jiaojiang.ts';
import { type ExitCode, type Io, write } from './io.ts';
import { serve } from './serve.ts';
import { urlSource } from './sources.ts';

export type DemoOptions = { once?: boolean; json?: boolean; port?: number };

const COLLECTORS = 300;
const WEIGH_INS_A_STATION = 800;
const UPLOAD = 200;

type Body = Record<string, unknown>;
// biome-ignore lint/suspicious/noExplicitAny: the demo reads the answers as a client without types would
type Answer = any;
/** `key` names a write whose body has no id, so that playing it again repeats it. */
type Call = (method: 'GET' | 'POST', path: string, body?: unknown, key?: string) => Promise<Answer>;

const caller =
  (url: string, key: string): Call =>
  async (method, path, body, idempotencyKey) => {
    const response = await fetch(new URL(path, url), {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answer = (await response.json()) as Answer;
    if (!response.ok)
      throw new Error(`${method} ${path}: ${response.status} ${answer.code}: ${answer.detail}`);
    return answer;
  };

type Place = { organisationId: string; siteId: string; call: Call };

/**
 * Plays a small Jiaojiang through the HTTP API, prints the links to look at, and stays up (unless `once`).
 * Its database lies beside the real one, in `<data dir>/demo`. Played again it records nothing twice.
 */
export const runDemo = async (options: DemoOptions, io: Io): Promise<ExitCode> => {
  const since = performance.now();
  const config = readConfig({
    LOG_LEVEL: 'warn',
    ...io.env,
    BLUE_CYCLE_DATA_DIR: `${io.env.BLUE_CYCLE_DATA_DIR ?? '.data'}/demo`,
    ...(options.port === undefined ? {} : { PORT: String(options.port) }),
  });
  const served = await serve(config);
  const ending = closeWithGrace({ delay: 10_000, logger: false }, () => served.close());
  try {
    const key = await operatorKey(served.deps);
    const batch = await play(served.url, key, io);
    const provenance = await caller(served.url, key)('GET', `/v1/batches/${batch.id}/provenance`);
    const verified = await verifyEntries(urlSource(io, served.url));
    const seconds = Math.round((performance.now() - since) / 100) / 10;
    await report({ url: served.url, key, batch, provenance, verified, seconds }, options, io);
    if (!options.once) await new Promise(() => undefined);
    return 0;
  } finally {
    ending.uninstall();
    await served.close();
  }
};

/** A key for this playing: the first one was shown only once. */
const operatorKey = async ({ door, keyring, newId, programme }: Deps): Promise<string> => {
  const secret = `bck_${Buffer.from(systemRandom(32)).toString('base64url')}`;
  const input = { organisationId: programme.operatorId, role: 'operator' as const, holder: 'demo', secret };
  await door.record(issueApiKey, input, PROGRAMME, { id: newId(), fingerprint: keyring.fingerprint('demo') });
  return secret;
};

const play = async (url: string, key: string, io: Io): Promise<{ id: string; code: string }> => {
  const operator = caller(url, key);
  const total = COLLECTORS + STATIONS.length * WEIGH_INS_A_STATION;
  const stream = io.stderr as NodeJS.WriteStream;
  const bar = new SingleBar({ stream, format: '{bar} {percentage}% {step}', hideCursor: true });
  if (io.isTTY) bar.start(total, 0, { step: '' });
  try {
    const place = (kind: string, site: Body) => register(operator, url, kind, site);
    const stations = await Promise.all(STATIONS.map((site) => place('station', site)));
    const warehouses = await Promise.all(WAREHOUSES.map((site) => place('warehouse', site)));
    const recycler = await place('recycler', RECYCLER);
    const collectors = await registerCollectors(stations, (n) => bar.increment(n, { step: 'collectors' }));
    const lots: string[][] = [];
    for (const [i, station] of stations.entries()) {
      const step = { step: STATIONS[i]!.name };
      lots.push(await weighAt(i, station, collectors, (n) => bar.increment(n, step)));
    }
    bar.update(total, { step: 'shipping, washing, sealing' });
    const received = [];
    for (const [i, station] of stations.entries())
      received.push(await toWarehouse(i, station, warehouses[i % warehouses.length]!, lots[i]!));
    return await toBatch(warehouses, recycler, received);
  } finally {
    bar.stop();
  }
};

const register = async (operator: Call, url: string, kind: string, site: Body): Promise<Place> => {
  const organisationId = demoId(`organisation ${site.name}`);
  const siteId = demoId(`site ${site.name}`);
  await operator('POST', '/v1/organisations', { id: organisationId, name: site.name, kind });
  const { name, latE7, lonE7 } = site;
  await operator('POST', '/v1/sites', { id: siteId, organisationId, kind, name, location: { latE7, lonE7 } });
  const { secret } = await operator('POST', '/v1/api-keys', {
    organisationId,
    role: kind,
    holder: `${name} 家长`,
  });
  return { organisationId, siteId, call: caller(url, secret) };
};

const registerCollectors = async (
  stations: readonly Place[],
  progress: (n: number) => void,
): Promise<string[]> => {
  const ids = Array.from({ length: COLLECTORS }, (_, i) => demoId(`collector ${i}`));
  const LANES = 10;
  const lane = async (first: number): Promise<void> => {
    for (let i = first; i < COLLECTORS; i += LANES) {
      const { siteId, call } = stations[i % stations.length]!;
      const consent = { version: '2026-01', at: '2026-01-05T09:00:00+08:00' };
      await call('POST', '/v1/collectors', { id: ids[i], siteId, name: collectorName(i), consent });
      progress(1);
    }
  };
  await Promise.all(Array.from({ length: LANES }, (_, i) => lane(i)));
  return ids;
};

/** Uploads one station's month, and gathers its PET bottles into as few lots as can be. */
const weighAt = async (
  i: number,
  { siteId, call }: Place,
  collectors: readonly string[],
  progress: (n: number) => void,
): Promise<string[]> => {
  const all = weighIns(i, WEIGH_INS_A_STATION, collectors, siteId);
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
  const consolidated: string[] = [];
  for (let first = 0; first < pet.length; first += 500) {
    const inputs = pet.slice(first, first + 500);
    const grams = inputs.reduce((sum, lot) => sum + lot.grams, 0);
    const { outputs } = await call('POST', '/v1/process-runs', {
      id: demoId(`consolidation ${i} ${first}`),
      siteId,
      step: 'consolidate',
      inputs: inputs.map(({ lotId }) => ({ lotId })),
      outputs: [{ material: 'pet', form: 'bottle', grams }],
      losses: [],
      lineClean: true,
    });
    consolidated.push(outputs[0].lotId);
  }
  return consolidated;
};

const toWarehouse = async (i: number, station: Place, warehouse: Place, lotIds: readonly string[]) => {
  const id = demoId(`shipment ${i}`);
  const shipment = await station.call('POST', '/v1/shipments', {
    id,
    fromSiteId: station.siteId,
    toSiteId: warehouse.siteId,
    lots: lotIds.map((lotId) => ({ lotId })),
  });
  const booked = shipment.lots.reduce((sum: number, lot: { grams: number }) => sum + lot.grams, 0);
  // A little water ran off on the way: within half a per cent, so a loss and no case.
  const measuredGrams = booked - Math.floor(booked / 400);
  await warehouse.call('POST', `/v1/shipments/${id}/receipt`, { measuredGrams }, `receipt ${i}`);
  return { warehouse, lotIds };
};

const toBatch = async (
  warehouses: readonly Place[],
  recycler: Place,
  received: readonly { warehouse: Place; lotIds: readonly string[] }[],
): Promise<{ id: string; code: string }> => {
  const inputs: string[] = [];
  let grams = 0;
  for (const [i, warehouse] of warehouses.entries()) {
    const lots = received.filter((r) => r.warehouse === warehouse).flatMap((r) => r.lotIds);
    const id = demoId(`load ${i}`);
    const shipment = await warehouse.call('POST', '/v1/shipments', {
      id,
      fromSiteId: warehouse.siteId,
      toSiteId: recycler.siteId,
      lots: lots.map((lotId) => ({ lotId })),
    });
    const booked = shipment.lots.reduce((sum: number, lot: { grams: number }) => sum + lot.grams, 0);
    await recycler.call('POST', `/v1/shipments/${id}/receipt`, { measuredGrams: booked }, `load ${i}`);
    grams += booked;
    inputs.push(...lots);
  }
  const pellets = Math.floor(grams * 0.72);
  const sludge = Math.floor(grams * 0.09);
  const run = await recycler.call('POST', '/v1/process-runs', {
    id: demoId('washing'),
    siteId: recycler.siteId,
    step: 'wash-pelletise',
    inputs: inputs.map((lotId) => ({ lotId })),
    outputs: [
      { material: 'pet', form: 'pellet', grams: pellets },
      { material: 'sludge', form: 'mixed', grams: sludge },
    ],
    losses: [{ kind: 'evaporated', grams: grams - pellets - sludge }],
    lineClean: true,
  });
  const batch = await recycler.call('POST', '/v1/batches', {
    id: demoId('batch'),
    siteId: recycler.siteId,
    inputs: [{ lotId: run.outputs[0].lotId }],
  });
  return { id: batch.id, code: batch.code };
};

type Report = {
  url: string;
  key: string;
  batch: { id: string; code: string };
  provenance: Answer;
  verified: { size: number; leafHash: string };
  seconds: number;
};

const kilograms = (grams: number): string =>
  `${(grams / 1_000).toLocaleString('en', { maximumFractionDigits: 3 })} kg`;

const report = async (r: Report, options: DemoOptions, io: Io): Promise<void> => {
  const { key, ...shown } = r;
  if (options.json) return write(io.stdout, `${JSON.stringify(shown)}\n`);
  const { url, batch, provenance, verified, seconds } = r;
  const origins = provenance.byOriginClass
    .map((o: Answer) => `${o.originClass} ${kilograms(o.grams)}`)
    .join(', ');
  await write(
    io.stdout,
    `
Played in ${seconds} s. Batch ${batch.code}: ${kilograms(provenance.grams)} of PET pellets 再生 PET 粒子
  origin 来源        ${origins}
  claimable 可声明   ${kilograms(provenance.claimableGrams)}, custody model ${provenance.custodyModel}
  behind it          ${provenance.sources} weigh-ins 称重, ${provenance.people ?? 'fewer than 5'} people 收集员
  ledger 账本        ${verified.size} entries verified, head ${verified.leafHash.slice(0, 16)}…

Look at
  the API            ${url}/docs
  the ledger         ${url}/v1/ledger/entries?limit=10
  the batch          curl -H "Authorization: Bearer ${key}" ${url}/v1/batches/${batch.id}/provenance
  verify it again    npx blue-cycle verify --url ${url}
${options.once ? '' : '\nServing until you press Ctrl-C.\n'}`,
  );
};
