import type pg from 'pg';
import type { AnyFact } from '../ledger/fact.ts';
import { anomalyReaders } from './project.anomalies.ts';
import { collectionReaders } from './project.collection.ts';
import { custodyReaders } from './project.custody.ts';
import { lotReaders } from './project.lots.ts';
import { markReaders } from './project.marks.ts';
import { outsideReaders } from './project.outside.ts';
import { processingReaders } from './project.processing.ts';
import type { Readers } from './project.reader.ts';
import { resaleReaders } from './project.resale.ts';
import { saleReaders } from './project.sale.ts';
import { waysOutReaders } from './project.ways-out.ts';
import { Projection } from './projection.ts';

const READERS: Readers = {
  ...collectionReaders,
  ...lotReaders,
  ...markReaders,
  ...custodyReaders,
  ...processingReaders,
  ...resaleReaders,
  ...outsideReaders,
  ...waysOutReaders,
  ...saleReaders,
  ...anomalyReaders,
};

/** Writes what the facts mean for provenance, in the follower's transaction. */
export const projectFacts = async (client: pg.PoolClient, facts: readonly AnyFact[]): Promise<void> => {
  const projection = new Projection(client);
  const named = await projection.lotsNamedIn(facts);
  for (const [i, fact] of facts.entries()) {
    await READERS[fact.type]?.(projection, fact);
    await projection.countStock(fact, named[i]!);
  }
  await projection.finish();
};
