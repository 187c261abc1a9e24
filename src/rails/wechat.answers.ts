import { z } from 'zod';
import type { Outcome, Seen } from './rail.ts';

/**
 * What WeChat Pay's words mean to us. A state of a bill is the only thing that ends a transfer: an error code speaks
 * of one request, never of the bill ("status and error code stand for this request only; a new number only once the
 * query says that it failed", pay.weixin.qq.com, 发起转账).
 */

const text = z.string().max(256);

const Bill = z.object({
  mch_id: text.optional(),
  out_bill_no: text,
  transfer_bill_no: text.optional(),
  state: text,
  transfer_amount: z.int().optional(),
  package_info: z.string().max(4096).optional(),
  fail_reason: text.nullish(),
  create_time: text.optional(),
  update_time: text.optional(),
});

const Complaint = z.object({ code: z.string() });

/** A code as it may be logged; anything else might be a sentence, and a sentence might hold a name. */
const asCode = (code: string): string => (/^[A-Z][A-Z0-9_]{0,63}$/.test(code) ? code : 'unreadable_code');

/** Codes that say: this request was not taken up, and not because of a bill of the same number. */
const REFUSALS = new Set(['PARAM_ERROR', 'NO_AUTH']);

/** `{"code": …}` of a signed answer that is no success. Only a query hears that a bill is not there, only a sending is refused. */
export const complaint = (body: unknown, to: 'submit' | 'query' | 'cancel'): Outcome => {
  const parsed = Complaint.safeParse(body);
  if (!parsed.success) return { kind: 'unknown', code: 'unreadable_answer' };
  const code = asCode(parsed.data.code);
  if (to === 'query' && code === 'NOT_FOUND') return { kind: 'not-found' };
  return { kind: 'unknown', code, ...(to === 'submit' && REFUSALS.has(code) ? { refused: true } : {}) };
};

const withState = (state: string, seen: Seen, confirmation?: string, reason?: string): Outcome => {
  switch (state) {
    case 'ACCEPTED':
    // Locking the money: stays so while the balance is too small.
    case 'PROCESSING':
    case 'TRANSFERING':
      return { kind: 'accepted', ...seen };
    case 'WAIT_USER_CONFIRM':
      return { kind: 'awaiting-confirmation', ...seen, ...(confirmation ? { confirmation } : {}) };
    case 'SUCCESS':
      return { kind: 'paid', ...seen };
    case 'FAIL': {
      const code = asCode(reason ?? 'OTHER_FAIL_REASON_TYPE');
      // Nobody confirmed within 24 hours (doc/v3/merchant 4013774966).
      return { kind: code === 'OVERDUE_CLOSE' ? 'closed' : 'failed', code, ...seen };
    }
    case 'CANCELING':
      return { kind: 'cancelling', ...seen };
    case 'CANCELLED':
      return { kind: 'cancelled', ...seen };
    default:
      // A word that came later than this page: neither an end nor a beginning.
      return { kind: 'unknown', code: 'unheard_of_state', ...seen };
  }
};

/**
 * A bill as an answer or a notification tells it. One of another number or merchant is none: a signed answer to one
 * question must not pass for the answer to another.
 */
export const billOutcome = (
  body: unknown,
  expected: { reference?: string; merchantId: string; amount?: number },
): Outcome & { reference?: string } => {
  const parsed = Bill.safeParse(body);
  if (!parsed.success) return { kind: 'unknown', code: 'unreadable_answer' };
  const bill = parsed.data;
  const foreign =
    (expected.reference !== undefined && bill.out_bill_no !== expected.reference) ||
    (bill.mch_id !== undefined && bill.mch_id !== expected.merchantId);
  if (foreign) return { kind: 'unknown', code: 'another_bill' };
  const amount = bill.transfer_amount;
  if (amount !== undefined && expected.amount !== undefined && amount !== expected.amount)
    return { kind: 'unknown', code: 'another_amount' };
  const seen: Seen = { railState: asCode(bill.state) };
  if (bill.transfer_bill_no !== undefined) seen.railReference = bill.transfer_bill_no;
  if (amount !== undefined) seen.amount = amount;
  const at = bill.update_time ?? bill.create_time;
  if (at !== undefined) seen.at = at;
  const outcome = withState(bill.state, seen, bill.package_info, bill.fail_reason ?? undefined);
  return { ...outcome, reference: bill.out_bill_no };
};
