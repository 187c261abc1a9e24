import { DomainError } from '../kernel/errors.ts';

/** How often a write is prepared again because what it was prepared from moved meanwhile. */
const ATTEMPTS = 5;

/**
 * Prepares a write outside the door and confirms it inside: a rule that needs a walk over many rows is handed what was
 * read, and refuses with `balance_moved` when it no longer holds. Then all of it is done again, a few times.
 */
export const confirmedInside = async <Answer>(prepareAndSend: () => Promise<Answer>): Promise<Answer> => {
  for (let attempt = 1; ; attempt++)
    try {
      return await prepareAndSend();
    } catch (error) {
      const moved = error instanceof DomainError && error.code === 'balance_moved';
      if (!moved || attempt === ATTEMPTS) throw error;
    }
};
