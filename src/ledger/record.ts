import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { pipeline } from '../db/pipeline.ts';
import { selectSql } from '../db/table.ts';
import { DomainError } from '../kernel/errors.ts';
import { sha256 } from '../kernel/hash.ts';
import type { Clock, Random } from '../kernel/time.ts';
import type { AnyFact, Caller, DecideContext, Operation } from './fact.ts';
import { unpackFrontier } from './merkle.ts';
import type { Keyring } from './private-store.ts';
import { type AnyOperation, type Command, type Pending, Queue } from './queue.ts';
import { ConnectionLost, checkRepeat, HeadMoved, tooLong, translate, unavailable } from './record.errors.ts';
import { readFactsAt } from './store.ts';
import { ids, type PersonRow, people as peopleTable } from './tables.ts';
import { EntryTooLong, type Recorded, TurnEntries, turnSteps, type WriterHead } from './turn.ts';
import { type AnyTable, type Changes, Missing, World } from './world.ts';

/** Rounds of loading that one turn may ask for. */
const MAX_ROUNDS = 12;
/** Loaded rows of one table kept from turn to turn. */
const MAX_LOADED_ROWS = 10_000;
/** How long a command may wait for a lost database before its caller is told so. */
const PATIENCE_MS = 8_000;

/** A turn decided and not yet written. */
type Decided = { entries: TurnEntries; clock: number; settle: (() => void)[]; refused: boolean };

export type DoorOptions = {
  pool: pg.Pool;
  origin: string;
  keyring: Keyring;
  clock: Clock;
  random: Random;
  newId: (now: number) => string;
  /** Throws a DomainError when the caller, as the ledger knows it now, may not. */
  authorise: (world: World, caller: Caller, operation: AnyOperation, now: number) => void;
  onError: (error: Error) => void;
};

export type { AnyOperation, Command } from './queue.ts';
export { unavailable } from './record.errors.ts';
export type { Receipt, Recorded } from './turn.ts';

/**
 * The one door: every change of the world passes here. Callers that wait are taken together into a turn, which
 * decides each command in order, writes all its facts and rows in one transaction, and answers everyone after
 * the commit.
 *
 * A turn normally takes no lock of its own: it builds upon the head this process left, and the append refuses
 * when somebody else has moved it (BC001); then the turn runs again holding the head's row lock. That lock,
 * taken inside the writing transaction, is all the fencing there is.
 *
 * While one turn is being written the next is decided, upon the head the first will leave. It is sent only once the
 * first has landed; if that failed, what was decided upon it is forgotten and decided again.
 */
export class Door {
  private readonly options: DoorOptions;
  private readonly world = new World();
  private head: WriterHead | undefined;
  private readonly queue = new Queue();
  private running: Promise<void> | undefined;
  private client: pg.PoolClient | undefined;
  private stopped = false;
  /** Why nothing more is written; null while it is. */
  readOnly: string | null = null;
  /** The turn that is being written. Its promise never rejects: it gives what went wrong. */
  private inFlight: { commands: Pending[]; landed: Promise<Error | undefined> } | undefined;
  /** Whether the turn in hand refused anything. */
  private refused = false;
  /** Set when a repeat was met: then keys are looked up before they are inserted. */
  private expectRepeats = 0;
  /** Called after each commit with its facts, in order. */
  readonly listeners: ((facts: readonly AnyFact[]) => void)[] = [];
  readonly counts = { turns: 0, facts: 0, lockedTurns: 0, replays: 0, refusals: 0 };

  constructor(options: DoorOptions) {
    this.options = options;
  }

  /**
   * Records one command. Returning promises that its fact is committed and durable.
   * Throws the DomainError of a refusal, or `unavailable` (nothing is known to have been written; ask again with
   * the same key).
   */
  record<Input, Answer extends object>(
    operation: Operation<Input, Answer>,
    input: Input,
    caller: Caller,
    key: Command['key'],
    bytes = 1_000,
  ): Promise<Recorded<Answer>> {
    const [result] = this.submit([{ operation, input, caller, key }], bytes);
    return result as Promise<Recorded<Answer>>;
  }

  /** Records an upload as one group; each command has an answer of its own. Throws when the queue is full. */
  submit(commands: readonly Command[], bytes: number): Promise<Recorded<object>>[] {
    if (this.readOnly !== null) throw unavailable('read_only', `Nothing is written: ${this.readOnly}`);
    if (this.stopped) throw unavailable('stopping', 'The service is stopping; ask again in a moment.');
    const results = this.queue.add(commands, bytes);
    this.running ??= this.run();
    return results;
  }

  /** Waits for what was taken, refuses the rest. */
  async stop(): Promise<void> {
    this.stopped = true;
    await this.running;
    this.release(false);
  }

  private async run(): Promise<void> {
    // One tick, so that callers of the same moment share the first turn.
    await Promise.resolve();
    while (!this.queue.isEmpty || this.inFlight !== undefined) {
      if (this.queue.isEmpty) {
        await this.land();
        continue;
      }
      const commands = this.queue.take(this.inFlight === undefined);
      try {
        await this.overlapped(commands);
      } catch (error) {
        await this.failed(commands, error as Error);
      }
    }
    this.running = undefined;
  }

  /** Decides a turn while the one before is written; sends it when that has landed. */
  private async overlapped(commands: Pending[]): Promise<void> {
    if (this.head === undefined) {
      if (await this.land(commands)) await this.lockedTurn(commands);
      return;
    }
    const client = await this.connection();
    let decided: Decided;
    try {
      decided = await this.decide(client, commands, false);
    } catch (error) {
      if (await this.land(commands)) throw error;
      return;
    }
    if (!(await this.land(commands))) return;
    if (decided.entries.bytes.length === 0) {
      // Nothing is appended, so nothing compares the head: what was refused may rest on rows that moved.
      if (decided.refused) await this.confirmHead(client);
      this.finish(decided);
      return;
    }
    const changes = this.world.changes();
    // An effect is a statement of its own, so the turn needs a transaction around it.
    if (changes.effects.length > 0) throw new HeadMoved('an effect needs a locked turn');
    const written = this.write(client, decided, changes);
    this.head = decided.entries.newHead();
    this.world.settle(MAX_LOADED_ROWS);
    const landed = written.then(
      () => void this.finish(decided),
      (error: Error) => error,
    );
    this.inFlight = { commands, landed };
  }

  /**
   * Waits for the turn that is being written. When it failed, `next`, decided upon it, goes back into the queue
   * behind what is left of it; then answers false.
   */
  private async land(next?: Pending[]): Promise<boolean> {
    const flight = this.inFlight;
    const error = await flight?.landed;
    this.inFlight = undefined;
    if (flight === undefined || error === undefined) return true;
    if (next !== undefined) this.queue.putBack(next);
    await this.failed(flight.commands, error);
    return false;
  }

  /** A lost connection leaves open what landed. The same commands go first again, and their keys tell. */
  private async recover(all: Pending[], error: Error): Promise<void> {
    const commands = all.filter((c) => !c.settled);
    this.release(true);
    if (!(error instanceof ConnectionLost)) {
      this.options.onError(error);
      for (const c of commands) c.reject(error);
      return;
    }
    const now = performance.now();
    const [patient, tired] = [
      commands.filter((c) => now - c.since < PATIENCE_MS),
      commands.filter((c) => now - c.since >= PATIENCE_MS),
    ];
    for (const c of tired)
      c.reject(
        unavailable('database_unavailable', 'The database cannot be reached; ask again with the same id.'),
      );
    if (patient.length > 0) {
      this.queue.putBack(patient);
      this.expectRepeats = 2;
      await sleep(100);
    }
  }

  private release(broken: boolean): void {
    this.head = undefined;
    this.world.empty();
    this.client?.release(broken);
    this.client = undefined;
  }

  /** A turn did not land: it runs again holding the lock, by halves where one command may be to blame. */
  private async failed(commands: Pending[], error: Error): Promise<void> {
    this.world.empty();
    this.head = undefined;
    if (error instanceof ConnectionLost || error instanceof DomainError) return this.recover(commands, error);
    try {
      await this.lockedTurn(commands);
    } catch (again) {
      await this.recover(commands, again as Error);
    }
  }

  /** Commits the commands, or rejects those that cannot be. Throws only what concerns them all. */
  private async lockedTurn(all: Pending[]): Promise<void> {
    const commands = all.filter((c) => !c.settled);
    try {
      await this.attemptLocked(commands);
    } catch (error) {
      this.world.empty();
      this.head = undefined;
      if (error instanceof ConnectionLost || error instanceof DomainError) throw error;
      if (commands.length === 1) {
        this.options.onError(error as Error);
        commands[0]!.reject(error as Error);
        return;
      }
      const half = Math.ceil(commands.length / 2);
      await this.lockedTurn(commands.slice(0, half));
      await this.lockedTurn(commands.slice(half));
    }
  }

  private async attemptLocked(commands: Pending[]): Promise<void> {
    const client = await this.connection();
    try {
      await this.lock(client);
      const decided = await this.decide(client, commands, true);
      if (decided.entries.bytes.length > 0) await this.write(client, decided, this.world.changes());
      await this.query(client, 'COMMIT');
      if (decided.entries.bytes.length > 0) this.head = decided.entries.newHead();
      this.world.settle(MAX_LOADED_ROWS);
      this.counts.lockedTurns++;
      this.finish(decided);
    } catch (error) {
      // A rollback that fails leaves nothing to do: the connection is given up by who catches this.
      if (!(error instanceof ConnectionLost)) await this.query(client, 'ROLLBACK').catch(() => undefined);
      throw error;
    }
  }

  private async decide(client: pg.PoolClient, commands: Pending[], locked: boolean): Promise<Decided> {
    const clock = this.options.clock();
    const entries = new TurnEntries(this.head!, Math.max(clock, this.head!.at), this.options.origin);
    this.refused = false;
    const lookUp = locked || commands.length > 256 || this.expectRepeats > 0;
    this.expectRepeats = Math.max(0, this.expectRepeats - 1);
    const settle = await this.decideAll(client, commands, entries, lookUp);
    return { entries, clock, settle, refused: this.refused };
  }

  /** The turn is committed: tells who follows, answers everyone. */
  private finish({ entries, settle }: Decided): void {
    this.counts.turns++;
    this.counts.facts += entries.bytes.length;
    if (entries.facts.length > 0) for (const tell of this.listeners) tell(entries.facts);
    for (const done of settle) done();
  }

  private async connection(): Promise<pg.PoolClient> {
    try {
      this.client ??= await this.options.pool.connect();
      return this.client;
    } catch (error) {
      throw new ConnectionLost('no connection', { cause: error });
    }
  }

  private async lock(client: pg.PoolClient): Promise<void> {
    this.world.empty();
    await this.query(client, 'BEGIN');
    type Row = { size: number; leaf_hash: Buffer; frontier: Buffer; at: number };
    const { rows } = await this.query<Row>(client, 'SELECT * FROM ledger_lock()');
    const head = rows[0]!;
    this.head = {
      size: head.size,
      leaf: head.leaf_hash,
      frontier: unpackFrontier(head.frontier),
      at: head.at,
    };
  }

  /** Throws HeadMoved when somebody else wrote since we left the head. */
  private async confirmHead(client: pg.PoolClient): Promise<void> {
    const { rows } = await this.query<{ size: number }>(client, 'SELECT size FROM head', [], 'confirm head');
    if (rows[0]!.size !== this.head!.size) throw new HeadMoved('the head moved while a command was refused');
  }

  private async query<Row extends pg.QueryResultRow>(
    client: pg.PoolClient,
    text: string,
    values?: unknown[],
    name?: string,
  ): Promise<pg.QueryResult<Row>> {
    try {
      return await client.query<Row>({
        text,
        ...(values === undefined ? {} : { values }),
        ...(name === undefined ? {} : { name }),
      });
    } catch (error) {
      throw translate(error as Error & { code?: string; table?: string });
    }
  }

  /** Decides every command in order; what is missing is loaded for all at once, then all are decided again. */
  private async decideAll(
    client: pg.PoolClient,
    commands: Pending[],
    entries: TurnEntries,
    lookUp: boolean,
  ): Promise<(() => void)[]> {
    if (lookUp) await this.load(client, [[ids as AnyTable, commands.map((c) => c.key.id)]]);
    const settle: (() => void)[] = [];
    const repeats: Pending[] = [];
    let next = 0;
    // A command may need rounds of its own, since what it applies is not looked at while it waits for those before it.
    let since = 0;
    for (let round = 0; next < commands.length; round++) {
      const before = next;
      const missing = new Map<AnyTable, Set<string>>();
      // Once one waits for rows, those after it wait too, for it may change what they see; their needs are gathered.
      let blocked = false;
      for (let i = next; i < commands.length; i++) {
        const outcome = this.decideOne(commands[i]!, entries, blocked, missing, round - since);
        if (outcome === 'missing') blocked = true;
        else if (!blocked) {
          next = i + 1;
          if (outcome === 'replay') repeats.push(commands[i]!);
          else settle.push(outcome);
        }
      }
      if (missing.size > 0)
        await this.load(
          client,
          [...missing].map(([table, set]) => [table, [...set]]),
        );
      if (next > before) since = round + 1;
      if (round > (MAX_ROUNDS + 1) * (commands.length + 1))
        throw new Error('a turn asked for rows without end');
    }
    return [...settle, ...(await this.answerRepeats(client, repeats, entries))];
  }

  private decideOne(
    command: Pending,
    entries: TurnEntries,
    blocked: boolean,
    missing: Map<AnyTable, Set<string>>,
    round: number,
  ): (() => void) | 'missing' | 'replay' {
    const { world, options } = this;
    try {
      const known = world.has(ids, command.key.id) ? world.get(ids, command.key.id) : undefined;
      if (known !== undefined) {
        checkRepeat(known, command);
        return blocked ? 'missing' : 'replay';
      }
      options.authorise(world, command.caller, command.operation, entries.at);
      const context: DecideContext = {
        caller: command.caller,
        id: command.key.id,
        now: entries.at,
        seq: entries.size,
        newId: () => options.newId(entries.at),
        random: options.random,
      };
      const draft = command.operation.decide(world, command.input, context);
      if (blocked) {
        const persons = draft.people ?? [];
        world.need(
          peopleTable,
          persons.map(({ personId }) => personId),
        );
        world.drop();
        return 'missing';
      }
      const fact = entries.next(draft, draft.actor ?? command.caller.organisationId);
      const prepared = entries.prepare(fact, draft, world, options.keyring, options.random);
      draft.type.apply(world, fact);
      // Appended last: when a row is still missing, nothing of it may stay in the turn.
      const leafHash = entries.append(prepared, fact);
      world.put(ids, { ...command.key, seq: fact.seq, owner: command.caller.organisationId });
      world.keep();
      const answer = command.operation.answer(fact);
      const made = {
        answer,
        receipt: { seq: fact.seq, leafHash },
        status: command.operation.status,
        replayed: false,
      };
      entries.made.set(fact.seq, made);
      return () => command.resolve({ ...made, answer: { ...answer, ...draft.once } });
    } catch (error) {
      world.drop();
      if (error instanceof Missing) {
        if (round > MAX_ROUNDS)
          return () =>
            command.reject(new DomainError('unprocessable', 'too_wide', 'It reaches too far at once.'));
        for (const [table, wantedIds] of error.wanted) {
          if (!missing.has(table)) missing.set(table, new Set());
          for (const id of wantedIds) missing.get(table)!.add(id);
        }
        return 'missing';
      }
      if (error instanceof DomainError && !world.has(ids, command.key.id)) {
        // What was accepted once may be refused now: a repeat is known by its key alone.
        if (!missing.has(ids as AnyTable)) missing.set(ids as AnyTable, new Set());
        missing.get(ids as AnyTable)!.add(command.key.id);
        return 'missing';
      }
      this.counts.refusals++;
      this.refused = true;
      const refusal = error instanceof EntryTooLong ? tooLong(error) : (error as Error);
      return () => command.reject(refusal);
    }
  }

  private async load(client: pg.PoolClient, wanted: [AnyTable, string[]][]): Promise<void> {
    for (const [table, keys] of wanted) {
      const { rows } = await this.query<object & pg.QueryResultRow>(
        client,
        selectSql(table),
        [keys],
        `load ${table.name}`,
      );
      this.world.load(table, keys, rows);
    }
  }

  private async write(client: pg.PoolClient, { entries, clock }: Decided, changes: Changes): Promise<void> {
    const { steps, updates, expectUpdated } = turnSteps(entries, changes, clock);
    let counts: number[];
    try {
      counts = await pipeline(client, steps);
    } catch (error) {
      throw translate(error as Error);
    }
    const updated = updates.reduce((sum, step) => sum + counts[step]!, 0);
    if (updated !== expectUpdated) throw new Error(`${updated} of ${expectUpdated} rows updated`);
    for (const effect of changes.effects) await this.query(client, effect.text, effect.values);
    const people = (changes.updated.get(peopleTable as AnyTable) ?? []) as PersonRow[];
    if (people.some((person) => person.wrappedKey === null)) this.options.keyring.forget();
  }

  /** First answers again, from the entries; secrets shown once are not in them. */
  private async answerRepeats(
    client: pg.PoolClient,
    repeats: readonly Pending[],
    entries: TurnEntries,
  ): Promise<(() => void)[]> {
    if (repeats.length === 0) return [];
    this.counts.replays += repeats.length;
    this.expectRepeats = 20;
    const seqOf = (command: Pending): number => this.world.get(ids, command.key.id)!.seq;
    // Facts of this very turn are not in the database yet.
    const stored = repeats.map(seqOf).filter((seq) => !entries.made.has(seq));
    const found = await readFactsAt(client as unknown as pg.Pool, sha256, this.options.keyring, stored);
    return repeats.map((command) => {
      const seq = seqOf(command);
      const { operation } = command;
      const made = entries.made.get(seq);
      const { fact, leafHash } = found.get(seq) ?? {};
      const first = made ?? {
        answer: operation.answer(fact!),
        receipt: { seq, leafHash: leafHash! },
        status: operation.status,
      };
      return () => command.resolve({ ...first, replayed: true });
    });
  }
}
