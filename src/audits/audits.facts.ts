import { z } from 'zod';
import { Day, Id, note, Seq, text } from '../kernel/values.ts';
import type { FactType } from '../ledger/fact.ts';
import { type Audit, auditReads, audits } from './audits.tables.ts';

/**
 * Public is that there is an audit, and nothing more: whom it looks at would warn some and slander others. The seal binds
 * the scope all the same, and the position of the fact fixes the sample.
 */
const Opened = z.strictObject({ auditId: Id });
const OpenedPrivate = z.strictObject({
  keyId: Id,
  auditorId: Id,
  body: text(200),
  organisationIds: z.array(Id).min(1),
  siteIds: z.array(Id).min(1),
  firstDay: Day,
  lastDay: Day,
  opensAt: z.int(),
  closesAt: z.int(),
  sampleSize: z.int().min(1),
  note: note(2_000).optional(),
});

export const auditOpened: FactType<z.infer<typeof Opened>, z.infer<typeof OpenedPrivate>> = {
  type: 'audit.opened.v1',
  title: { en: 'Audit opened', zh: '审计立项' },
  data: Opened,
  private: OpenedPrivate,
  grams: 'none',
  fen: 'none',
  backPointers: [],
  apply(world, { seq, data, private: { keyId: _, note: __, ...said } }) {
    world.put(audits, {
      ...said,
      ...{ id: data.auditId, seq, lastSeq: seq, state: 'open', closedSeq: null },
    } satisfies Audit);
  },
};

const Closed = z.strictObject({ auditId: Id, seq: Seq });
const ClosedPrivate = z.strictObject({ keyId: Id, note: note(2_000).optional() });

export const auditClosed: FactType<z.infer<typeof Closed>, z.infer<typeof ClosedPrivate>> = {
  type: 'audit.closed.v1',
  title: { en: 'Audit closed', zh: '审计结束' },
  data: Closed,
  private: ClosedPrivate,
  grams: 'none',
  fen: 'none',
  backPointers: ['seq'],
  apply(world, { seq, data: { auditId } }) {
    world.put(audits, { ...world.get(audits, auditId)!, state: 'closed', closedSeq: seq, lastSeq: seq });
  },
};

/** Which entries were opened is private: beside each other they might be one person's. */
const Read = z.strictObject({ auditId: Id, seq: Seq });
const ReadPrivate = z.strictObject({ keyId: Id, holder: text(200), entries: z.array(Seq).min(1) });

export const openingsRead: FactType<z.infer<typeof Read>, z.infer<typeof ReadPrivate>> = {
  type: 'audit.openings-read.v1',
  title: { en: 'Private parts opened by an auditor', zh: '审计查阅私密部分' },
  data: Read,
  private: ReadPrivate,
  grams: 'none',
  fen: 'none',
  backPointers: ['seq'],
  apply(world, { seq, at, data: { auditId }, private: read }) {
    world.add(auditReads, { auditId, seq, at, ...read });
  },
};

export const auditFacts = [auditOpened, auditClosed, openingsRead];
