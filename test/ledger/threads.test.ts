import t from 'tap';
import { sha256, toHex } from '../../src/kernel/hash.ts';
import { type Held, type LedgerSource, verifyEntries } from '../../src/ledger/check.ts';
import { appendLeaf, appendSubtree, type Frontier, rootOf } from '../../src/ledger/merkle.ts';
import { subtreesOf } from '../../src/ledger/proof.ts';
import type { SourceEntry } from '../../src/ledger/range.ts';
import { RangePool } from '../../src/ledger/range-pool.ts';
import { LedgerFault } from '../../src/ledger/verify.ts';
import { type MadeLog, makeLog } from '../support/log.ts';

const BATCH = 37;
const SIZE = 700;

/** Entries in small batches, so that many are under way at once; `fault` is what the reader meets at its end. */
const sourceOf = (entries: readonly SourceEntry[], note: string, fault?: LedgerFault): LedgerSource => ({
  batches: (async function* () {
    for (let at = 0; at < entries.length; at += BATCH) yield entries.slice(at, at + BATCH);
    if (fault !== undefined) throw fault;
  })(),
  head: () => ({ size: entries.length }),
  notes: async () => [note],
  opened: false,
});

/** What is found, as text: everything of a good ledger, or position, kind and words of the fault. */
const judge = async (source: LedgerSource, held: Held): Promise<string> => {
  let seen = 0;
  try {
    const verified = await verifyEntries(
      source,
      (batch) => {
        seen += batch.length;
      },
      held,
    );
    const { frontier, ...standing } = verified.reached.standing;
    const reached = { ...verified.reached, standing };
    return JSON.stringify({ ...verified, reached, frontier: frontier.map(toHex), seen });
  } catch (error) {
    if (!(error instanceof LedgerFault)) throw error;
    return `${error.seq} ${error.kind} ${error.message}`;
  }
};

const good = makeLog(SIZE);
const stored = (log: MadeLog): SourceEntry[] =>
  log.entries.map((bytes, seq) => ({ bytes, seq, leaf: log.leaves[seq]! }));

t.test('however many threads check, the answer is the same', async (t) => {
  const pools = [1, 2, 3].map((count) => ({ pool: new RangePool(count), workersAfter: 100 * (count - 1) }));
  t.teardown(() => Promise.all(pools.map(({ pool }) => pool.close())));
  const entries = stored(good);
  const at = (seq: number, change: (entry: SourceEntry) => SourceEntry): SourceEntry[] =>
    entries.map((entry, i) => (i === seq ? change(entry) : entry));
  const edit = (seq: number, from: string | RegExp, to: string): SourceEntry[] =>
    at(seq, ({ bytes }) => ({ bytes: Buffer.from(Buffer.from(bytes).toString().replace(from, to)) }));
  const note = good.noteAt(SIZE);
  const twisted = (seq: number, more: object): SourceEntry[] =>
    makeLog(SIZE, (entry, i) => (i === seq ? { ...entry, ...more } : entry)).entries.map((bytes) => ({
      bytes,
    }));
  const cases: [string, SourceEntry[], string, LedgerFault?][] = [
    ['good', entries, '{'],
    ['good, without what the source says', good.entries.map((bytes) => ({ bytes })), '{'],
    // The first and last of a batch, and one inside.
    ...[2 * BATCH, 3 * BATCH - 1, 2 * BATCH + 9].flatMap((seq): [string, SourceEntry[], string][] => [
      ['another figure', edit(seq, `"grams":${seq}`, `"grams":${seq + 1}`), `${seq + 1} broken-chain`],
      ['not canonical', edit(seq, `"grams":${seq}`, `"grams": ${seq}`), `${seq} not-canonical`],
      ['not JSON', edit(seq, '{', ''), `${seq} not-json`],
      ['another place', edit(seq, `"seq":${seq}`, `"seq":${seq + 1}`), `${seq} wrong-seq`],
      ['another log', edit(seq, 'example.com/log', 'example.com/lob'), `${seq} wrong-origin`],
      ['a text as place', edit(seq, `"seq":${seq}`, `"seq":"${seq}"`), `${seq} wrong-seq`],
      ['left out', entries.filter((_, i) => i !== seq), `${seq} wrong-seq`],
      ['another leaf', at(seq, (e) => ({ ...e, leaf: Buffer.alloc(32) })), `${seq} wrong-leaf`],
      ['a short leaf', at(seq, (e) => ({ ...e, leaf: e.leaf!.subarray(1) })), `${seq} wrong-leaf`],
      ['a place it does not stand in', at(seq, (e) => ({ ...e, seq: seq + 1 })), `${seq} wrong-seq`],
      ['no time', twisted(seq, { at: '2126' }), `${seq} time-goes-back`],
      ['an earlier time', twisted(seq, { at: '2006-01-01T00:00:00.000Z' }), `${seq} time-goes-back`],
    ]),
    [
      'two faults',
      at(500, (e) => ({ ...e, leaf: Buffer.alloc(32) })).map((e, i) =>
        i === 430 ? { ...e, leaf: Buffer.alloc(32) } : e,
      ),
      '430 wrong-leaf',
    ],
    [
      'a fault before the place where reading fails',
      at(680, (e) => ({ ...e, leaf: Buffer.alloc(32) })),
      '680 wrong-leaf',
      new LedgerFault(SIZE, 'cut-off', 'gone'),
    ],
    ['reading fails', entries, `${SIZE} cut-off`, new LedgerFault(SIZE, 'cut-off', 'gone')],
    ['another history', makeLog(SIZE).entries.map((bytes) => ({ bytes })), `${SIZE - 1} wrong-checkpoint`],
  ];
  const kept = [good.noteAt(1), good.noteAt(100), good.noteAt(2 * BATCH), good.noteAt(SIZE - 1)];
  for (const [what, list, expected, fault] of cases) {
    const alone = await judge(sourceOf(list, note, fault), { kept: what === 'good' ? kept : [] });
    t.ok(alone.startsWith(expected), `${what}: ${alone}`);
    for (const { pool, workersAfter } of pools) {
      const held = { kept: what === 'good' ? kept : [], pool, workersAfter };
      t.equal(
        await judge(sourceOf(list, note, fault), held),
        alone,
        `${what}, ${pool.depth / 2} threads from ${workersAfter}`,
      );
    }
  }
});

t.test('threads of its own end with the check', async (t) => {
  const note = good.noteAt(SIZE);
  const alone = await judge(sourceOf(stored(good), note), {});
  t.equal(await judge(sourceOf(stored(good), note), { workers: 2, workersAfter: 0 }), alone);
  t.equal(process.getActiveResourcesInfo().filter((name) => name === 'MessagePort').length, 0);
});

t.test('ranges joined make the tree of their leaves, wherever they are cut', async (t) => {
  const whole: Frontier = [];
  const leaves = good.leaves.slice(0, 66);
  let joins = 0;
  for (let size = 0; size < leaves.length; size++) {
    appendLeaf(sha256, whole, size, leaves[size]!);
    for (let cut = 0; cut <= size + 1; cut++) {
      const joined: Frontier = [];
      for (let i = 0; i < cut; i++) appendLeaf(sha256, joined, i, leaves[i]!);
      const range: Frontier = [];
      for (let i = cut; i <= size; i++) appendLeaf(sha256, range, i, leaves[i]!, cut);
      const subtrees = subtreesOf({ from: cut, to: size + 1 });
      if (subtrees.length !== range.length) t.fail(`${cut} … ${size}: ${range.length} nodes`);
      let at = cut;
      for (const [i, { level }] of subtrees.entries()) {
        appendSubtree(sha256, joined, at, level, range[i]!);
        at += 2 ** level;
      }
      if (toHex(rootOf(sha256, joined)) !== toHex(rootOf(sha256, whole))) t.fail(`${cut} … ${size}`);
      joins++;
    }
  }
  t.equal(joins, (66 * 69) / 2);
});
