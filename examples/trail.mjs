// Prints the way of a batch back to its sources, from a public export and without any of the project's code:
// `node trail.mjs EXPORT.ndjson CODE` (a batch's code or id). verify-export.mjs checks the bytes; this one that no fact
// on the way is missing (openapi/ledger-format-1.md, "Back-pointers"). The file is read into memory.
// Exit code 0: whole, 1: not, 2: used wrongly.
import { existsSync, readFileSync } from 'node:fs';

const [file, code] = process.argv.slice(2);
if (code === undefined || !existsSync(file)) {
  console.error('usage: node trail.mjs EXPORT.ndjson CODE');
  process.exit(2);
}
const lines = readFileSync(file, 'utf8').trimEnd().split('\n').slice(0, -1);
const facts = lines.map((line) => JSON.parse(line));
const sum = (items) => items.reduce((total, { grams }) => total + grams, 0);
const faults = [];
const must = (condition, seq, message) => condition || faults.push(`BAD at entry ${seq}: ${message}`);

/** Every object in a fact that names a lot, with the position of the last fact that changed it where it has one. */
const namesIn = ({ type, data }) => {
  const found = [];
  const look = (value) => {
    if (value === null || typeof value !== 'object') return;
    // The own lot of a product begins there; `seq` beside it is the batch's.
    const begins = value === data && type === 'product.made.v1';
    if (value.lotId !== undefined) found.push(begins ? { lotId: value.lotId } : value);
    if (value.partLotId !== undefined) found.push({ lotId: value.partLotId, seq: value.partSeq });
    for (const made of ['soldLotId', 'returnLotId'])
      if (value[made] !== undefined) found.push({ lotId: value[made] });
    Object.values(value).forEach(look);
  };
  look(data);
  return found;
};

/** Facts that only name a lot: the next one points past them. */
const changesNone = ({ type, data }) =>
  type === 'material.marked.v1' ||
  type === 'container.sealed.v1' ||
  (type === 'lot.weighed.v1' && !data.case?.onHold);

/** By lot, the positions of the facts that changed it. */
const changes = new Map();
for (const fact of facts) {
  if (changesNone(fact)) continue;
  for (const lotId of new Set(namesIn(fact).map((name) => name.lotId)))
    changes.set(lotId, [...(changes.get(lotId) ?? []), fact.seq]);
}

/** What a lot was made of in the fact where it began: nothing, for a source. */
const madeOf = ({ data }, lotId) => {
  if (data.soldLotId === lotId || data.returnLotId === lotId) return [data.lot];
  const part = data.lots?.find((lot) => lot.partLotId === lotId);
  if (part !== undefined) return [part];
  return data.lotId === lotId || data.outputs?.some((o) => o.lotId === lotId) ? (data.inputs ?? []) : [];
};

/** What goes into a fact comes out of it. */
const checkSums = ({ seq, type, data }) => {
  const { inputs, outputs = [data], losses = [] } = data;
  if (inputs === undefined || type.endsWith('voided.v1') || type.endsWith('unsealed.v1')) return;
  must(sum(inputs) === sum(outputs) + sum(losses), seq, 'what went in did not come out');
};

const reached = new Map();
const wanted = [];
/** The fact `by` says that the lot was changed last at `seq`. */
const follow = (lotId, seq, by) => {
  const before = (changes.get(lotId) ?? []).filter((at) => at < by).at(-1);
  must(seq === before, by, `lot ${lotId} was changed at ${before}, not at ${seq}`);
  if (seq < by && changes.get(lotId)?.includes(seq)) wanted.push([lotId, seq]);
};

const sealed = facts.find(
  ({ type, data }) => type === 'batch.sealed.v1' && [data.code, data.batchId].includes(code),
);
if (sealed === undefined) {
  console.error(`no batch ${code} is sealed in this export`);
  process.exit(2);
}
wanted.push([sealed.data.lotId, sealed.seq]);
for (let next = wanted.pop(); next !== undefined; next = wanted.pop()) {
  const [lotId, seq] = next;
  const lots = reached.get(seq) ?? new Map();
  if (lots.has(lotId)) continue;
  const fact = facts[seq];
  const pointer = namesIn(fact).find((name) => name.lotId === lotId && name.seq !== undefined);
  const inputs = pointer === undefined ? madeOf(fact, lotId) : [];
  reached.set(seq, lots.set(lotId, pointer?.grams));
  checkSums(fact);
  if (pointer !== undefined) follow(lotId, pointer.seq, seq);
  for (const input of inputs) follow(input.lotId, input.seq, seq);
}

for (const [seq, lots] of [...reached].sort(([a], [b]) => b - a)) {
  const { at, type, data } = facts[seq];
  const where = data.siteId === undefined ? '' : ` at site ${data.siteId}`;
  console.log(`${seq}  ${at}  ${type}${where}`);
  for (const [lotId, grams] of lots) console.log(`    lot ${lotId}${grams === undefined ? '' : `  ${grams} g`}`);
}
for (const fault of faults) console.error(fault);
console.log(`${reached.size} facts on the way of ${sealed.data.grams} g; ${faults.length} faults`);
process.exitCode = faults.length === 0 ? 0 : 1;
