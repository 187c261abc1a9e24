import t from 'tap';
import { PAYOUT_STATES, type PayoutState } from '../../src/kernel/vocabulary.ts';
import {
  after,
  DEEDS,
  ENDED,
  GIVES_BACK,
  type PayoutEvent,
  TRANSITIONS,
  UNDER_WAY,
  UNSENT,
} from '../../src/payouts/states.ts';

const TOLD: readonly PayoutEvent[] = [
  ...(['accepted', 'awaiting-confirmation', 'paid', 'failed', 'closed', 'cancelling'] as const),
  ...(['cancelled', 'returned', 'not-found', 'unknown'] as const),
];
const EVENTS: readonly PayoutEvent[] = [...DEEDS, 'cancel', ...TOLD];

/** Every move there is, written down a second time: a row for each state, and where each event leads. */
const MOVES: Record<PayoutState, string> = {
  draft: 'approve>approved reject>rejected hold>held lapse>draft withdraw>cancelled',
  held: 'hold>held release>draft reject>rejected lapse>held withdraw>cancelled',
  approved: 'begin>submitted reject>rejected hold>held lapse>draft withdraw>cancelled',
  submitted:
    'begin>submitted cancel>cancelling accepted>submitted awaiting-confirmation>awaiting-confirmation paid>paid ' +
    'failed>failed closed>expired cancelling>cancelling cancelled>cancelled unknown>unknown not-found>unknown',
  unknown:
    'begin>unknown cancel>cancelling accepted>submitted awaiting-confirmation>awaiting-confirmation paid>paid ' +
    'failed>failed closed>expired cancelling>cancelling cancelled>cancelled unknown>unknown not-found>unknown',
  'awaiting-confirmation':
    'cancel>cancelling accepted>submitted awaiting-confirmation>awaiting-confirmation paid>paid failed>failed ' +
    'closed>expired cancelling>cancelling cancelled>cancelled',
  cancelling:
    'accepted>cancelling awaiting-confirmation>cancelling paid>paid failed>failed closed>expired ' +
    'cancelling>cancelling cancelled>cancelled unknown>cancelling not-found>cancelling',
  paid: 'returned>returned',
  failed: '',
  expired: '',
  returned: '',
  cancelled: '',
  rejected: '',
};

t.test('every state and every event: where it leads, or a refusal that names the state', async (t) => {
  for (const state of PAYOUT_STATES) {
    const moves = new Map(MOVES[state].split(' ').map((move) => move.split('>') as [string, string]));
    for (const event of EVENTS) {
      const to = moves.get(event);
      if (to !== undefined) t.equal(after(state, event), to, `${state} ${event}`);
      else {
        const code = `order_${state.replaceAll('-', '_')}`;
        t.throws(
          () => after(state, event),
          { kind: 'conflict', code, state: { state } },
          `${state} ${event}`,
        );
      }
    }
    t.equal(
      Object.keys(TRANSITIONS[state]).length,
      moves.has('') ? 0 : moves.size,
      `${state} knows no other`,
    );
  }
});

t.test('what the table promises', async (t) => {
  const ways = (state: PayoutState): PayoutState[] => [...new Set(Object.values(TRANSITIONS[state]))];
  const reach = (from: PayoutState): Set<PayoutState> => {
    const seen = new Set<PayoutState>();
    const visit = (state: PayoutState): void => {
      for (const to of ways(state)) if (!seen.has(to) && seen.add(to)) visit(to);
    };
    visit(from);
    return seen;
  };
  t.same([...UNSENT, ...UNDER_WAY, ...ENDED].sort(), [...PAYOUT_STATES].sort(), 'a state is of one kind');
  for (const state of ENDED)
    t.same(ways(state), state === 'paid' ? ['returned'] : [], `${state} is an end, but for a late return`);
  for (const state of UNDER_WAY) {
    t.notOk(
      [...reach(state)].some((to) => UNSENT.includes(to)),
      `${state}: what was sent is never approved anew`,
    );
    t.ok(reach(state).has('paid') && reach(state).has('cancelled'));
    for (const event of DEEDS.filter((deed) => deed !== 'begin'))
      t.throws(() => after(state, event), `${state}: nobody but the rail ends it by ${event}`);
  }
  t.throws(() => after('cancelling', 'begin'), 'what is to be taken back is never sent again');
  for (const state of UNSENT.filter((state) => state !== 'approved'))
    t.throws(() => after(state, 'begin'), `${state}: nothing is sent without an approval`);
  t.notOk(GIVES_BACK.includes('paid') || GIVES_BACK.includes('returned'));
});
