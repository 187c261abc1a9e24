import type pg from 'pg';
import { insertSql, type Journal, toArrays } from '../db/table.ts';
import type { AnyFact } from '../ledger/fact.ts';
import { type Source, type SourceParty, sourceParties, sources } from './provenance.tables.ts';
import { sourceKey } from './shares.ts';

/** Writes what the facts mean for provenance, in the follower's transaction. */
export const projectFacts = async (client: pg.PoolClient, facts: readonly AnyFact[]): Promise<void> => {
  const newSources: Source[] = [];
  const newParties: SourceParty[] = [];
  for (const fact of facts) {
    if (fact.type === 'collection.recorded.v1') addCollection(fact, newSources, newParties);
  }
  await insert(client, sources, newSources);
  await insert(client, sourceParties, newParties);
};

export const insert = async <Row extends object>(
  client: pg.PoolClient,
  journal: Journal<Row>,
  rows: readonly Row[],
): Promise<void> => {
  if (rows.length === 0) return;
  await client.query({ name: `add ${journal.name}`, text: insertSql(journal, 1), values: toArrays(journal, rows) });
};

const addCollection = ({ seq, data, private: more, actor, people }: AnyFact, into: Source[], parties: SourceParty[]): void => {
  const key = sourceKey(seq, 0);
  into.push({
    key,
    kind: 'weigh-in',
    lotId: data.lotId,
    collectionId: more.id,
    organisationId: actor,
    siteId: data.siteId,
    deviceId: more.deviceId ?? null,
    day: data.day,
    material: data.material,
    form: data.form,
    originClass: data.originClass,
    grams: data.grossGrams - data.tareGrams,
    payGrams: data.payGrams,
    claimableGrams: data.claimableGrams,
    marks: data.marks,
    parties: people.length,
  });
  for (const person of people) if (person !== null) parties.push({ personId: person.personId, key });
};
