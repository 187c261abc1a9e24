import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { idOfAccount } from '../accounts/book.ts';
import { WEIGHERS } from '../collection/collection.operations.ts';
import { type VoiceDeps, visibleWeighIn, weighInNow } from '../collection/confirmations.routes.ts';
import { factOf } from '../collection/corrections.routes.ts';
import type { ProvisionalEarning } from '../collection/earnings.tables.ts';
import { decided } from '../collection/re-earning.ts';
import { route } from '../http/route.ts';
import { notFound, unprocessable } from '../kernel/errors.ts';
import { toHex } from '../kernel/hash.ts';
import { dayIn } from '../kernel/time.ts';
import { Id } from '../kernel/values.ts';
import type { AnyFact, Caller } from '../ledger/fact.ts';
import { readEntry } from '../ledger/store.ts';
import type { PayoutOrder } from '../payouts/payouts.tables.ts';
import { maySee } from '../registry/access.ts';
import { hiddenPeople } from '../registry/people.queries.ts';
import { findById } from '../registry/registry.queries.ts';
import { paymentText, receiptCode, weighInText } from './receipt-text.ts';

const tag = 'passbook';
const Params = z.object({ id: Id });
const Link = z
  .string()
  .regex(/^[\x21-\x7e]{1,120}$/, 'must be an address in visible ASCII characters')
  .optional()
  .meta({ description: 'Put behind the text where there is room, such as a link to the passbook.' });

const ReceiptText = z
  .object({
    zh: z.string().meta({ description: 'At most 70 characters: one SMS in UCS-2.' }),
    en: z.string().meta({ description: 'At most 160 characters of the GSM alphabet.' }),
    code: z.string().meta({ description: 'Position in the ledger and the first digits of the leaf hash.' }),
  })
  .meta({ id: 'ReceiptText' });

/** The code of the fact at a position. */
const codeAt = async ({ pool }: VoiceDeps, seq: number): Promise<string> =>
  receiptCode(seq, toHex((await readEntry(pool, seq))!.leaf));

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

/** What a weigh-in earned by now: of one of its people, or of all of them. */
const slipOf = async (deps: VoiceDeps, fact: AnyFact, party: number | null) => {
  const now = await weighInNow(deps, fact);
  const waiting = await deps.db
    .withTables<{ provisionalEarnings: ProvisionalEarning }>()
    .selectFrom('provisionalEarnings')
    .select('state')
    .where('lotId', '=', fact.data.lotId)
    .executeTakeFirst();
  const parts = now.earned.map((part) => decided(part, waiting?.state ?? 'open'));
  const mine = party === null ? parts : parts.slice(party, party + 1);
  const { currency } = (fact.private.pricing ?? now.earning ?? {}) as { currency?: string };
  const seq: number = 'lastSeq' in now ? (now.lastSeq as number) : fact.seq;
  const amount = sum(mine.map(({ base, premium }) => base + premium));
  return {
    seq,
    slip: {
      ...{ day: fact.data.day, material: fact.data.material, form: fact.data.form, state: now.state },
      ...{ grossGrams: now.grossGrams, tareGrams: now.tareGrams },
      ...{ deductionGrams: now.deductionGrams, payGrams: now.payGrams },
      earning: currency === undefined ? null : { amount, currency },
      waits: sum(mine.map(({ waits }) => waits)),
      settled: sum(mine.map(({ settled }) => settled)),
    },
  };
};

type Payment = {
  personId: string | null;
  siteId: string | null;
  seq: number;
  day: string;
  paid: { amount: number; currency: string };
  rail: string;
  state: string;
};

/** A payout order, or cash that was paid at a station. undefined for any other id. */
const paymentOf = async (deps: VoiceDeps, id: string): Promise<Payment | undefined> => {
  const order = await deps.db
    .withTables<{ payoutOrders: PayoutOrder }>()
    .selectFrom('payoutOrders')
    .selectAll()
    .where('id', '=', id)
    .executeTakeFirst();
  if (order !== undefined) {
    const { personId, siteId, lastSeq: seq, amount, currency, rail, state } = order;
    const entry = await readEntry(deps.pool, seq);
    const { at } = JSON.parse(entry!.bytes.toString('utf8')) as { at: string };
    const day = dayIn(deps.programme.timeZone, Date.parse(at));
    return { personId, siteId, seq, day, paid: { amount, currency }, rail, state };
  }
  const fact = await factOf(deps, id);
  if (fact?.type !== 'cash.paid.v1') return undefined;
  const { amount, currency } = fact.private;
  const { siteId, day } = fact.data;
  const personId = fact.people[0]?.personId ?? null;
  return { personId, siteId, seq: fact.seq, day, paid: { amount, currency }, rail: 'cash', state: 'paid' };
};

const visiblePayment = async (deps: VoiceDeps, caller: Caller, id: string): Promise<Payment> => {
  const payment = await paymentOf(deps, id);
  if (payment?.personId == null) throw notFound('payment');
  const site = payment.siteId === null ? undefined : await findById(deps.db, 'sites', payment.siteId);
  const sees = caller.role === 'payer' || maySee(caller, site?.organisationId ?? '', payment.siteId);
  const hidden = await hiddenPeople(deps.db, caller, [payment.personId]);
  if (!sees || hidden.size > 0) throw notFound('payment');
  return payment;
};

/** What the programme owes a person by now, in minor units. */
const owedTo = async ({ pool, keyring }: VoiceDeps, personId: string, currency: string): Promise<number> => {
  const { rows } = await pool.query<{ balance: number }>('SELECT balance FROM accounts WHERE id = $1', [
    idOfAccount(keyring, { kind: 'payable', currency, of: { personId } }),
  ]);
  return 0 - (rows[0]?.balance ?? 0);
};

export const receiptRoutes = (app: FastifyInstance, deps: VoiceDeps): void => {
  route(app, {
    method: 'GET',
    url: '/v1/collections/:id/receipt-text',
    operationId: 'getCollectionReceiptText',
    tag,
    summary: {
      en: 'A weigh-in as it is by now in the text of one SMS, for all of its people or for one of them',
      zh: '称重凭证短信（一条以内），可指定其中一人',
    },
    access: WEIGHERS,
    params: Params,
    query: z.strictObject({ collectorId: Id.optional(), link: Link }),
    response: ReceiptText,
    errors: { 422: 'The collector did not hand this in' },
    handler: async ({ params, query: { collectorId, link }, caller }) => {
      const fact = await visibleWeighIn(deps, caller, params.id);
      const found = fact.people.findIndex((person) => person?.personId === collectorId);
      const hidden =
        collectorId !== undefined && (await hiddenPeople(deps.db, caller, [collectorId])).size > 0;
      if (collectorId !== undefined && (found === -1 || hidden))
        throw unprocessable('not_a_party', '/querystring/collectorId', 'did not hand this in');
      const { seq, slip } = await slipOf(deps, fact, collectorId === undefined ? null : found);
      const code = await codeAt(deps, seq);
      const whole = { ...slip, code, link };
      return { zh: weighInText(whole, 'zh'), en: weighInText(whole, 'en'), code };
    },
  });
  route(app, {
    method: 'GET',
    url: '/v1/payments/:id/receipt-text',
    operationId: 'getPaymentReceiptText',
    tag,
    summary: {
      en: 'A payout order, or cash paid at a station, in the text of one SMS',
      zh: '付款凭证短信：付款单或站点现金',
    },
    access: ['operator', 'station', 'payer'],
    params: Params,
    query: z.strictObject({ link: Link }),
    response: ReceiptText,
    handler: async ({ params, query: { link }, caller }) => {
      const payment = await visiblePayment(deps, caller, params.id);
      const { day, paid, rail, state, seq } = payment;
      const owed = await owedTo(deps, payment.personId!, paid.currency);
      const code = await codeAt(deps, seq);
      const slip = { day, paid, rail, state, owed, code, link };
      return { zh: paymentText(slip, 'zh'), en: paymentText(slip, 'en'), code };
    },
  });
};
