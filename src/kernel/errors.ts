/**
 * What can go wrong, as kinds. Only `http/` knows which status number a kind bears.
 * Codes are stable and belong to the feature that raises them; messages say what to write instead.
 */
export type ErrorKind =
  | 'malformed' // does not fit the schema
  | 'unauthenticated'
  | 'forbidden' // the role may not
  | 'not_found' // an id in the path, unknown or not the caller's
  | 'unprocessable' // well-formed, but wrong whatever the state
  | 'conflict' // depends on the state
  | 'too_large'
  | 'too_many' // tried too often; later again
  | 'unavailable'; // try again later

export type FieldError = { pointer: string; reason: string };

/** An error with an answer for the caller. `state` is what a conflict ran into. */
export class DomainError extends Error {
  override name = 'DomainError';
  readonly kind: ErrorKind;
  readonly code: string;
  readonly errors: FieldError[];
  readonly state: Record<string, unknown> | undefined;

  constructor(
    kind: ErrorKind,
    code: string,
    message: string,
    more: { errors?: FieldError[]; state?: Record<string, unknown> } = {},
  ) {
    super(message);
    this.kind = kind;
    this.code = code;
    this.errors = more.errors ?? [];
    this.state = more.state;
  }
}

export const unprocessable = (code: string, pointer: string, reason: string): DomainError =>
  new DomainError('unprocessable', code, reason, { errors: [{ pointer, reason }] });

export const conflict = (code: string, message: string, state: Record<string, unknown> = {}): DomainError =>
  new DomainError('conflict', code, message, { state });

export const notFound = (what: string): DomainError =>
  new DomainError('not_found', 'not_found', `No such ${what} here; check the id in the path.`);

export const forbidden = (message: string): DomainError => new DomainError('forbidden', 'forbidden', message);
