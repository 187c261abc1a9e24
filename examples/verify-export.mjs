// Checks an export without any of the project's code: `node verify-export.mjs EXPORT.ndjson`.
// The rules: openapi/ledger-format-1.md. Exit code 0: good, 1: not, 2: used wrongly.
import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { checkCheckpoints, seeKeys } from './log-keys.mjs';

const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest();

const must = (condition, message) => {
  if (!condition) throw new Error(message);
};

// RFC 8785: members by UTF-16 code units; numbers and strings as ECMAScript writes them.
const canonical = (value) => {
  if (typeof value === 'string') must(value.isWellFormed(), 'it holds a lone surrogate');
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const names = Object.keys(value).sort();
  return `{${names.map((name) => `${canonical(name)}:${canonical(value[name])}`).join(',')}}`;
};

const MEMBERS = 'actor,at,data,origin,prev,seq,type,v';
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

// What is carried from entry to entry; `peaks` are the perfect subtrees of the Merkle tree (RFC 6962 §2.1).
let [size, leafHash, at, origin, end] = [0, '0'.repeat(64), '', undefined, undefined];
const peaks = [];
// By size, in base64, wherever a checkpoint must stand: at the end, and after each fact about the log's keys.
const roots = new Map();

const rootOf = () =>
  peaks.length === 0 ? sha256() : peaks.reduceRight((right, left) => sha256(Buffer.of(1), left, right));

const checkEntry = (bytes) => {
  must(bytes.length <= 65535, 'it is longer than 65,535 bytes');
  const text = utf8.decode(bytes);
  const entry = JSON.parse(text);
  must(canonical(entry) === text, 'its bytes are not in RFC 8785 form');
  must(Object.keys(entry).join() === MEMBERS && entry.v === 1, `its members are not ${MEMBERS}`);
  must(entry.seq === size, `it calls itself ${entry.seq}`);
  must(entry.prev === leafHash, 'its prev is not the leaf hash of the entry before');
  must(entry.origin === (origin ??= entry.origin), 'it belongs to another log');
  must(INSTANT.test(entry.at) && entry.at >= at, 'time goes back');
  const namesKey = seeKeys(entry);

  let node = sha256(Buffer.of(0), bytes);
  leafHash = node.toString('hex');
  // Each trailing 1 of the old size is a perfect subtree as large as the one in hand.
  for (let n = size; n % 2 === 1; n = Math.floor(n / 2)) node = sha256(Buffer.of(1), peaks.pop(), node);
  peaks.push(node);
  at = entry.at;
  size++;
  if (namesKey) roots.set(size, rootOf().toString('base64'));
};

const checkLine = (line) => {
  must(end === undefined, 'lines follow after the checkpoint');
  if (!/^\{"(head|checkpoint)":/.test(line.subarray(0, 15).toString('latin1'))) return checkEntry(line);
  end = JSON.parse(line.toString('utf8'));
};

const checkFile = async (file) => {
  let rest = Buffer.alloc(0);
  for await (const chunk of createReadStream(file)) {
    rest = Buffer.concat([rest, chunk]);
    for (let end = rest.indexOf(10); end !== -1; end = rest.indexOf(10)) {
      checkLine(rest.subarray(0, end));
      rest = rest.subarray(end + 1);
    }
  }
  must(rest.length === 0, 'the last line is cut off');
  must(end !== undefined, 'the checkpoint is missing');
  if (end.checkpoint !== undefined) {
    roots.set(size, rootOf().toString('base64'));
    const sizes = checkCheckpoints([...(end.keyCheckpoints ?? []), end.checkpoint], origin, roots);
    return must(sizes.at(-1) === size, `the checkpoint is over ${sizes.at(-1)} entries`);
  }
  must(end.head.size === size && end.head.leafHash === leafHash, 'the head names other entries');
};

const [file] = process.argv.slice(2);
if (file === undefined || !existsSync(file)) {
  console.error('usage: node verify-export.mjs EXPORT.ndjson');
  process.exit(2);
}
try {
  await checkFile(file);
  console.log(`good: ${size} entries of ${origin}\nhead  ${leafHash}\nroot  ${rootOf().toString('hex')}`);
} catch (error) {
  console.error(`BAD at entry ${size}: ${error.message}`);
  process.exitCode = 1;
}
