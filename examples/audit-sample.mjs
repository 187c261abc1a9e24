// Draws an audit's sample again without any of the project's code:
//   node audit-sample.mjs EXPORT.ndjson SAMPLE.json [OPENING.json]
// SAMPLE.json is the answer of GET /v1/audits/{id}/sample. OPENING.json, the answer of GET /v1/ledger/entries/{seq}/opening for
// the entry that opened the audit (treeSize − 1), shows that scope and size are those sealed there before the root was known.
//
// The rule, blue-cycle/audit-sample/1: of the entries 0 … treeSize − 1 take those of type collection.recorded.v1 whose public
// part has a siteId of siteIds and a day from firstDay to lastDay; order them by SHA-256(root ‖ seq as 8 bytes, big-endian),
// compared byte by byte; take the first sampleSize. root is the RFC 6962 root over these treeSize entries.
//
// Whether the export is the log that others saw is for verify-export.mjs: run it first.
// Exit code 0: the same sample, 1: not, 2: used wrongly.
import { createHash } from 'node:crypto';
import { createReadStream, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest();
const must = (condition, message) => {
  if (!condition) throw new Error(message);
};

const [exported, sheet, opened] = process.argv.slice(2);
if (exported === undefined || sheet === undefined) {
  console.error('usage: node audit-sample.mjs EXPORT.ndjson SAMPLE.json [OPENING.json]');
  process.exit(2);
}

const read = (file) => JSON.parse(readFileSync(file, 'utf8'));
const SCOPE = ['siteIds', 'firstDay', 'lastDay', 'sampleSize'];

/** The root over the first `treeSize` entries, the weigh-ins in scope among them, and the last of them. */
const readLog = async ({ treeSize, siteIds, firstDay, lastDay }) => {
  const peaks = [];
  const population = [];
  let size = 0;
  let last;
  for await (const line of createInterface({ input: createReadStream(exported), crlfDelay: Infinity })) {
    if (size === treeSize) break;
    const { seq, type, data } = (last = JSON.parse(line));
    must(seq === size, `line ${size + 1} is not entry ${size}`);
    // Each trailing 1 of the old size is a perfect subtree as large as the one in hand.
    let node = sha256(Buffer.of(0), line);
    for (let n = size; n % 2 === 1; n = Math.floor(n / 2)) node = sha256(Buffer.of(1), peaks.pop(), node);
    peaks.push(node);
    size++;
    const weighed = type === 'collection.recorded.v1' && siteIds.includes(data.siteId);
    if (weighed && firstDay <= data.day && data.day <= lastDay) population.push(seq);
  }
  must(size === treeSize, `the export has ${size} entries, the sample was drawn over ${treeSize}`);
  return { root: peaks.reduceRight((right, left) => sha256(Buffer.of(1), left, right)), population, last };
};

const draw = (root, population, sampleSize) => {
  const score = (seq) => {
    const place = Buffer.alloc(8);
    place.writeBigUInt64BE(BigInt(seq));
    return sha256(root, place);
  };
  const scored = population.map((seq) => ({ seq, score: score(seq) }));
  return scored.sort((a, b) => Buffer.compare(a.score, b.score)).slice(0, sampleSize).map(({ seq }) => seq);
};

/** What was sealed when the audit was opened is the scope of the sheet. */
const checkOpening = ({ main: { salt, bytes } }, entry, sample) => {
  must(entry.type === 'audit.opened.v1', `entry ${entry.seq} opened no audit`);
  const seal = sha256(Buffer.from(salt, 'hex'), bytes).toString('hex');
  must(seal === entry.data.sealed, `the opening is not that of entry ${entry.seq}`);
  const sealed = JSON.parse(bytes);
  for (const name of SCOPE)
    must(JSON.stringify(sealed[name]) === JSON.stringify(sample[name]), `${name} is not what was sealed`);
};

try {
  const sample = read(sheet);
  must(sample.algorithm === 'blue-cycle/audit-sample/1', 'the sample was drawn by another rule');
  const { root, population, last } = await readLog(sample);
  must(root.toString('hex') === sample.root, 'the root over these entries is another');
  if (opened !== undefined) checkOpening(read(opened), last, sample);
  const drawn = draw(root, population, sample.sampleSize);
  const shown = sample.items.map(({ seq }) => seq);
  must(population.length === sample.population, `it was drawn from ${population.length} weigh-ins`);
  must(JSON.stringify(drawn) === JSON.stringify(shown), `drawn are ${drawn.join(', ')}`);
  console.log(`good: ${drawn.length} of ${population.length} weigh-ins, drawn by the root over ${sample.treeSize} entries`);
} catch (error) {
  console.error(`not good: ${error.message}`);
  process.exitCode = 1;
}
