import type pg from 'pg';
import { insertSteps, pipeline, type Step } from '../db/pipeline.ts';
import { insertSql, type Journal, toArrays } from '../db/table.ts';
import { type Source, type SourceParty, sourceParties, sources } from '../lots/sources.tables.ts';
import { type StockPosting, stockPostings } from '../lots/stock.tables.ts';
import { type Mark, marks } from '../supervision/marks.tables.ts';
import {
  type BatchSummary,
  batchSummaries,
  type LossChange,
  type LotExit,
  type LotLoss,
  type LotModel,
  type LotMove,
  type LotVector,
  lossChanges,
  lotExits,
  lotLosses,
  lotModels,
  lotMoves,
  lotVectors,
  type StepLabel,
  stepLabels,
} from './provenance.tables.ts';

/** Rows that facts so far meant and that are not written yet: those only ever added, and those that replace another. */
export class Rows {
  readonly newSources = new Map<number, Source>();
  readonly changedSources = new Map<number, Source>();
  readonly parties: SourceParty[] = [];
  readonly vectors = new Map<string, LotVector>();
  readonly moves: LotMove[] = [];
  readonly losses: LotLoss[] = [];
  readonly lossChanges: LossChange[] = [];
  readonly exits: LotExit[] = [];
  readonly models = new Map<string, LotModel>();
  readonly steps = new Map<number, StepLabel>();
  readonly summaries = new Map<string, BatchSummary>();
  readonly newMarks = new Map<string, Mark>();
  readonly changedMarks = new Map<string, Mark>();
  readonly stock: StockPosting[] = [];

  /** Writes them in the client's transaction, in one round trip. */
  async write(client: pg.PoolClient): Promise<void> {
    const statements = [
      ...add(sources, this.newSources),
      ...replace(sources, this.changedSources, 'key'),
      ...add(sourceParties, this.parties),
      ...replace(lotVectors, this.vectors, 'lot_id, seq'),
      ...add(lotMoves, this.moves),
      ...add(lotLosses, this.losses),
      ...add(lossChanges, this.lossChanges),
      ...add(lotExits, this.exits),
      ...replace(lotModels, this.models, 'lot_id'),
      ...replace(stepLabels, this.steps, 'seq'),
      ...add(marks, this.newMarks),
      ...replace(marks, this.changedMarks, 'id'),
      ...replace(batchSummaries, this.summaries, 'batch_id'),
      ...add(stockPostings, this.stock),
    ];
    if (statements.length > 0) await pipeline(client, statements);
    for (const rows of [this.parties, this.moves, this.losses, this.lossChanges, this.exits, this.stock])
      rows.length = 0;
    for (const rows of [this.newSources, this.changedSources, this.steps]) rows.clear();
    for (const rows of [this.vectors, this.models, this.summaries, this.newMarks, this.changedMarks])
      rows.clear();
  }
}

type Many<Row> = readonly Row[] | ReadonlyMap<unknown, Row>;

const add = <Row extends object>(journal: Journal<Row>, rows: Many<Row>): Step[] => {
  const list = [...rows.values()];
  return list.length === 0 ? [] : insertSteps(journal, list);
};

/** `key`: the columns that name a row; one that stands already takes the new values. */
const replace = <Row extends object>(journal: Journal<Row>, rows: Many<Row>, key: string): Step[] => {
  const list = [...rows.values()];
  if (list.length === 0) return [];
  const set = journal.columns.map(({ column }) => `${column} = excluded.${column}`).join(', ');
  const text = `${insertSql(journal, 1)} ON CONFLICT (${key}) DO UPDATE SET ${set}`;
  return [{ name: `replace ${journal.name}`, text, values: toArrays(journal, list) }];
};
