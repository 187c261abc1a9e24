import path from 'node:path';
import type { Test } from 'tap';
import { factTypes } from '../../src/catalogue.ts';
import type { Trail } from '../../src/trail/trail.ts';
import { type Answer, type Client, startTestApp } from '../support/app.ts';
import { command, directory, environmentOf } from '../support/command.ts';
import { type Forgeable, readExport, writeExport } from '../support/forge.ts';

export const SEED = Buffer.alloc(32, 5);

export const ok = (answer: Answer): Answer['body'] => {
  if (answer.status >= 300) throw new Error(JSON.stringify(answer.body));
  return answer.body;
};

/**
 * Bottles and nets of two stations on their way to two batches, with all that happens to grams: a weigh-in corrected and
 * one voided, a run undone, a part sent, a load that comes in short and one too heavy, a theft, a count, a sample.
 */
export const story = async (t: Test) => {
  const app = await startTestApp(t, {}, SEED);
  const north = await app.site('station', { toleranceBasisPoints: 500 });
  const south = await app.site('station', { toleranceBasisPoints: 500 });
  const recycler = await app.site('recycler', { toleranceBasisPoints: 500 });
  type At = typeof north;
  const post = async (at: { client: Client }, url: string, body: object = {}) =>
    ok(await at.client.post(url, body));
  const weigh = async (at: At, grams: number, more: object = {}): Promise<{ id: string; lotId: string }> => {
    const body = await post(at, '/v1/collections', {
      siteId: at.siteId,
      material: 'pet',
      form: 'bottle',
      originClass: 'sea-recovered',
      originEvidence: 'position',
      grossGrams: grams,
      tareGrams: 0,
      basis: 'weighed',
      collectedAt: new Date().toISOString(),
      ...more,
    });
    return { id: body.id, lotId: body.lot.id };
  };
  const run = async (at: At, step: string, inputs: object[], outputs: object[], losses: object[] = []) =>
    post(at, '/v1/process-runs', { siteId: at.siteId, step, inputs, outputs, losses, lineClean: true });
  const send = async (at: At, lots: object[]): Promise<string> =>
    (await post(at, '/v1/shipments', { fromSiteId: at.siteId, toSiteId: recycler.siteId, lots })).id;
  const receive = (id: string, measuredGrams: number) =>
    post(recycler, `/v1/shipments/${id}/receipt`, { measuredGrams });

  const [one, two, three, wrong] = [
    await weigh(north, 10_007),
    await weigh(north, 9_001, { originClass: 'shoreline' }),
    await weigh(north, 7_013),
    await weigh(north, 1_000),
  ];
  const nets = await weigh(south, 20_011, {
    material: 'pa6',
    form: 'fishing-net',
    originClass: 'fishing-gear',
  });
  const bottles = await weigh(south, 12_345);
  await post(north, `/v1/collections/${two.id}/correction`, {
    grossGrams: 9_501,
    reason: 'a zero for a five',
  });
  await post(north, `/v1/collections/${wrong.id}/void`, { reason: 'weighed twice' });
  const undone = await run(
    north,
    'consolidate',
    [{ lotId: one.lotId, grams: 3_000 }, { lotId: two.lotId }],
    [{ material: 'pet', form: 'bottle', grams: 12_501 }],
  );
  await post(north, `/v1/process-runs/${undone.id}/void`, { reason: 'the wrong bags' });
  const gathered = await run(
    north,
    'consolidate',
    [one, two, three].map(({ lotId }) => ({ lotId })),
    [{ material: 'pet', form: 'bottle', grams: 26_521 }],
  );
  const pile = gathered.outputs[0].lotId as string;
  await post(north, `/v1/lots/${pile}/samples`, { kind: 'moisture', basisPoints: 80 });
  const recalled = await send(north, [{ lotId: pile, grams: 1_234 }]);
  await post(north, `/v1/shipments/${recalled}/void`, { reason: 'the van broke down' });
  const part = await send(north, [{ lotId: pile, grams: 20_000 }]);
  const mixed = await send(south, [{ lotId: nets.lotId }, { lotId: bottles.lotId }]);
  const arrived = await receive(part, 19_500);
  const heavy = await receive(mixed, 32_356 + 77);
  const partLot = arrived.lots[0].lotId as string;
  const taken = await post(recycler, '/v1/incidents', {
    kind: 'theft',
    siteId: recycler.siteId,
    lots: [{ lotId: bottles.lotId, grams: 345 }],
    happenedAt: new Date().toISOString(),
    reference: 'police 7',
  });
  const spare = await weigh(recycler, 500);
  await post(recycler, `/v1/sites/${recycler.siteId}/stock-counts`, {
    cutOffAt: new Date().toISOString(),
    items: [{ material: 'pa6', form: 'fishing-net', countedGrams: 20_000 }],
  });
  const washed = await run(
    recycler,
    'wash',
    [{ lotId: partLot }, { lotId: bottles.lotId }, { lotId: nets.lotId, grams: 5_000 }],
    [
      { material: 'pet', form: 'flake', grams: 27_000 },
      { material: 'pa6', form: 'flake', grams: 4_000 },
    ],
    [{ kind: 'evaporated', grams: 5_500 }],
  );
  const [flakes, nylon] = washed.outputs as { lotId: string }[];
  const sealed = (inputs: object[]) => post(recycler, '/v1/batches', { siteId: recycler.siteId, inputs });
  const batch = await sealed([{ lotId: flakes!.lotId, grams: 20_000 }]);
  const other = await sealed([{ lotId: nylon!.lotId }]);
  const { size } = await app.verify();
  await app.deps.publisher.covering(size, 5_000);
  const env = environmentOf(app);
  const here = await directory(t);
  const file = path.join(here, 'a.ndjson');
  const exporting = async (): Promise<void> => {
    const { size: all } = await app.verify();
    await app.deps.publisher.covering(all, 5_000);
    const ran = await command(env, 'export', '--out', file);
    if (ran.code !== 0) throw new Error(ran.out + ran.err);
  };
  await exporting();
  return {
    ...{ app, env, here, file, exporting, post, weigh, run, sealed },
    ...{ north, south, recycler, batch, other, pile, partLot, nets, bottles, spare, heavy, taken, washed },
  };
};

export type Judged = { code: number; seq?: number; kind?: string; trail: Trail };

/** `verify --batch`, as a machine reads it. */
export const trailIn = async (file: string, name: string): Promise<Judged> => {
  const ran = await command({}, 'verify', '--json', '--file', file, '--batch', name);
  if (ran.out === '') throw new Error(ran.err);
  return { code: ran.code, ...JSON.parse(ran.out) };
};

/** Every place of a fact where a position stands, as its type names them. */
const pointersOf = ({ entry }: Forgeable): { holder: Record<string, number>; member: string }[] =>
  (factTypes.get(entry.type)?.backPointers ?? []).flatMap((pointer) => {
    const names = pointer.split('.');
    const member = names.pop()!;
    // biome-ignore lint/suspicious/noExplicitAny: paths lead through any shape
    let holders: any[] = [entry.data];
    for (const name of names)
      holders = holders.flatMap((holder) => {
        const found = holder?.[name.replace('[]', '')];
        return found === undefined ? [] : [found].flat();
      });
    return holders.filter((holder) => holder?.[member] !== undefined).map((holder) => ({ holder, member }));
  });

/** Leaves a fact out; later facts point where the facts they mean stand then, and at `instead` for the one left out. */
export const leaveOut = (facts: Forgeable[], seq: number, instead: (holder: object) => number): void => {
  facts.splice(seq, 1);
  for (const fact of facts.slice(seq))
    for (const { holder, member } of pointersOf(fact)) {
      const before = holder[member]!;
      if (before === seq) holder[member] = instead(holder);
      else if (before > seq) holder[member] = before - 1;
    }
};

/** The position at which a fact names a lot or thing itself, for one who forges later pointers to it. */
export const pointerIn = ({ entry }: Forgeable, holder: object): number | undefined => {
  const id = (holder as { lotId?: string }).lotId;
  const find = (value: unknown): number | undefined => {
    if (value === null || typeof value !== 'object') return undefined;
    const { lotId, seq } = value as { lotId?: string; seq?: number };
    if (id !== undefined && lotId === id && seq !== undefined) return seq;
    for (const inner of Object.values(value)) {
      const found = find(inner);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return find(entry.data);
};

/** Changes an export as one who holds the log's key. */
export const forge = async (
  file: string,
  to: string,
  change: (facts: Forgeable[]) => void,
): Promise<boolean> => {
  const facts = await readExport(file);
  const before = JSON.stringify(facts);
  change(facts);
  await writeExport(facts, SEED, to);
  return JSON.stringify(facts) !== before;
};
