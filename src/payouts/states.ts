import { conflict } from '../kernel/errors.ts';
import type { PayoutState } from '../kernel/vocabulary.ts';
import type { OutcomeKind } from '../rails/rail.ts';

/** What people and the programme do to an order; what a rail says of it are the kinds of outcome. */
export const DEEDS = ['approve', 'reject', 'hold', 'release', 'lapse', 'withdraw', 'begin'] as const;
export type Deed = (typeof DEEDS)[number];
/** `cancel`: somebody wants back what was sent; a fact of its own, since only the rail can end that. */
export type PayoutEvent = Deed | 'cancel' | OutcomeKind;

/** What a rail may say of something it was sent. */
const TOLD = {
  paid: 'paid',
  failed: 'failed',
  closed: 'expired',
  cancelling: 'cancelling',
  cancelled: 'cancelled',
} as const;

/**
 * ```
 *            draft ⇄ held              submitted ⇄ unknown
 *              ↓                           ↕
 *           approved ──── begin ──→ awaiting-confirmation ──→ paid ──→ returned
 *              ↓                       ↓               ↘        ↑
 *     rejected, cancelled      failed, expired       cancelling ┤
 *                                                               └→ cancelled, failed, expired
 * ```
 * Where each event leads (domain, rule 7). What is not here cannot happen. Nothing leads out of an end but a late return,
 * and nothing leads from what was sent back to what may be approved: a new order is made instead, once this one ended.
 */
export const TRANSITIONS: Record<PayoutState, Partial<Record<PayoutEvent, PayoutState>>> = {
  draft: { approve: 'approved', reject: 'rejected', hold: 'held', lapse: 'draft', withdraw: 'cancelled' },
  held: { hold: 'held', release: 'draft', reject: 'rejected', lapse: 'held', withdraw: 'cancelled' },
  approved: { begin: 'submitted', reject: 'rejected', hold: 'held', lapse: 'draft', withdraw: 'cancelled' },
  submitted: {
    ...TOLD,
    ...{ begin: 'submitted', accepted: 'submitted', 'awaiting-confirmation': 'awaiting-confirmation' },
    ...{ cancel: 'cancelling', unknown: 'unknown', 'not-found': 'unknown' },
  },
  unknown: {
    ...TOLD,
    ...{ begin: 'unknown', accepted: 'submitted', 'awaiting-confirmation': 'awaiting-confirmation' },
    ...{ cancel: 'cancelling', unknown: 'unknown', 'not-found': 'unknown' },
  },
  'awaiting-confirmation': {
    ...TOLD,
    ...{ cancel: 'cancelling', accepted: 'submitted', 'awaiting-confirmation': 'awaiting-confirmation' },
  },
  // Never sent again; whatever the rail says short of an end, it is still to be taken back.
  cancelling: {
    ...TOLD,
    ...{ accepted: 'cancelling', 'awaiting-confirmation': 'cancelling' },
    ...{ unknown: 'cancelling', 'not-found': 'cancelling' },
  },
  paid: { returned: 'returned' },
  failed: {},
  expired: {},
  returned: {},
  cancelled: {},
  rejected: {},
};

/** Where nothing was sent, or it ended without paying: what was set aside is owed again. */
export const GIVES_BACK: readonly PayoutState[] = ['rejected', 'cancelled', 'failed', 'expired'];
export const ENDED: readonly PayoutState[] = [...GIVES_BACK, 'paid', 'returned'];
/** A rail may have it. */
export const UNDER_WAY: readonly PayoutState[] = [
  'submitted',
  'unknown',
  'awaiting-confirmation',
  'cancelling',
];
/** Nothing was sent yet. */
export const UNSENT: readonly PayoutState[] = ['draft', 'held', 'approved'];

/** Where the event leads from this state. @throws 409 `order_<state>` where it leads nowhere. */
export const after = (state: PayoutState, event: PayoutEvent): PayoutState => {
  const to = TRANSITIONS[state][event];
  if (to === undefined)
    throw conflict(
      `order_${state.replaceAll('-', '_')}`,
      `An order that is ${state} cannot take this: read it first.`,
      {
        state,
      },
    );
  return to;
};
