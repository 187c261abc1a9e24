import type { Caller, Operation } from './fact.ts';
import { unavailable } from './record.errors.ts';
import type { Recorded } from './turn.ts';

/** Commands in one turn, and what they may weigh together; one upload is always taken whole. */
const MAX_TURN_COMMANDS = 1_000;
const MAX_TURN_BYTES = 1 << 20;
/** Fewer waiting commands are taken at once. */
const FEWEST_TO_HALVE = 8;
/** Beyond this the caller is told at once to come back. */
const MAX_WAITING = 10_000;

// biome-ignore lint/suspicious/noExplicitAny: operations of every shape pass through one door
export type AnyOperation = Operation<any, any>;

export type Command = {
  operation: AnyOperation;
  input: unknown;
  caller: Caller;
  /** The write's identity in the programme's one name space; what the body was. */
  key: { id: string; fingerprint: Buffer };
};

export type Pending = Command & {
  /** When it came, on the process's own clock in milliseconds. */
  since: number;
  /** Whether its caller has an answer already. */
  settled: boolean;
  resolve: (result: Recorded<object>) => void;
  reject: (error: Error) => void;
};

/** One upload, or one command alone. */
type Group = { commands: Pending[]; bytes: number };

/** What waits before the door, bounded, in the order it came. */
export class Queue {
  private groups: Group[] = [];
  private waiting = 0;

  get isEmpty(): boolean {
    return this.groups.length === 0;
  }

  /** Takes in an upload as one group; each command has an answer of its own. Throws `queue_full`. */
  add(commands: readonly Command[], bytes: number): Promise<Recorded<object>>[] {
    if (this.waiting + commands.length > MAX_WAITING)
      throw unavailable('queue_full', 'More writes wait than can be taken; ask again in a second.');
    const since = performance.now();
    const pending: Pending[] = [];
    const results = commands.map(
      (command) =>
        new Promise<Recorded<object>>((resolve, reject) =>
          pending.push(toPending(command, since, resolve, reject)),
        ),
    );
    this.waiting += pending.length;
    this.groups.push({ commands: pending, bytes });
    return results;
  }

  /** The next turn's commands; about half of what waits, so that the other half is decided meanwhile. */
  take(half: boolean): Pending[] {
    const most = half ? Math.max(FEWEST_TO_HALVE, Math.ceil(this.waiting / 2)) : MAX_TURN_COMMANDS;
    const taken: Pending[] = [];
    let bytes = 0;
    for (let next = this.groups[0]; next !== undefined; next = this.groups[0]) {
      const room = Math.min(most, MAX_TURN_COMMANDS) - taken.length;
      const fits = next.commands.length <= room && bytes + next.bytes <= MAX_TURN_BYTES;
      if (taken.length > 0 && !fits) break;
      this.groups.shift();
      taken.push(...next.commands);
      bytes += next.bytes;
    }
    this.waiting -= taken.length;
    return taken;
  }

  /** These go first again, as a turn of their own. */
  putBack(commands: Pending[]): void {
    this.groups.unshift({ commands, bytes: MAX_TURN_BYTES });
    this.waiting += commands.length;
  }
}

const toPending = (
  command: Command,
  since: number,
  resolve: Pending['resolve'],
  reject: Pending['reject'],
): Pending => {
  const pending: Pending = {
    ...command,
    since,
    settled: false,
    resolve: (result) => {
      pending.settled = true;
      resolve(result);
    },
    reject: (error) => {
      pending.settled = true;
      reject(error);
    },
  };
  return pending;
};
