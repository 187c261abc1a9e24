import type { Random } from '../kernel/time.ts';
import type { Caller } from '../ledger/fact.ts';

/**
 * Stands in for a key while the console asks the API itself, in this process: a token that nobody is told, good for one
 * question. So the console can do what the API lets the caller do, and nothing else.
 */
export class Grants {
  private readonly random: Random;
  private readonly given = new Map<string, Caller>();

  constructor(random: Random) {
    this.random = random;
  }

  /** The caller a token was made for; undefined once its question is answered, and for every other text. */
  find(token: string): Caller | undefined {
    return this.given.get(token);
  }

  async during<T>(caller: Caller, ask: (token: string) => Promise<T>): Promise<T> {
    const token = Buffer.from(this.random(32)).toString('base64url');
    this.given.set(token, caller);
    try {
      return await ask(token);
    } finally {
      this.given.delete(token);
    }
  }
}
