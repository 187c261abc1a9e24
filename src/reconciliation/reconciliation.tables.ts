import { table } from '../db/table.ts';
import type { PayoutRail, ReconciliationDecision, ReconciliationReason } from '../kernel/vocabulary.ts';
import type { By } from '../payouts/payouts.tables.ts';

/** Who says it: the rail unasked or about one list, the rail's statement, the statement of the bank. */
export const SOURCES = ['told', 'rail', 'bank'] as const;
export type Source = (typeof SOURCES)[number];
/** What a line says became of the money; `other` is no payment to a person, such as a top-up. */
export const LINE_KINDS = ['paid', 'returned', 'failed', 'other'] as const;
export type LineKind = (typeof LINE_KINDS)[number];

export type StatementLine = {
  id: string;
  source: Source;
  rail: PayoutRail;
  /** The line's own number there. */
  serial: string;
  day: string;
  kind: LineKind;
  /** Minor units; negative: it left the programme's account. */
  amount: number;
  currency: string;
  reference: string | null;
  outcome: 'matched' | ReconciliationReason;
  orderId: string | null;
  listId: string | null;
  /** The earlier fact that booked this very money. */
  bookedSeq: number | null;
  seq: number;
  lastSeq: number;
};
export const statementLines = table<StatementLine>('statement_lines', 'id', {
  id: 'uuid',
  source: 'text',
  rail: 'text',
  serial: 'text',
  day: 'text',
  kind: 'text',
  amount: 'int8',
  currency: 'text',
  reference: 'text',
  outcome: 'text',
  orderId: 'uuid',
  listId: 'uuid',
  bookedSeq: 'int8',
  seq: 'int8',
  lastSeq: 'int8',
});

/** What a line has spoken of, which no other line may speak of again. */
export type StatementKey = { key: string; lineId: string; seq: number; lastSeq: number };
export const statementKeys = table<StatementKey>('statement_keys', 'key', {
  key: 'text',
  lineId: 'uuid',
  seq: 'int8',
  lastSeq: 'int8',
});

/** All lines of these days were imported. */
export type Statement = {
  id: string;
  source: Source;
  rail: PayoutRail;
  currency: string;
  fromDay: string;
  toDay: string;
  sha256: string | null;
  maker: By;
  seq: number;
  lastSeq: number;
};
export const railStatements = table<Statement>('rail_statements', 'id', {
  id: 'uuid',
  source: 'text',
  rail: 'text',
  currency: 'text',
  fromDay: 'text',
  toDay: 'text',
  sha256: 'text',
  maker: 'json',
  seq: 'int8',
  lastSeq: 'int8',
});

/** What somebody makes of an item. */
export type Resolution = {
  as: ReconciliationDecision;
  to?: ResolutionAccount | undefined;
  bookedSeq?: number | undefined;
  reason: string;
};
/** Accounts of the operator that suspense may drain into. */
export const RESOLUTION_ACCOUNTS = [
  ...(['capital', 'creditors', 'operator-share', 'write-offs', 'bank', 'rail'] as const),
] as const;
export type ResolutionAccount = (typeof RESOLUTION_ACCOUNTS)[number];

export type ReconciliationItem = {
  id: string;
  reason: ReconciliationReason;
  source: Source;
  rail: PayoutRail;
  orderId: string | null;
  lineId: string | null;
  reference: string | null;
  day: string;
  /** As the line says it, or would have said it. */
  amount: number;
  currency: string;
  state: 'open' | 'proposed' | 'closed';
  /** Minor units that stand in `unmatched` because of it; positive: the money is gone. */
  suspense: number;
  proposal: (Resolution & { by: By }) | null;
  /** Null until closed; without people where it resolved by itself. */
  decision: (Resolution & { by: By[] }) | { as: 'resolved' } | null;
  /** Milliseconds. */
  openedAt: number;
  seq: number;
  lastSeq: number;
};
export const reconciliationItems = table<ReconciliationItem>('reconciliation_items', 'id', {
  id: 'uuid',
  reason: 'text',
  source: 'text',
  rail: 'text',
  orderId: 'uuid',
  lineId: 'uuid',
  reference: 'text',
  day: 'text',
  amount: 'int8',
  currency: 'text',
  state: 'text',
  suspense: 'int8',
  proposal: 'json',
  decision: 'json',
  openedAt: 'int8',
  seq: 'int8',
  lastSeq: 'int8',
});
