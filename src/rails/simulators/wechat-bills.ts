/** The books of a simulated WeChat Pay: bills by number, a balance, and payees who confirm or do not. No I/O. */

const CONFIRM_WITHIN = 86_400_000;
const QUERY_WITHIN = 30 * 86_400_000;

export type SimulatedState =
  | 'PROCESSING'
  | 'WAIT_USER_CONFIRM'
  | 'TRANSFERING'
  | 'SUCCESS'
  | 'FAIL'
  | 'CANCELING'
  | 'CANCELLED';

export type SimulatedBill = {
  number: string;
  wechatNumber: string;
  openid: string;
  name?: string;
  amount: number;
  /** What was sent, as text that is equal for equal content. */
  content: string;
  notifyUrl: string;
  state: SimulatedState;
  failReason?: string;
  createdAt: number;
  updatedAt: number;
};

export type SimulatedRequest = Pick<
  SimulatedBill,
  'number' | 'openid' | 'name' | 'amount' | 'content' | 'notifyUrl'
>;

export type Refusal = { status: number; code: string };

export class SimulatedBooks {
  /** Fen the merchant has left; what a bill locks is taken off and comes back when it ends unpaid. */
  balance = 100_000_000;
  /** Real names by OpenID; one who is not listed bears any name. */
  readonly names = new Map<string, string>();
  /** With too small a balance: refuse the bill (`refuse`), or take it and leave it locking (`wait`). */
  whenEmpty: 'wait' | 'refuse' = 'wait';
  /** Whether payees confirm by themselves as soon as they are asked. */
  confirmsAtOnce = false;
  /** Cancelling waits in CANCELING until `settle` is called. */
  cancelsSlowly = false;
  readonly bills = new Map<string, SimulatedBill>();
  readonly payments: { number: string; openid: string; amount: number }[] = [];
  private readonly ended: (bill: SimulatedBill) => void;

  /** `ended` hears of every bill that came to an end, at that moment. */
  constructor(ended: (bill: SimulatedBill) => void) {
    this.ended = ended;
  }

  /** Fen paid out in all. */
  paid(): number {
    return this.payments.reduce((sum, payment) => sum + payment.amount, 0);
  }

  create(request: SimulatedRequest, now: number): SimulatedBill | Refusal {
    this.tick(now);
    const known = this.bills.get(request.number);
    if (known !== undefined)
      return known.content === request.content ? known : { status: 400, code: 'ALREADY_EXISTS' };
    if (this.balance < request.amount && this.whenEmpty === 'refuse')
      return { status: 403, code: 'NOT_ENOUGH' };
    const bill: SimulatedBill = {
      ...request,
      wechatNumber: `1330${String(this.bills.size + 1).padStart(20, '0')}`,
      state: 'PROCESSING',
      createdAt: now,
      updatedAt: now,
    };
    this.bills.set(bill.number, bill);
    this.lock(bill, now);
    return bill;
  }

  query(number: string, now: number): SimulatedBill | Refusal {
    this.tick(now);
    const bill = this.bills.get(number);
    if (bill === undefined || now - bill.createdAt > QUERY_WITHIN) return { status: 404, code: 'NOT_FOUND' };
    return bill;
  }

  cancel(number: string, now: number): SimulatedBill | Refusal {
    const bill = this.query(number, now);
    if ('status' in bill) return bill;
    if (bill.state === 'CANCELING' || bill.state === 'CANCELLED') return bill;
    if (bill.state !== 'WAIT_USER_CONFIRM' && bill.state !== 'PROCESSING')
      return { status: 400, code: 'INVALID_REQUEST' };
    if (bill.state === 'WAIT_USER_CONFIRM') this.balance += bill.amount;
    this.move(bill, 'CANCELING', now);
    if (!this.cancelsSlowly) this.settle(number, now);
    return bill;
  }

  /** The payee presses the button. Nothing happens to a bill that does not wait for it. */
  confirm(number: string, now: number): void {
    this.tick(now);
    const bill = this.bills.get(number);
    if (bill?.state !== 'WAIT_USER_CONFIRM') return;
    const real = this.names.get(bill.openid);
    if (bill.name !== undefined && real !== undefined && real !== bill.name) {
      this.balance += bill.amount;
      this.end(bill, 'FAIL', now, 'NAME_NOT_CORRECT');
      return;
    }
    this.payments.push({ number, openid: bill.openid, amount: bill.amount });
    this.end(bill, 'SUCCESS', now);
  }

  /** Ends a cancelling that was made to wait. */
  settle(number: string, now: number): void {
    const bill = this.bills.get(number);
    if (bill?.state === 'CANCELING') this.end(bill, 'CANCELLED', now, 'MCH_CANCEL');
  }

  /** What time does by itself: bills nobody confirmed close, bills that waited for money are locked. */
  tick(now: number): void {
    for (const bill of this.bills.values()) {
      if (bill.state === 'PROCESSING') this.lock(bill, now);
      if (!['PROCESSING', 'WAIT_USER_CONFIRM'].includes(bill.state)) continue;
      if (now - bill.createdAt < CONFIRM_WITHIN) continue;
      if (bill.state === 'WAIT_USER_CONFIRM') this.balance += bill.amount;
      this.end(bill, 'FAIL', now, 'OVERDUE_CLOSE');
    }
  }

  private lock(bill: SimulatedBill, now: number): void {
    if (this.balance < bill.amount) return;
    this.balance -= bill.amount;
    this.move(bill, 'WAIT_USER_CONFIRM', now);
    if (this.confirmsAtOnce) this.confirm(bill.number, now);
  }

  private move(bill: SimulatedBill, state: SimulatedState, now: number): void {
    bill.state = state;
    bill.updatedAt = now;
  }

  private end(bill: SimulatedBill, state: SimulatedState, now: number, reason?: string): void {
    this.move(bill, state, now);
    if (reason !== undefined) bill.failReason = reason;
    this.ended(bill);
  }
}
