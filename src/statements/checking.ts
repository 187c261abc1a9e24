import { connectionLost } from '../db/errors.ts';
import type { Reader } from '../db/reader.ts';
import { sha256 } from '../kernel/hash.ts';
import { instant } from '../kernel/time.ts';
import { parseCheckpoint } from '../ledger/checkpoint.ts';
import { type Entry, leafHash } from '../ledger/entry.ts';
import { readNamedKeys } from '../ledger/key-files.ts';
import { signsAt } from '../ledger/key-history.ts';
import { verifyEd25519 } from '../ledger/log-key.ts';
import { formatKey, parseNote, verifyNote } from '../ledger/note.ts';
import { rootFromInclusion, same } from '../ledger/proof.ts';
import type { Publisher } from '../ledger/publisher.ts';
import { type Queryable, readEntriesAt } from '../ledger/store.ts';
import type { Tree } from '../ledger/tree.ts';
import { factBefore, type Stated, statedBy } from './stated.ts';
import type { Statement } from './statements.tables.ts';

export const VERDICTS = [
  'valid',
  'suspended',
  'revoked',
  'superseded',
  'expired',
  'not-yet-valid',
  'unknown',
  'tampered',
  'test',
] as const;
export type Verdict = (typeof VERDICTS)[number];

/** Most facts of one statement that are looked at: approvals, suspensions, and those of what it replaced. */
const MOST_FACTS = 200;

export type CheckDeps = { db: Reader; pool: Queryable; publisher: Publisher; tree: Tree };

/** The checkpoint that everything is held against, and who signed it. */
type Signed = { size: number; root: Uint8Array; origin: string; key: string } | null;

const signedNow = async ({ pool, publisher }: CheckDeps): Promise<Signed> => {
  const found = await publisher.current();
  if (found === null) return null;
  const note = parseNote(found.note);
  const keys = (await readNamedKeys(pool)).filter((key) => signsAt(key, found.size)).map(({ key }) => key);
  const [first] = verifyNote(note, keys, verifyEd25519);
  if (first === undefined) return null;
  const { origin, size, root } = parseCheckpoint(note.text);
  return { origin, size, root, key: formatKey(first.key) };
};

/** Facts of many statements, each from the last one backwards, read together. */
export const factsOf = async (pool: Queryable, rows: readonly Statement[]): Promise<Map<string, Entry[]>> => {
  const found = new Map<string, Entry[]>(rows.map(({ id }) => [id, []]));
  let next = new Map(rows.map(({ id, lastSeq }) => [id, lastSeq]));
  for (let round = 0; next.size > 0 && round < MOST_FACTS; round++) {
    const stored = await readEntriesAt(pool, [...new Set(next.values())]);
    const at = new Map(stored.map(({ seq, bytes }) => [seq, bytes]));
    const before = new Map<string, number>();
    for (const [id, seq] of next) {
      const bytes = at.get(seq);
      const entry = bytes === undefined ? undefined : parsed(bytes);
      if (entry === undefined) continue;
      found.get(id)!.unshift(entry);
      const earlier = factBefore(entry);
      if (earlier !== null && earlier < seq) before.set(id, earlier);
    }
    next = before;
  }
  return found;
};

/** undefined where the bytes are no entry: somebody changed them. */
const parsed = (bytes: Buffer): Entry | undefined => {
  try {
    return JSON.parse(bytes.toString('utf8')) as Entry;
  } catch {
    return undefined;
  }
};

/** Of these entries, those whose bytes are under the checkpoint. */
const provenUnder = async (
  { pool, tree }: CheckDeps,
  signed: NonNullable<Signed>,
  seqs: readonly number[],
): Promise<Set<number>> => {
  const covered = seqs.filter((seq) => seq < signed.size);
  const stored = await readEntriesAt(pool, covered);
  const proofs = await tree.inclusions(
    stored.map(({ seq }) => seq),
    signed.size,
  );
  const proven = new Set<number>();
  for (const [i, { seq, bytes }] of stored.entries()) {
    const root = rootFromInclusion(sha256, seq, signed.size, leafHash(sha256, bytes), proofs[i]!);
    if (same(root, signed.root)) proven.add(seq);
  }
  return proven;
};

/** Whether the row says what its facts do. */
const agrees = (row: Statement, stated: Stated): boolean =>
  row.code === stated.code &&
  row.state === stated.state &&
  row.grams === stated.grams &&
  row.ofGrams === stated.ofGrams &&
  row.scheme === stated.scheme &&
  row.schemeVersion === stated.schemeVersion &&
  row.batchId === stated.batchId &&
  row.custodyModel === stated.custodyModel &&
  row.validUntil === stated.validUntil;

/** What the facts make of it at that time, in milliseconds since 1970. */
export const verdictOf = ({ state, validUntil, issuedAt }: Stated, now: number): Verdict => {
  if (state === 'suspended' || state === 'superseded') return state;
  if (state !== 'issued') return 'revoked';
  if (issuedAt !== null && now < Date.parse(issuedAt)) return 'not-yet-valid';
  return validUntil !== null && now >= validUntil ? 'expired' : 'valid';
};

export type Checked = {
  code: string;
  verdict: Verdict;
  /** Whether the facts are in the log as it was signed. Null where there is nothing to look for. */
  signature: { valid: boolean; origin: string; key: string; size: number; seq: number } | null;
  statement: Stated | null;
  reasons: string[];
  /** When it was looked at. */
  checkedAt: string;
};

/** Codes as people type them: lower case, with blanks and dashes, 0 for O and 1 for I or L (Crockford). */
export const plainCode = (typed: string): string =>
  typed.toUpperCase().replace(/[\s-]/g, '').replaceAll('O', '0').replace(/[IL]/g, '1');

/** A code as it is kept: 16 digits and letters of Crockford's alphabet. */
export const CODE = /^[0-9A-HJKMNP-TV-Z]{16}$/;

/**
 * What is to be said of each code, in the order asked: the statement's facts are read anew, held against the last
 * signed checkpoint, and against what the tables say. What cannot be read at all was tampered with.
 *
 * @param now milliseconds since 1970
 */
export const checkCodes = async (
  deps: CheckDeps,
  codes: readonly string[],
  now: number,
): Promise<Checked[]> => {
  try {
    return await checkTogether(deps, codes, now);
  } catch (error) {
    if (connectionLost(error as Error)) throw error;
    if (codes.length === 1) return [unreadable(codes[0]!, now)];
    const checked: Checked[] = [];
    for (const code of codes) checked.push(...(await checkCodes(deps, [code], now)));
    return checked;
  }
};

const unreadable = (code: string, now: number): Checked => ({
  ...{ code, verdict: 'tampered', signature: null, statement: null },
  ...{ reasons: ['unreadable'], checkedAt: instant(now) },
});

const checkTogether = async (deps: CheckDeps, codes: readonly string[], now: number): Promise<Checked[]> => {
  const plain = codes.map(plainCode);
  const wanted = [...new Set(plain.filter((code) => CODE.test(code)))];
  const rows =
    wanted.length === 0
      ? []
      : await deps.db
          .withTables<{ statements: Statement }>()
          .selectFrom('statements')
          .selectAll()
          .where('code', 'in', wanted)
          .execute();
  const byCode = new Map(rows.map((row) => [row.code!, row]));
  const signed = rows.length === 0 ? null : await signedNow(deps);
  const facts = await factsOf(deps.pool, rows);
  const seqs = [...new Set([...facts.values()].flatMap((entries) => entries.map(({ seq }) => seq)))];
  const proven =
    signed === null
      ? new Set<number>()
      : await provenUnder(
          deps,
          signed,
          seqs.sort((a, b) => a - b),
        );
  const checkedAt = instant(now);
  return plain.map((code, i): Checked => {
    const row = byCode.get(code);
    if (row === undefined) {
      const reasons = [CODE.test(code) ? 'no-such-code' : 'not-a-code'];
      return { code: codes[i]!, verdict: 'unknown', signature: null, statement: null, reasons, checkedAt };
    }
    const entries = facts.get(row.id)!;
    const stated = statedBy(row.id, entries);
    const waiting = signed !== null && row.lastSeq >= signed.size;
    const valid =
      signed !== null && entries.every(({ seq }) => proven.has(seq) || (waiting && seq >= signed.size));
    const signature = signed && {
      valid,
      origin: signed.origin,
      key: signed.key,
      size: signed.size,
      seq: row.lastSeq,
    };
    const faults = [
      ...(signed === null ? ['no-signed-checkpoint'] : []),
      ...(valid ? [] : ['not-in-the-signed-log']),
      ...(stated === null || stated.seq !== row.lastSeq || !agrees(row, stated)
        ? ['tables-differ-from-log']
        : []),
    ];
    const verdict = faults.length > 0 || stated === null ? 'tampered' : verdictOf(stated, now);
    const reasons = faults.length > 0 ? faults : reasonsOf(verdict, stated!, waiting);
    return { code, verdict, signature, statement: stated, reasons, checkedAt };
  });
};

const reasonsOf = (verdict: Verdict, { state }: Stated, waiting: boolean): string[] => [
  ...(verdict === 'revoked' ? [state] : []),
  ...(waiting ? ['latest-fact-not-signed-yet'] : []),
];
