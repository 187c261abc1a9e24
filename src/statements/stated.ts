import type { Entry } from '../ledger/entry.ts';
import type { StatementState } from './statements.tables.ts';

/** The facts of one statement in ledger order, as far as they are public. */
export type StatementEntries = readonly Pick<Entry, 'seq' | 'at' | 'type' | 'actor' | 'data'>[];

/** What the public facts of a statement say of it. */
export type Stated = {
  id: string;
  batchId: string;
  saleId: string;
  scheme: string;
  schemeVersion: number;
  exclusionGroup: string;
  grams: number;
  ofGrams: number;
  custodyModel: string;
  state: StatementState;
  code: string | null;
  /** RFC 3339. */
  issuedAt: string | null;
  /** Milliseconds since 1970. */
  validUntil: number | null;
  /** Organisations of those who approved, in order. */
  approvedBy: string[];
  /** The code of the statement in its place. */
  replacedBy: string | null;
  /** Of the fact that made it: its request, or the one that put it in another's place. */
  madeSeq: number;
  seq: number;
};

// biome-ignore lint/suspicious/noExplicitAny: public parts of facts, whose shapes their types tell
type Data = Record<string, any>;

const asked = ({ at: _, data, seq }: StatementEntries[number]): Stated => {
  const {
    statementId: id,
    batchId,
    saleId,
    scheme,
    schemeVersion,
    exclusionGroup,
    grams,
    ofGrams,
    custodyModel,
  } = data as Data;
  return {
    ...{ id, batchId, saleId, scheme, schemeVersion, exclusionGroup, grams, ofGrams, custodyModel },
    ...{
      state: 'requested',
      code: null,
      issuedAt: null,
      validUntil: null,
      approvedBy: [],
      replacedBy: null,
      madeSeq: seq,
      seq,
    },
  };
};

/** What the next fact makes of it. */
const after = (
  before: Stated,
  { seq, at, type, actor, data: read }: StatementEntries[number],
  id: string,
): Stated => {
  const data = read as Data;
  const now = { ...before, seq };
  switch (type) {
    case 'statement.approved.v1':
      return data.for === 'issue'
        ? { ...now, state: 'in-review', approvedBy: [...before.approvedBy, actor] }
        : now;
    case 'statement.issued.v1': {
      const { code, validUntil } = data;
      const approvedBy = [...before.approvedBy, actor];
      return { ...now, ...{ state: 'issued', code, validUntil, issuedAt: at, approvedBy } };
    }
    case 'statement.ended.v1':
      return { ...now, state: data.state };
    case 'statement.suspended.v1':
      return { ...now, state: 'suspended' };
    case 'statement.reinstated.v1':
      return { ...now, state: 'issued' };
    case 'statement.superseded.v1': {
      const { next } = data;
      if (next?.statementId !== id || id === before.id)
        return { ...now, state: 'superseded', replacedBy: next?.code ?? null };
      const { code, grams, ofGrams } = next;
      return { ...now, ...{ id, code, grams, ofGrams, issuedAt: at, madeSeq: seq } };
    }
    default:
      return now;
  }
};

/**
 * Walks the facts of the statement `id`, and of those it replaced, from the request on. Null where they are not such
 * facts, do not point at one another, or never come to this statement.
 */
export const statedBy = (id: string, entries: StatementEntries): Stated | null => {
  const [first, ...others] = entries;
  if (first?.type !== 'statement.requested.v1') return null;
  let stated = asked(first);
  for (const entry of others) {
    const { statementId, seq } = entry.data as Data;
    if (!entry.type.startsWith('statement.') || seq !== stated.seq || statementId !== stated.id) return null;
    stated = after(stated, entry, id);
  }
  return stated.id === id ? stated : null;
};

/** Where the fact before this one of the same statement stands; null at the request. */
export const factBefore = ({ type, data }: Pick<Entry, 'type' | 'data'>): number | null => {
  const { seq } = data as Data;
  return type === 'statement.requested.v1' || typeof seq !== 'number' ? null : seq;
};
