import { dayIn } from '../kernel/time.ts';
import { openParticulars } from '../registry/people.particulars.ts';
import { findCollector } from '../registry/people.queries.ts';
import { type Bag, type BagReader, bagSeqs, bagsAt } from './bags.ts';
import { type Destinations, destinationsOf } from './destinations.ts';
import { type MoneyLine, moneyOf, standingOf, underWay } from './money.ts';
import type { BagView, Month, PassbookAccount, PassbookView } from './passbook.schema.ts';

export type PassbookReader = BagReader & {
  programme: { currency: string; timeZone: string };
  follower: { position: number; catchUp(): Promise<void> };
};

/** How many weigh-ins are read together, so that memory stays flat for somebody with thousands. */
const AT_ONCE = 200;

/** Calls `see` with every bag of the person, the newest first, some at a time. */
const forEachBag = async (
  reader: PassbookReader,
  personId: string,
  dayOf: (ms: number) => string,
  see: (bag: Bag) => void,
): Promise<void> => {
  for (let before = Number.MAX_SAFE_INTEGER; ; ) {
    const seqs = await bagSeqs(reader.pool, personId, before, AT_ONCE);
    for (const bag of await bagsAt(reader, personId, seqs, dayOf)) see(bag);
    if (seqs.length < AT_ONCE) return;
    before = seqs.at(-1)!;
  }
};

/** What of a bag is owed at once or was paid: all but what waits. */
const owedFor = ({ earned }: Bag): number =>
  earned === null ? 0 : earned.base + earned.premium - earned.waits;

const monthsOf = (bags: readonly Bag[], lines: readonly MoneyLine[]): Month[] => {
  const months = new Map<string, Month>();
  const at = (day: string): Month => {
    const month = day.slice(0, 7);
    const known = months.get(month) ?? { month, bags: 0, grams: 0, earned: 0, paid: 0 };
    months.set(month, known);
    return known;
  };
  for (const bag of bags) {
    const month = at(bag.day);
    month.bags += bag.state === 'voided' ? 0 : 1;
    month.grams += bag.state === 'voided' ? 0 : bag.netGrams;
    month.earned += owedFor(bag);
  }
  for (const { kind, day, amount, tax } of lines) {
    if (kind === 'bonus') at(day).earned += amount + tax;
    else if (kind !== 'inherited') at(day).paid += kind === 'returned' ? -amount : amount;
  }
  return [...months.values()].sort((a, b) => (a.month < b.month ? 1 : -1));
};

const settledAtScale = ({ id, day, earned, last }: Bag): MoneyLine[] =>
  earned === null || earned.settled === 0
    ? []
    : [
        {
          ...{ ...last, day, currency: earned.currency, kind: 'scale', amount: earned.settled, tax: 0 },
          ...{ rail: earned.inGoods ? 'goods' : null, batchCode: null, subjectId: id },
        },
      ];

/** What people earned and were paid in one currency, month by month. */
const accountIn = async (
  reader: PassbookReader,
  personId: string,
  currency: string,
  bags: readonly Bag[],
  asOfSeq: number,
  dayOf: (ms: number) => string,
): Promise<PassbookAccount> => {
  const standing = await standingOf(reader, personId, currency, asOfSeq);
  const { lines, orders } = await moneyOf(reader, personId, currency, asOfSeq, dayOf);
  const mine = bags.filter(({ earned }) => (earned?.currency ?? reader.programme.currency) === currency);
  const money = [...lines, ...mine.flatMap(settledAtScale)].sort((a, b) => b.seq - a.seq);
  const months = monthsOf(mine, money);
  return {
    ...standing,
    earned: months.reduce((sum, { earned }) => sum + earned, 0),
    paid: months.reduce((sum, { paid }) => sum + paid, 0),
    months,
    money: money.map(({ leafHash: _, currency: __, ...line }) => line),
    underWay: underWay(orders)
      .filter((order) => order.currency === currency)
      .map(({ id, rail, state, amount }) => ({ id, rail, state, amount })),
  };
};

const NOWHERE: Destinations = { leftGrams: 0, batches: [] };

const viewOf = (bag: Bag, destinations: Destinations): BagView => {
  const {
    lotId: _,
    key: __,
    seq,
    leafHash,
    siteId,
    siteName,
    party: ___,
    last: ____,
    dispute,
    ...shown
  } = bag;
  return {
    ...shown,
    site: { id: siteId, name: siteName },
    dispute: dispute && { ...dispute, dueAt: new Date(dispute.dueAt).toISOString() },
    destinations,
    receipt: { seq, leafHash },
  };
};

/** A person's bags and money as their passbook shows them, before paging. */
export type Account = {
  name: string;
  asOfSeq: number;
  bags: Bag[];
  accounts: PassbookAccount[];
};

/**
 * All of a person's bags, the newest first, and their money by currency. undefined for somebody restricted or erased.
 * The cost grows with the person's own facts, not with the ledger.
 */
export const readAccount = async (reader: PassbookReader, personId: string): Promise<Account | undefined> => {
  const { db, keyring, follower, programme } = reader;
  const person = await findCollector(db, personId);
  if (person === undefined || person.state === 'restricted' || person.state === 'erased') return undefined;
  await follower.catchUp();
  const asOfSeq = follower.position - 1;
  const dayOf = (ms: number): string => dayIn(programme.timeZone, ms);
  const bags: Bag[] = [];
  await forEachBag(reader, personId, dayOf, (bag) => bags.push(bag));
  const currencies = new Set([programme.currency, ...bags.flatMap(({ earned }) => earned?.currency ?? [])]);
  const accounts: PassbookAccount[] = [];
  for (const currency of currencies)
    accounts.push(await accountIn(reader, personId, currency, bags, asOfSeq, dayOf));
  return { name: openParticulars(keyring, person)?.name ?? '', asOfSeq, bags, accounts };
};

/** A page of the passbook: what waits for its collector first, then the newest. `after` counts bags in that order. */
export const passbookPage = async (
  reader: PassbookReader,
  { name, asOfSeq, bags, accounts }: Account,
  after: number,
  limit: number,
): Promise<Omit<PassbookView, 'expiresAt' | 'nextCursor'> & { more: boolean }> => {
  const open = bags.filter((bag) => bag.open);
  const ordered = [...open, ...bags.filter((bag) => !bag.open)];
  const shown = ordered.slice(after, after + limit);
  const destinations = await destinationsOf(reader.pool, shown);
  const weighed = bags.filter(({ state }) => state !== 'voided');
  return {
    ...{ name, asOfSeq, accounts, open: open.length, bags: weighed.length },
    lifetimeGrams: weighed.reduce((sum, { netGrams }) => sum + netGrams, 0),
    items: shown.map((bag) => viewOf(bag, destinations.get(bag.lotId) ?? NOWHERE)),
    more: ordered.length > after + limit,
  };
};
