import type pg from 'pg';
import type { Reader } from '../db/reader.ts';
import { DomainError } from '../kernel/errors.ts';
import { sha256 } from '../kernel/hash.ts';
import { namedUuid } from '../kernel/ids.ts';
import type { Clock } from '../kernel/time.ts';
import type { AnyFact } from '../ledger/fact.ts';
import type { Keyring } from '../ledger/private-store.ts';
import type { Door } from '../ledger/record.ts';
import { readFactsAt } from '../ledger/store.ts';
import { PROGRAMME } from '../registry/access.ts';
import type { Collector } from '../registry/registry.tables.ts';
import { decidingOperations } from './deciding.operations.ts';
import { type Waiting, waitedTooLong, waitingUndoubted } from './deciding.queries.ts';

const AT_ONCE = 200;
/** How often it looks for what falls due by time. */
const DUE_EVERY_MS = 60_000;

export type DecidingOptions = {
  pool: pg.Pool;
  db: Reader;
  keyring: Keyring;
  door: Door;
  clock: Clock;
  programme: { operatorId: string; timeZone: string; currency: string };
  /** Keeps the marks: whether it has read an entry. */
  reads: { reaches(seq: number, ms?: number): Promise<boolean> };
  onError: (error: Error) => void;
};

const MARK_CLEARED = 'mark.cleared.v1';
const REGISTERED = 'collector.registered.v1';

/** Whether facts of this type may make it decide something. */
export const decides = (type: string): boolean => type === MARK_CLEARED || type === REGISTERED;

/**
 * What follows by itself, as facts of the programme: what waited is owed once nobody doubts it or the time to decide has
 * passed, and what somebody earned before the registration is owed after it. Each has a key that follows from its cause,
 * so that two processes and a restart write it once.
 */
export class Decider {
  private readonly options: DecidingOptions;
  private readonly operations: ReturnType<typeof decidingOperations>;
  /** Weigh-ins of which a mark was cleared, and by which fact. */
  private readonly lots = new Map<string, number>();
  /** People to look at; undefined: all, as at the start. */
  private people: Set<string> | undefined;
  private lookedAt = Number.NEGATIVE_INFINITY;

  constructor(options: DecidingOptions) {
    this.options = options;
    this.operations = decidingOperations(options.keyring, options.programme);
  }

  observe(facts: readonly AnyFact[]): void {
    for (const { seq, type, data, people } of facts) {
      if (type === MARK_CLEARED && data.subjectKind === 'collection')
        this.lots.set(data.subjectId as string, seq);
      if (type === REGISTERED && people[0] != null) this.people?.add(people[0].personId);
    }
  }

  async act(): Promise<void> {
    const { db, clock } = this.options;
    const now = clock();
    const due = now - this.lookedAt >= DUE_EVERY_MS;
    if (!due && this.lots.size === 0 && this.people !== undefined && this.people.size === 0) return;
    const marked = [...this.lots];
    // Marks are read behind the ledger: before that, one that was cleared still stands.
    const read = await this.options.reads.reaches(Math.max(-1, ...marked.map(([, seq]) => seq)));
    const lots = read ? marked.map(([lotId]) => lotId) : [];
    const people = this.people;
    const undoubted = await waitingUndoubted(db, lots);
    const late = due ? await waitedTooLong(db, now, AT_ONCE) : [];
    await this.decide(undoubted, 'owed');
    await this.decide(late, 'undecided');
    await this.release(people);
    for (const lotId of lots) this.lots.delete(lotId);
    if (people === undefined) this.people = new Set();
    else for (const id of people) people.delete(id);
    if (late.length < AT_ONCE) this.lookedAt = now;
  }

  private async decide(waiting: readonly Waiting[], outcome: 'owed' | 'undecided'): Promise<void> {
    const { pool, keyring } = this.options;
    if (waiting.length === 0) return;
    const facts = await readFactsAt(
      pool,
      sha256,
      keyring,
      waiting.map(({ seq }) => seq),
    );
    for (const { seq, lotId } of waiting)
      await this.put(`premium ${lotId} ${outcome}`, (key) =>
        this.options.door.record(
          this.operations.decidePremium,
          { original: facts.get(seq)!.fact, outcome },
          PROGRAMME,
          key,
        ),
      );
  }

  /** Releases what registered people earned before anybody knew them; undefined: looks at all of them. */
  private async release(people: ReadonlySet<string> | undefined): Promise<void> {
    const { db, pool, keyring, programme, door } = this.options;
    const { currency } = programme;
    const ids =
      people === undefined
        ? (
            await db
              .withTables<{ collectors: Collector }>()
              .selectFrom('collectors')
              .select('id')
              .where('state', '=', 'active')
              .execute()
          ).map(({ id }) => id)
        : [...people];
    const byAccount = new Map(
      ids.map((id) => [keyring.accountId(`suspense ${currency} personId ${id}`), id]),
    );
    if (byAccount.size === 0) return;
    const { rows } = await pool.query<{ id: string; lastSeq: number }>(
      `SELECT id, last_seq AS "lastSeq" FROM accounts
       WHERE kind = 'suspense' AND balance < 0 AND id = ANY($1::uuid[])`,
      [[...byAccount.keys()]],
    );
    for (const { id, lastSeq } of rows)
      await this.put(`suspense ${id} ${lastSeq}`, (key) =>
        door.record(
          this.operations.releaseSuspense,
          { personId: byAccount.get(id)!, currency },
          PROGRAMME,
          key,
        ),
      );
  }

  private async put(
    name: string,
    record: (key: { id: string; fingerprint: Buffer }) => Promise<unknown>,
  ): Promise<void> {
    try {
      await record({ id: namedUuid(name), fingerprint: this.options.keyring.fingerprint(name) });
    } catch (error) {
      // Decided or moved meanwhile: nothing is left to do. What the door cannot take just now is tried again.
      if (!(error instanceof DomainError) || error.kind === 'unavailable') throw error;
    }
  }
}
