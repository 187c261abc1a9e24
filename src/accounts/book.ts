import { z } from 'zod';
import { conflict } from '../kernel/errors.ts';
import { Currency, Id, MAX_INTEGER } from '../kernel/values.ts';
import { ACCOUNT_KINDS, type AccountKind } from '../kernel/vocabulary.ts';
import type { World } from '../ledger/world.ts';
import { postings } from '../lots/lots.tables.ts';
import { type Account, accounts } from './accounts.tables.ts';

const Change = z.int().min(-MAX_INTEGER).max(MAX_INTEGER);

/** What a fact does to accounts, in its private part: which it opens, what it posts, what it sets aside. */
export const BookEntry = z.strictObject({
  opens: z
    .array(
      z.strictObject({
        accountId: Id,
        kind: z.enum(ACCOUNT_KINDS),
        currency: Currency,
        organisationId: Id.optional(),
        siteId: Id.optional(),
      }),
    )
    .optional(),
  /** Minor units; a debit is positive. They sum to zero in each currency. */
  postings: z.array(z.strictObject({ accountId: Id, delta: Change })),
  /** Minor units set aside of what is owed; negative: given back. */
  holds: z.array(z.strictObject({ accountId: Id, delta: Change })).optional(),
});
export type BookEntry = z.infer<typeof BookEntry>;

/** Whose account it is; an earlier fact may tell just its id. A weigh-in's is for whoever brought it, while nobody knows who that was. */
export type Owner =
  | { personId: string }
  | { organisationId: string }
  | { siteId: string }
  | { collectionId: string }
  | { batchId: string }
  | { giftId: string };
export type AccountRef = {
  kind: AccountKind;
  currency: string;
  of: Owner | { accountId: string; siteId?: string };
};

/** Makes the id of an account out of its name, under a key outside the database. */
export type AccountIds = { accountId(name: string): string };

/** The id of an account follows from what it is: nobody needs to look it up, and nobody without the key can. */
export const idOfAccount = (ids: AccountIds, { kind, currency, of }: AccountRef): string => {
  if ('accountId' in of) return of.accountId;
  const [owner, id] = ownerOf(of);
  return ids.accountId(`${kind} ${currency} ${owner} ${id}`);
};

const ownerOf = (of: Owner): [kind: string, id: string] => {
  for (const kind in of) return [kind, (of as Record<string, string>)[kind]!];
  throw new Error('an account of nobody');
};

/** What is owed to people may not become a claim on them unsaid: these never go over to the other side. */
const NEVER_OVERDRAWN: readonly AccountKind[] = ['payable', 'provisional', 'suspense', 'fund'];
/** What cannot be spent when it is not there. A station's float may: what was paid at the quay was paid. */
const NEVER_SHORT: readonly AccountKind[] = ['bank', 'rail'];

/** A double entry in the making (domain, rule 6): debits and credits are gathered, and close to zero. */
export type Book = {
  /** Adds to what the programme has, or takes from what it owes. */
  debit(ref: AccountRef, amount: number): void;
  credit(ref: AccountRef, amount: number): void;
  /** Sets aside of what is owed; a negative amount gives back. */
  hold(ref: AccountRef, amount: number): void;
  /** As the entry leaves it so far. An account nobody opened yet is empty. */
  standing(ref: AccountRef): { balance: number; held: number };
  /** As `idOfAccount`, made once however often it is asked for. */
  idOf(ref: AccountRef): string;
  /**
   * The entry, for the private part of a fact; undefined when nothing moved. Throws 409 `beyond_balance` where more would
   * be spent than there is, and an Error when the sides differ, which is a fault of the rule.
   */
  close(): BookEntry | undefined;
};

type Line = { id: string; ref: AccountRef; known: Account | undefined; delta: number; held: number };

/** @param refs accounts it will surely move: loaded at once */
export const openBook = (world: World, ids: AccountIds, refs: readonly AccountRef[] = []): Book => {
  // By the very object first: a name is longer to write than an entry has lines.
  const idOfRef = new Map<AccountRef, string>();
  const idOf = (ref: AccountRef): string => {
    let id = idOfRef.get(ref);
    if (id === undefined) {
      id = idOfAccount(ids, ref);
      idOfRef.set(ref, id);
    }
    return id;
  };
  world.need(accounts, refs.map(idOf));
  const lines = new Map<string, Line>();
  const lineOf = (ref: AccountRef): Line => {
    const id = idOf(ref);
    let line = lines.get(id);
    if (line === undefined) {
      line = { id, ref, known: world.get(accounts, id), delta: 0, held: 0 };
      lines.set(id, line);
    }
    return line;
  };
  return {
    idOf,
    // Nothing to move: then the account need not be known.
    debit: (ref, amount) => {
      if (amount !== 0) lineOf(ref).delta += amount;
    },
    credit: (ref, amount) => {
      if (amount !== 0) lineOf(ref).delta -= amount;
    },
    hold: (ref, amount) => {
      if (amount !== 0) lineOf(ref).held += amount;
    },
    standing: (ref) => standingOf(lineOf(ref)),
    close: () => closed([...lines.values()].filter(({ delta, held }) => delta !== 0 || held !== 0)),
  };
};

const standingOf = ({ known, delta, held }: Line): { balance: number; held: number } => ({
  balance: (known?.balance ?? 0) + delta,
  held: (known?.held ?? 0) + held,
});

const closed = (moved: readonly Line[]): BookEntry | undefined => {
  if (moved.length === 0) return undefined;
  assertBalanced(moved);
  for (const line of moved) assertWithin(line.ref, standingOf(line));
  const opens = moved.filter(({ known }) => known === undefined);
  const holds = moved.filter(({ held }) => held !== 0);
  return {
    ...(opens.length === 0 ? {} : { opens: opens.map(({ id, ref }) => openingOf(id, ref)) }),
    postings: moved.flatMap(({ id: accountId, delta }) => (delta === 0 ? [] : [{ accountId, delta }])),
    ...(holds.length === 0
      ? {}
      : { holds: holds.map(({ id: accountId, held }) => ({ accountId, delta: held })) }),
  };
};

const openingOf = (accountId: string, { kind, currency, of }: AccountRef) => ({
  accountId,
  kind,
  currency,
  ...('organisationId' in of ? { organisationId: of.organisationId } : {}),
  ...('siteId' in of && of.siteId !== undefined ? { siteId: of.siteId } : {}),
});

/** Exact in plain numbers while no sum passes 2^53; in one currency, as nearly every entry is. */
const isPlainlyBalanced = (lines: readonly Line[]): boolean => {
  const { currency } = lines[0]!.ref;
  let sum = 0;
  for (const { ref, delta } of lines) {
    sum += delta;
    if (ref.currency !== currency || !Number.isSafeInteger(sum)) return false;
  }
  return sum === 0;
};

const assertBalanced = (lines: readonly Line[]): void => {
  if (isPlainlyBalanced(lines)) return;
  const sums = new Map<string, bigint>();
  for (const { ref, delta } of lines) sums.set(ref.currency, (sums.get(ref.currency) ?? 0n) + BigInt(delta));
  for (const [currency, sum] of sums)
    if (sum !== 0n) throw new Error(`debits and credits differ by ${sum} ${currency}`);
};

const assertWithin = (
  { kind, currency }: AccountRef,
  { balance, held }: { balance: number; held: number },
): void => {
  if (!Number.isSafeInteger(balance) || !Number.isSafeInteger(held))
    throw conflict('beyond_limit', 'An account holds at most 2^53 − 1 minor units.', { kind, currency });
  const overdrawn = NEVER_OVERDRAWN.includes(kind) && (balance + held > 0 || held < 0);
  if (overdrawn || (NEVER_SHORT.includes(kind) && balance < 0))
    throw conflict('beyond_balance', 'There is less on this account than that.', { kind, currency });
};

/** Puts what a fact's book entry says into the accounts, each with its posting. */
export const post = (world: World, seq: number, entry: BookEntry | undefined): void => {
  if (entry === undefined) return;
  for (const { accountId: id, kind, currency, organisationId = null, siteId = null } of entry.opens ?? [])
    world.put(accounts, {
      ...{ id, kind, currency, organisationId, siteId },
      ...{ seq, lastSeq: seq, balance: 0, held: 0 },
    });
  for (const { accountId, delta } of entry.postings) {
    const account = world.get(accounts, accountId)!;
    const after = account.balance + delta;
    world.put(accounts, { ...account, balance: after, lastSeq: seq });
    world.add(postings, { account: accountId, seq, delta, after });
  }
  for (const { accountId, delta } of entry.holds ?? []) {
    const account = world.get(accounts, accountId)!;
    world.put(accounts, { ...account, held: account.held + delta, lastSeq: seq });
  }
};
