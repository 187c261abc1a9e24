import type pg from 'pg';
import type { AnyFact } from '../ledger/fact.ts';
import { anomalyReaders } from './project.anomalies.ts';
import { collectionReaders } from './project.collection.ts';
import { DeviceCounters } from './project.counters.ts';
import { custodyReaders } from './project.custody.ts';
import { loadReaders } from './project.loads.ts';
import { lotReaders } from './project.lots.ts';
import { markReaders } from './project.marks.ts';
import { materialMarkReaders } from './project.material-marks.ts';
import { outsideReaders } from './project.outside.ts';
import { pollutantReaders } from './project.pollutants.ts';
import { processingReaders } from './project.processing.ts';
import type { Readers } from './project.reader.ts';
import { resaleReaders } from './project.resale.ts';
import { saleReaders } from './project.sale.ts';
import { voidReaders } from './project.voids.ts';
import { waysOutReaders } from './project.ways-out.ts';
import { weighingReaders } from './project.weighings.ts';
import { Projection } from './projection.ts';

const READERS: Readers = {
  ...collectionReaders,
  ...lotReaders,
  ...markReaders,
  ...materialMarkReaders,
  ...custodyReaders,
  ...loadReaders,
  ...processingReaders,
  ...resaleReaders,
  ...outsideReaders,
  ...waysOutReaders,
  ...saleReaders,
  ...voidReaders,
  ...weighingReaders,
  ...anomalyReaders,
  ...pollutantReaders,
};

/** Writes what the facts mean for provenance, in the follower's transaction. */
export const projectFacts = async (client: pg.PoolClient, facts: readonly AnyFact[]): Promise<void> => {
  const projection = new Projection(client);
  const named = await projection.lotsNamedIn(facts);
  const counters = new DeviceCounters(client, projection);
  for (const [i, fact] of facts.entries()) {
    await READERS[fact.type]?.(projection, fact);
    await counters.read(fact);
    await projection.countStock(fact, named[i]!);
  }
  await counters.flush();
  await projection.finish();
};
