import { unprocessable } from '../kernel/errors.ts';

/**
 * What every payout rail has in common. An order becomes attempts, and each attempt bears one reference, which the
 * caller chooses and records before it calls: whatever happens between the sending and the answer, the reference can
 * be asked for afterwards. What may be done next follows from what was recorded, by `nextStep`, and from nothing else.
 */
export type Attempt = {
  /** Names this attempt on the rail for ever; chosen and recorded by the caller before the call. */
  reference: string;
  /** Fen. */
  amount: number;
  payee: {
    /** What the rail pays to: an OpenID, a bank account number. */
    account: string;
    /** The real name, where the rail asks for it (`Limits.nameFrom`) or it is to be checked. */
    name?: string;
  };
  /** What the payee is shown. */
  purpose: string;
};

/** What the rail said of a transfer, where it said it: its own number and state, the amount in fen, its time. */
export type Seen = { railState?: string; railReference?: string; amount?: number; at?: string };

/**
 * Where a transfer stands. `code` is the rail's own word, in capitals, or one of ours, in small letters; neither
 * carries a name, an account or a key, so an outcome may be logged.
 */
export type Outcome = Seen &
  (
    | { kind: 'accepted' }
    /** `confirmation` opens the page on which the payee confirms; who holds it needs nothing else. */
    | { kind: 'awaiting-confirmation'; confirmation?: string }
    | { kind: 'paid' }
    | { kind: 'failed'; code: string }
    /** Nobody confirmed in time; the money went back. */
    | { kind: 'closed'; code: string }
    | { kind: 'cancelling' }
    | { kind: 'cancelled' }
    /** It was paid and came back, days later: a bank's 退票. */
    | { kind: 'returned'; code: string }
    | { kind: 'not-found' }
    /**
     * The truth is not known: no answer, half an answer, an answer nobody signed, or an error that does not say
     * whether something was done. `refused`: the rail said, verifiably, that it did not take up this very request.
     */
    | { kind: 'unknown'; code: string; refused?: boolean }
  );

export type OutcomeKind = Outcome['kind'];

/** What the rail told us unasked. `id` is the same each time the rail repeats it. */
export type Notification =
  | { kind: 'told'; id: string; reference: string; outcome: Outcome }
  | { kind: 'not-believed'; code: string; reason: string };

export type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

/** A rail that answers while one waits. None of these throws for what the rail or the network does. */
export type Rail = {
  readonly limits: Limits;
  /**
   * Sends an attempt. Once for a reference, and again only where `nextStep` says so, with the same reference and the
   * same content.
   * @throws 422 for an attempt the rail would not take; nothing was sent then.
   */
  submit(attempt: Attempt): Promise<Outcome>;
  /**
   * What became of it. `sentAt`: when it was first sent, in milliseconds, since rails forget. The amount the rail
   * names is for the caller to compare.
   */
  query(reference: string, sentAt: number): Promise<Outcome>;
  /** Asks to take it back; `cancelling` is no end, only `cancelled` is. */
  cancel(reference: string): Promise<Outcome>;
  /** `rawBody` as it came over the wire: the signature is over these bytes. */
  verifyNotification(headers: Headers, rawBody: Uint8Array): Notification;
};

/** What a rail takes, as data. Amounts in fen, times in milliseconds. */
export type Limits = {
  /** The only one it pays, ISO 4217; undefined: any. */
  currency?: string;
  minimum: number;
  maximum: number;
  /** From this amount on the real name is needed; undefined: never. */
  nameFrom?: number;
  /** How long after the sending the rail can still be asked. */
  queryWindow: number;
  /** How long the payee has for confirming; undefined: needs not. */
  confirmWithin?: number;
  callsPerSecond?: number;
  /** How long after its signing a request may still be taken up, at the very most; undefined: nobody knows. */
  takesUpWithin?: number;
  reference: RegExp;
  /** The form of a reference in words. */
  referenceIs: string;
  purposeLength: number;
};

const yuan = (fen: number): string => `${(fen / 100).toFixed(2)} yuan`;

/** Whether the rail would take the attempt. @throws 422 that says what to write instead, without any value of a person. */
export const checkAttempt = (attempt: Attempt, limits: Limits): void => {
  const { amount, payee, purpose } = attempt;
  checkReference(attempt.reference, limits);
  if (!Number.isSafeInteger(amount))
    throw unprocessable('amount_not_fen', '/amount', 'Write the amount in whole fen: 1 yuan is 100.');
  if (amount < limits.minimum)
    throw unprocessable(
      'amount_below_minimum',
      '/amount',
      `This rail pays ${limits.minimum} fen (${yuan(limits.minimum)}) or more: leave less on the account until it has grown, or pay it in cash.`,
    );
  if (amount > limits.maximum)
    throw unprocessable(
      'amount_above_maximum',
      '/amount',
      `This rail pays at most ${limits.maximum} fen (${yuan(limits.maximum)}) at once: make several orders, or take another rail.`,
    );
  if (payee.account === '')
    throw unprocessable(
      'payee_account_missing',
      '/payee/account',
      'Write the account this rail is to pay to.',
    );
  if (limits.nameFrom !== undefined && amount >= limits.nameFrom && (payee.name ?? '').trim() === '')
    throw unprocessable(
      'payee_name_needed',
      '/payee/name',
      `From ${limits.nameFrom} fen (${yuan(limits.nameFrom)}) on this rail checks the real name: give the payee's, as on the identity card.`,
    );
  const length = [...purpose].length;
  if (length < 1 || length > limits.purposeLength)
    throw unprocessable(
      'purpose_length',
      '/purpose',
      `Write what the payment is for in 1 to ${limits.purposeLength} characters.`,
    );
};

/** @throws 422 when it is not of the rail's form. */
export const checkReference = (reference: string, limits: Limits): void => {
  if (!limits.reference.test(reference))
    throw unprocessable('reference_form', '/reference', `Write a reference of ${limits.referenceIs}.`);
};

/** A reference every rail takes, from the id of the attempt: its 32 hex digits. */
export const referenceOf = (attemptId: string): string => attemptId.replaceAll('-', '');

/** What was done under one reference, as recorded. A step without an outcome was begun, and nobody knows how it ended. */
export type Step = {
  did: 'submit' | 'query' | 'cancel' | 'notification';
  /** Milliseconds; of a submit, when it was recorded, which is before it was sent. */
  at: number;
  outcome?: Outcome;
};

/**
 * - `submit`: send it, under this reference and with this content.
 * - `query`: ask what became of it (at once after an unknown answer, else when one likes).
 * - `done`: paid.
 * - `free`: it ended without paying; what is owed may be paid under a new reference.
 * - `by-hand`: the rail cannot tell any more, or told two things; somebody compares its statement.
 */
export type Next = 'submit' | 'query' | 'done' | 'free' | 'by-hand';

const ENDED: readonly OutcomeKind[] = ['failed', 'closed', 'cancelled'];
const LIVE: readonly OutcomeKind[] = ['accepted', 'awaiting-confirmation', 'cancelling'];

/**
 * What may be done next under one reference (rule 7: an unknown answer is a state of its own: never paid twice, never
 * lost). Under a new reference is paid only once this one has ended for certain: the rail said that it failed, closed,
 * was cancelled or came back; or it does not know it, and had refused, verifiably, every single sending. A sending whose answer
 * nobody read is sent again under the same reference when the rail does not know it: should the first arrive after
 * all, the rail takes both for one.
 */
export const nextStep = (steps: readonly Step[], limits: Pick<Limits, 'queryWindow'>, now: number): Next => {
  const first = steps.find((step) => step.did === 'submit');
  if (first === undefined) return 'submit';
  const kinds = steps.map((step) => step.outcome?.kind);
  if (kinds.includes('returned')) return 'free';
  const paid = kinds.includes('paid');
  const ended = kinds.some((kind) => kind !== undefined && ENDED.includes(kind));
  if (paid || ended) return paid && ended ? 'by-hand' : paid ? 'done' : 'free';
  if (now - first.at > limits.queryWindow) return 'by-hand';
  const last = steps.at(-1)!;
  if (last.did !== 'query' || last.outcome?.kind !== 'not-found') return 'query';
  // It was there and is not any more: one of the two answers is wrong, and neither allows a sending.
  if (seenLive(steps)) return 'query';
  return allRefused(steps) ? 'free' : 'submit';
};

const seenLive = (steps: readonly Step[]): boolean =>
  steps.some(({ outcome }) => outcome !== undefined && LIVE.includes(outcome.kind));

const allRefused = (steps: readonly Step[]): boolean =>
  steps
    .filter((step) => step.did === 'submit')
    .every((step) => step.outcome?.kind === 'unknown' && step.outcome.refused === true);

/**
 * What may be done next with what is to be taken back: `cancel` asks the rail to, `query` asks what became of it. It is
 * never sent again. `gone`: the rail does not know it and will not take it up any more, so nothing will ever be paid
 * under this reference. Paid all the same, it is paid.
 */
export const nextStepBack = (
  steps: readonly Step[],
  limits: Pick<Limits, 'queryWindow' | 'takesUpWithin'>,
  now: number,
): 'cancel' | 'query' | 'gone' | 'by-hand' => {
  const sendings = steps.filter((step) => step.did === 'submit');
  if (now - sendings[0]!.at > limits.queryWindow) return 'by-hand';
  const last = steps.at(-1)!;
  if (last.did === 'cancel' || last.outcome?.kind === 'cancelling') return 'query';
  if (last.outcome?.kind !== 'not-found') return 'cancel';
  if (seenLive(steps)) return 'query';
  const { takesUpWithin = Number.POSITIVE_INFINITY } = limits;
  return allRefused(steps) || last.at - sendings.at(-1)!.at > takesUpWithin ? 'gone' : 'query';
};
