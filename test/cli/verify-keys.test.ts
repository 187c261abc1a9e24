import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import t from 'tap';
import { sha256, toHex } from '../../src/kernel/hash.ts';
import { type LedgerSource, verifyEntries } from '../../src/ledger/check.ts';
import { additionText, retirementText } from '../../src/ledger/key-history.ts';
import { NoteSigner, signNote } from '../../src/ledger/log-key.ts';
import { rootOfAll } from '../../src/ledger/merkle.ts';
import { formatKey } from '../../src/ledger/note.ts';
import { RangePool } from '../../src/ledger/range-pool.ts';
import { LedgerFault } from '../../src/ledger/verify.ts';
import { command, directory } from '../support/command.ts';
import {
  exportOf,
  type Files,
  filesOf,
  type MadeLog,
  makeLog,
  ORIGIN,
  serveFiles,
  signer,
} from '../support/log.ts';

const [second, stranger] = [11, 12].map((seed) => new NoteSigner(ORIGIN, Buffer.alloc(32, seed))) as [
  NoteSigner,
  NoteSigner,
];
const SIZE = 700;
/** Where the second key is added, and the first retired: both in the first bundle of 256. */
const [ADDED, RETIRED] = [100, 200];

/** A log whose key is rotated; each fact about keys may be signed by others than those who may. */
const rotated = (size: number, { by = [signer, second], endedBy = [signer], from = 0 } = {}): MadeLog =>
  makeLog(size, (entry, seq) => {
    const fact = (type: string, data: object) => ({ ...entry, type, data });
    const logKey = formatKey(second.key);
    if (seq === ADDED)
      return fact('log-key.added.v1', { logKey, note: signNote(additionText(second.key), by) });
    if (seq === RETIRED)
      return fact('log-key.retired.v1', {
        logKey: formatKey(signer.key),
        successor: logKey,
        note: signNote(retirementText(signer.key, second.key), endedBy),
      });
    return seq > 0 && seq < from ? good.entries[seq]!.toString() : entry;
  });

const good: MadeLog = rotated(1_500);
const longer = (size: number) => rotated(size, { from: 1_500 });
const keyNotes = (log: MadeLog) => [ADDED + 1, RETIRED + 1].map((size) => log.noteAt(size));

/** What a server gives of the log's first entries, signed by the second key. */
const served = (log: MadeLog, size: number, [addedUnder, retiredUnder] = keyNotes(log)): Files => {
  const files = filesOf(log, size);
  const items = [
    { addedUnder: null, retiredUnder },
    { addedUnder, retiredUnder: null },
  ];
  return {
    get: (name) => {
      if (name === '/v1/ledger/keys') return JSON.stringify({ items });
      return name === 'checkpoint' ? log.noteAt(size, [second]) : files.get(name);
    },
  };
};

const verify = async (...argv: string[]) => {
  const { code, out, err } = await command({}, 'verify', '--json', ...argv);
  return { code, err, ...(out === '' ? {} : JSON.parse(out)) };
};

const rootAt = (log: MadeLog, size: number) => toHex(rootOfAll(sha256, log.leaves.slice(0, size)));

t.test('a log whose key was rotated is read from a server, and gone on with', async (t) => {
  const here = await directory(t);
  const [state, note] = [path.join(here, 'state.json'), path.join(here, 'kept')];
  const log = longer(2_000);
  const server = await serveFiles(t, served(log, SIZE));
  const check = (...more: string[]) => verify('--url', server.url, '--state', state, ...more);
  const marks = [ADDED + 1, RETIRED + 1];
  t.match(await check(), { code: 0, from: 0, size: SIZE, checkpoints: [...marks, SIZE] });
  server.files = served(log, 1_500);
  server.asked.length = 0;
  t.match(await check(), { code: 0, from: SIZE, size: 1_500, checkpoints: [...marks, 1_500] });
  t.notOk(server.asked.includes('tile/entries/001'), 'the facts about keys are not read again');
  await writeFile(note, log.noteAt(ADDED + 1));
  t.match(await check('--checkpoint', note), { code: 0, from: 1_500 }, 'their checkpoints are known');

  const kept = await readFile(state, 'utf8');
  // Both keys are known from the state alone, and each may sign what it might.
  const cases: [string, Files, number, string][] = [
    [
      'signed by the retired key',
      { get: (n) => (n === 'checkpoint' ? log.noteAt(2_000) : served(log, 2_000).get(n)) },
      1_999,
      'wrong-signature',
    ],
    ['no checkpoint over the new key', served(log, 2_000, []), ADDED, 'wrong-key'],
    ['none over the end of the old', served(log, 2_000, [keyNotes(log)[0]!]), RETIRED, 'wrong-key'],
    ['another history, well signed', served(rotated(2_000), 2_000), 0, 'rewritten'],
  ];
  for (const [what, files, seq, kind] of cases) {
    server.files = files;
    t.match(await check(), { code: 1, kind, seq }, what);
    t.equal(await readFile(state, 'utf8'), kept, 'what was good stays kept');
  }
  server.files = served(log, 2_000);
  t.match(await check(), { code: 0, from: 1_500, size: 2_000, root: rootAt(log, 2_000) });
});

t.test('a run that ends half way knows the roots that the keys’ checkpoints need', async (t) => {
  const state = path.join(await directory(t), 'state.json');
  const server = await serveFiles(t, served(good, SIZE));
  server.refuse = (name) => (name.startsWith('tile/entries/002') ? 503 : undefined);
  t.match(await verify('--url', server.url, '--state', state), { code: 1, err: /answers 503/ });
  const half = JSON.parse(await readFile(state, 'utf8'));
  t.ok(half.size > ADDED && half.size < SIZE, `${half.size} were verified`);
  t.equal(half.keyEntries.length, half.size > RETIRED ? 3 : 2, 'entry 0, and what was read of keys');
  server.refuse = () => undefined;
  t.match(await verify('--url', server.url, '--state', state), {
    code: 0,
    from: half.size,
    size: SIZE,
    checkpoints: [ADDED + 1, RETIRED + 1, SIZE],
  });
});

const outsider = (file: string): Promise<{ code: number; text: string }> =>
  new Promise((resolve) => {
    const script = path.resolve(import.meta.dirname, '../../examples/verify-export.mjs');
    execFile(process.execPath, [script, file], (error, out, err) =>
      resolve({ code: error === null ? 0 : Number(error.code), text: out + err }),
    );
  });

t.test(
  'an export of it too, by us and by the outsider’s script; a key nobody vouched for is found',
  async (t) => {
    const file = path.join(await directory(t), 'export.ndjson');
    const judge = async (log: MadeLog, note: string, keyCheckpoints: readonly string[]) => {
      await writeFile(file, exportOf(log.entries, note, { keyCheckpoints }));
      const [ours, theirs] = [await verify('--file', file), await outsider(file)];
      t.equal(theirs.code, ours.code, theirs.text);
      return { ...ours, text: theirs.text };
    };
    const now = (log: MadeLog, by = [second]) => log.noteAt(1_500, by);
    t.match(await judge(good, now(good), keyNotes(good)), {
      code: 0,
      root: rootAt(good, 1_500),
      text: new RegExp(rootAt(good, 1_500)),
    });
    const [unvouched, selfish, endedByNew] = [
      rotated(1_500, { by: [stranger, second] }),
      rotated(1_500, { by: [signer] }),
      rotated(1_500, { endedBy: [second] }),
    ];
    const [added, retired] = keyNotes(good);
    const cases: [string, MadeLog, string, readonly string[], number, string, RegExp][] = [
      [
        'no older key signed the fact',
        unvouched,
        now(unvouched),
        keyNotes(unvouched),
        ADDED,
        'wrong-key',
        /no older key signed for/,
      ],
      [
        'the new key did not',
        selfish,
        now(selfish),
        keyNotes(selfish),
        ADDED,
        'wrong-key',
        /adds another key/,
      ],
      [
        'a younger key ends an older',
        endedByNew,
        now(endedByNew),
        keyNotes(endedByNew),
        RETIRED,
        'wrong-key',
        /no key as old/,
      ],
      [
        'no checkpoint over the addition',
        good,
        now(good),
        [],
        ADDED,
        'wrong-key',
        /no older key signed over entry 100/,
      ],
      ['none over the retirement', good, now(good), [added!], RETIRED, 'wrong-key', /signed over entry 200/],
      [
        'one by the new key alone',
        good,
        now(good),
        [good.noteAt(ADDED + 1, [second]), good.noteAt(RETIRED + 1, [second])],
        ADDED,
        'wrong-key',
        /no older key signed over/,
      ],
      [
        'a stranger signs',
        good,
        now(good, [stranger]),
        keyNotes(good),
        1_499,
        'wrong-signature',
        /not signed by the log/,
      ],
      [
        'the retired key signs',
        good,
        now(good, [signer]),
        keyNotes(good),
        1_499,
        'wrong-signature',
        /not signed by the log/,
      ],
      [
        'one over another history',
        good,
        now(good),
        [keyNotes(rotated(1_500))[0]!, retired!],
        ADDED,
        'wrong-checkpoint',
        /over 101 entries was signed for others/,
      ],
    ];
    for (const [what, log, note, notes, seq, kind, text] of cases)
      t.match(await judge(log, note, notes), { code: 1, seq, kind, text }, what);
  },
);

t.test('facts about keys are found whichever thread reads them', async (t) => {
  const pool = new RangePool(2);
  t.teardown(() => pool.close());
  const judge = async (log: MadeLog, notes: readonly string[], threads: object) => {
    const source: LedgerSource = {
      batches: (async function* () {
        for (let at = 0; at < SIZE; at += 37)
          yield log.entries.slice(at, Math.min(SIZE, at + 37)).map((bytes) => ({ bytes }));
      })(),
      head: () => ({ size: SIZE }),
      // As in an export: what signs is known only in the end.
      notes: (() => {
        let asked = 0;
        return async () => (asked++ === 0 ? [] : notes);
      })(),
      opened: false,
    };
    try {
      const { size, root, checkpoints } = await verifyEntries(source, undefined, threads);
      return `${size} ${root} ${checkpoints}`;
    } catch (error) {
      if (!(error instanceof LedgerFault)) throw error;
      return `${error.seq} ${error.kind} ${error.message}`;
    }
  };
  const bad = rotated(SIZE, { endedBy: [stranger] });
  for (const [log, notes, expected] of [
    [good, [...keyNotes(good), good.noteAt(SIZE, [second])], `${SIZE} ${rootAt(good, SIZE)}`],
    [good, [good.noteAt(SIZE, [second])], `${ADDED} wrong-key`],
    [bad, keyNotes(bad), `${RETIRED} wrong-key`],
  ] as const) {
    const alone = await judge(log, notes, {});
    t.ok(alone.startsWith(expected), alone);
    t.equal(await judge(log, notes, { pool, workersAfter: 1 }), alone);
  }
});
