import { DomainError } from '../kernel/errors.ts';
import type { Clock } from '../kernel/time.ts';

/** Failed openings from one address within the time, in milliseconds, before no more are looked at. */
export const MOST_FAILURES = 30;
export const FAILURES_MS = 600_000;
/** Addresses remembered at once; the oldest is forgotten first. */
const MOST_ADDRESSES = 10_000;

/**
 * Counts failed openings by address, in this process: a card is locked by its own tries already, but whoever guesses
 * numbers of cards or tokens of links meets no card. Many behind one address open as often as they like with what is right.
 */
export class Tries {
  private readonly clock: Clock;
  private readonly failures = new Map<string, { count: number; since: number }>();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** Counts a try as failed before it is looked at, so that many at once get no more. Throws 429 `too_many_tries`. */
  take(address: string): void {
    const now = this.clock();
    const known = this.failures.get(address);
    const current = known !== undefined && known.since + FAILURES_MS > now ? known : { count: 0, since: now };
    if (current.count >= MOST_FAILURES)
      throw new DomainError(
        'too_many',
        'too_many_tries',
        'Too many wrong tries from here; wait ten minutes.',
      );
    current.count++;
    this.failures.delete(address);
    this.failures.set(address, current);
    if (this.failures.size > MOST_ADDRESSES) this.failures.delete(this.failures.keys().next().value!);
  }

  /** It was right after all. */
  giveBack(address: string): void {
    const known = this.failures.get(address);
    if (known !== undefined) known.count--;
  }
}
