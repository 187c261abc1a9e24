import { createHmac, createSecretKey } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import canonicalize from 'canonicalize';
import fc from 'fast-check';
import t from 'tap';
import { canonicalBytes, canonicalJson } from '../../src/kernel/canonical.ts';
import { cellOf, gcj02ToWgs84 } from '../../src/kernel/geo.ts';
import { deriveKey, hmacKey, hmacSha256, sha256 } from '../../src/kernel/hash.ts';
import { formatUuid, UUID, uuidV7 } from '../../src/kernel/ids.ts';
import { newUuidV7, systemRandom } from '../../src/kernel/system.ts';
import { dayIn } from '../../src/kernel/time.ts';
import { note, text } from '../../src/kernel/values.ts';
import { leafHash } from '../../src/ledger/entry.ts';
import { appendLeaf, packFrontier, rootOf, unpackFrontier } from '../../src/ledger/merkle.ts';
import { hasEscapes, scanEntry, scanValue } from '../../src/ledger/scan.ts';
import { seal } from '../../src/ledger/sealing.ts';
import { LedgerFault, Verifier } from '../../src/ledger/verify.ts';

const CONFORMANCE = path.resolve(import.meta.dirname, '../../../shared/conformance');
const present = existsSync(CONFORMANCE);
const SKIP = present ? {} : { skip: 'the conformance folder is not beside this checkout' };

t.test('canonical JSON passes the vectors of RFC 8785', SKIP, async (t) => {
  const folder = path.join(CONFORMANCE, 'jcs-rfc8785');
  for (const file of readdirSync(path.join(folder, 'input'))) {
    const input = JSON.parse(readFileSync(path.join(folder, 'input', file), 'utf8'));
    t.equal(canonicalJson(input), readFileSync(path.join(folder, 'output', file), 'utf8').trim(), file);
  }
  let numbers = 0;
  for (const line of readFileSync(path.join(folder, 'es6-numbers-1000.txt'), 'utf8').trim().split('\n')) {
    const [hex, expected] = line.split(',') as [string, string];
    const value = Buffer.from(hex.padStart(16, '0'), 'hex').readDoubleBE();
    if (canonicalJson(value) !== expected) t.fail(`${hex}: ${canonicalJson(value)}, not ${expected}`);
    numbers++;
  }
  t.equal(numbers, 1_000);
});

t.test('canonical JSON agrees with another implementation, and refuses what is not JSON', async (t) => {
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: 'binary', noUnicodeString: false } as object), (value) => {
      const expected = canonicalize(value);
      const bytes = canonicalBytes(value, 3);
      return canonicalJson(value) === expected && bytes.subarray(3).toString() === expected;
    }),
    { numRuns: 2_000 },
  );
  t.throws(() => canonicalJson({ a: [{ b: '\ud800' }] }), { message: '/a/0/b: text with a lone surrogate' });
  t.throws(() => canonicalJson({ '\udc00': 1 }), TypeError);
  t.throws(() => canonicalJson([Number.NaN]), { message: '/0: NaN is not a JSON number' });
  t.throws(() => canonicalJson(1n), TypeError);
  const unusual = Object.fromEntries([...'zyx'].map((c) => [c.repeat(100), { b: '海"\n', a: [] }]));
  t.equal(canonicalJson(unusual), canonicalize(unusual), 'names too long to be kept');
  const long = ['a', '海', '"'].map((c) => c.repeat(100_000));
  t.equal(canonicalJson(long), canonicalize(long), 'longer than a first buffer');
  t.equal(canonicalJson({ b: -0, a: undefined, 10: 1, 9: 2 }), '{"10":1,"9":2,"b":0}');
});

t.test('ids carry their version, and time orders them', async (t) => {
  const ids = Array.from({ length: 2_000 }, () => newUuidV7(1_795_500_000_000));
  t.equal(new Set(ids).size, ids.length);
  for (const id of ids) if (!UUID.test(id) || id[14] !== '7') t.fail(id);
  t.ok(uuidV7(1, systemRandom(10)) < uuidV7(2, systemRandom(10)));
  t.equal(formatUuid(Buffer.alloc(16, 0xff), 8), 'ffffffff-ffff-8fff-bfff-ffffffffffff');
});

t.test('random bytes are given out once', async (t) => {
  const drawn = Array.from({ length: 3_000 }, () => systemRandom(16).toString());
  t.equal(new Set(drawn).size, drawn.length);
  t.equal(systemRandom(1_000).length, 1_000);
});

t.test('a day is told in the time zone of the programme', async (t) => {
  t.equal(dayIn('Asia/Shanghai', Date.parse('2026-11-23T16:00:00Z')), '2026-11-24');
  t.equal(dayIn('Asia/Shanghai', Date.parse('2026-11-23T15:59:59Z')), '2026-11-23');
  t.equal(dayIn('America/New_York', Date.parse('2026-03-08T04:59:00Z')), '2026-03-07');
  t.equal(dayIn('Asia/Shanghai', 0), '1970-01-01');
});

t.test('a position has a cell, also one from a Chinese map', async (t) => {
  t.same(cellOf({ latE7: 284_600_000, lonE7: 1_219_000_000 }), [569, 2438]);
  t.same(cellOf({ latE7: -1, lonE7: -1 }), [-1, -1]);
  const tiananmen = gcj02ToWgs84({ latE7: 399_089_030, lonE7: 1_163_974_830 });
  t.ok(Math.abs(tiananmen.latE7 - 399_075_000) < 3_000, 'latitude within 30 m');
  t.ok(Math.abs(tiananmen.lonE7 - 1_163_912_400) < 3_000, 'longitude within 30 m');
  t.same(gcj02ToWgs84({ latE7: 0, lonE7: 0 }), { latE7: 0, lonE7: 0 });
});

t.test('text is well-formed and without controls; a note may break its lines', async (t) => {
  t.ok(text(10).safeParse('小蓝之家').success);
  for (const bad of ['', 'a\u0000', 'a\nb', '\ud800', 'x'.repeat(11)])
    t.notOk(text(10).safeParse(bad).success);
  t.ok(note(10).safeParse('a\nb\tc').success);
  t.notOk(note(10).safeParse('a\rb').success);
});

const naiveRoot = (leaves: Uint8Array[]): Uint8Array => {
  if (leaves.length === 0) return sha256(new Uint8Array(0));
  if (leaves.length === 1) return leaves[0]!;
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  return sha256(Buffer.concat([Buffer.from([1]), naiveRoot(leaves.slice(0, k)), naiveRoot(leaves.slice(k))]));
};

t.test('the frontier gives the root of RFC 6962 at every size', async (t) => {
  let frontier: Uint8Array[] = [];
  const leaves: Uint8Array[] = [];
  for (let size = 0; size <= 130; size++) {
    if (Buffer.compare(rootOf(sha256, frontier), naiveRoot(leaves)) !== 0) t.fail(`size ${size}`);
    frontier = unpackFrontier(packFrontier(frontier));
    const leaf = leafHash(sha256, Buffer.from(`leaf ${size}`));
    appendLeaf(sha256, frontier, size, leaf);
    leaves.push(leaf);
  }
  t.equal(leaves.length, 131);
});

const chainOf = (n: number): Buffer[] => {
  let prev = '0'.repeat(64);
  return Array.from({ length: n }, (_, seq) => {
    const bytes = Buffer.from(
      canonicalJson({
        v: 1,
        origin: 'example/log',
        seq,
        at: `2026-11-24T00:00:0${seq}.000Z`,
        type: 'test.v1',
        actor: '00000000-0000-0000-0000-000000000000',
        prev,
        data: { b: seq, a: '海' },
      }),
    );
    prev = Buffer.from(leafHash(sha256, bytes)).toString('hex');
    return bytes;
  });
};

const faultOf = (chain: readonly Uint8Array[]): string => {
  const verifier = new Verifier(sha256);
  try {
    for (const bytes of chain) verifier.feed(bytes);
    return 'good';
  } catch (error) {
    if (error instanceof LedgerFault) return `${error.seq} ${error.kind}`;
    throw error;
  }
};

t.test('the verifier names the first entry that is wrong, and how', async (t) => {
  const chain = chainOf(6);
  t.equal(faultOf(chain), 'good');
  const edit = (seq: number, from: string, to: string): Buffer[] =>
    chain.map((bytes, i) => (i === seq ? Buffer.from(bytes.toString().replace(from, to)) : bytes));
  t.equal(faultOf(edit(2, '"b":2', '"b":3')), '3 broken-chain');
  t.equal(faultOf(edit(2, '"b":2', '"b":02')), '2 not-json');
  t.equal(faultOf(edit(2, '"b":2', '"b": 2')), '2 not-canonical');
  t.equal(faultOf(edit(2, '"a":"海","b":2', '"b":2,"a":"海"')), '2 not-canonical');
  t.equal(faultOf(edit(2, '"海"', '"\\u6d77"')), '2 not-canonical');
  t.equal(faultOf(edit(2, '"海"', '"\\ud800"')), '2 not-canonical');
  t.equal(faultOf(edit(2, '"v":1', '"v":2')), '2 wrong-members');
  t.equal(faultOf(edit(2, '"seq":2', '"seq":9')), '2 wrong-seq');
  t.equal(faultOf(edit(2, 'example/log', 'example/loq')), '2 wrong-origin');
  t.equal(faultOf(edit(0, '2026-11-24T00:00:00.000Z', '')), '0 time-goes-back');
  t.equal(faultOf(edit(2, '2026-11-24T00:00:02', '2025-11-24T00:00:02')), '2 time-goes-back');
  t.equal(faultOf([chain[0]!, chain[2]!]), '1 wrong-seq');
  const verifier = new Verifier(sha256);
  for (const bytes of chain.slice(0, 5)) verifier.feed(bytes);
  t.throws(() => verifier.expectHead({ size: 6, leafHash: verifier.leaf }), LedgerFault);
  t.throws(() => verifier.expectHead({ size: 5, leafHash: '0'.repeat(64) }), LedgerFault);
});

t.test('a seal is salt and canonical bytes, hashed', async (t) => {
  const salt = Buffer.alloc(32, 7);
  const { seal: sealed, opening } = seal(sha256, salt, { b: 1, a: '海' });
  t.equal(Buffer.from(opening).subarray(32).toString(), '{"a":"海","b":1}');
  t.equal(sealed, Buffer.from(sha256(opening)).toString('hex'));
  t.throws(() => seal(sha256, salt.subarray(1), {}), RangeError);
});

t.test('our HMAC is the HMAC of RFC 2104', async (t) => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 32, maxLength: 32 }),
      fc.string({ unit: 'grapheme' }),
      (raw, message) => {
        const expected = createHmac('sha256', raw).update(message).digest('hex');
        return hmacSha256(hmacKey(createSecretKey(raw)), message).toString('hex') === expected;
      },
    ),
  );
  t.not(
    deriveKey(Buffer.alloc(32), 'a').export().toString('hex'),
    deriveKey(Buffer.alloc(32), 'b').export().toString('hex'),
  );
});

t.test('the quick reading of an entry never takes what is not canonical', async (t) => {
  let taken = 0;
  const json = fc.jsonValue({
    stringUnit: fc.oneof(fc.constantFrom('"', '\\', '\n', '\u0001', 'a', '海', '😀'), fc.string()),
  } as object);
  const whole = fc.oneof(
    json,
    fc.array(fc.maxSafeInteger()),
    fc.dictionary(fc.string(), fc.maxSafeInteger()),
  );
  const canonicalOrNot = (text: string): boolean => {
    try {
      return canonicalize(JSON.parse(text)) === text;
    } catch {
      return false;
    }
  };
  fc.assert(
    fc.property(
      whole,
      fc.array(
        fc.tuple(fc.nat(), fc.constantFrom(' ', '0', '-', '.', 'e1', '"', ',', '\\u0061', '\\/', '{}', '\t')),
      ),
      (value, edits) => {
        let text = canonicalize(value)!;
        const recognised = (): boolean =>
          !hasEscapes(Buffer.from(text)) && scanValue(text, 0) === text.length;
        if (recognised()) taken++;
        for (const [at, insert] of edits) {
          const i = at % (text.length + 1);
          text = text.slice(0, i) + insert + text.slice(i + (at % 3 === 0 ? 1 : 0));
        }
        // The verifier's text comes from UTF-8, and so is well-formed.
        return !text.isWellFormed() || !recognised() || canonicalOrNot(text);
      },
    ),
    { numRuns: 20_000 },
  );
  t.ok(taken > 2_000, `it recognised ${taken}`);
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 30 }),
      fc.constantFrom(0x1f, 0x20, 0x5c, 0x5b, 0x80, 0xff),
      (raw, byte) => {
        const bytes = Uint8Array.from([...raw.map((b) => (b % 3 === 0 ? byte : 0x21 + (b % 90))), byte]);
        return hasEscapes(bytes) === bytes.some((b) => b < 0x20 || b === 0x5c);
      },
    ),
    { numRuns: 5_000 },
  );
  t.notOk(hasEscapes(new Uint8Array(0)), 'nothing of an earlier text is left');
  const text = chainOf(1)[0]!.toString();
  const entry = scanEntry(text)!;
  const { v, actor, at, origin, prev, seq, type, data } = entry;
  t.same({ v, actor, at, origin, prev, seq, type, data }, JSON.parse(text));
  for (let i = 0; i < text.length; i++)
    for (const insert of [' ', '0', '"', '}', '\\', '-']) {
      const edited = text.slice(0, i) + insert + text.slice(i);
      if (!hasEscapes(Buffer.from(edited)) && scanEntry(edited) !== undefined && !canonicalOrNot(edited))
        t.fail(edited);
    }
});
