// An auditor's month at a site, to the gram, without any of the project's code.
// Per material and form: opening stock, what came in, what went out, closing stock; --explain names the entries behind
// each figure. A month is the entries recorded in it, in the programme's time zone: what was weighed earlier and sent late
// counts when it was recorded, so a month once reconciled stays as it was. An undoing counts against the figure that its
// step counted for. Exit code 0: to the gram, 1: not, or the export is not good, 2: used wrongly.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';

const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest('hex');
const linesOf = (file) => createInterface({ input: createReadStream(file) });
const fail = (message) => { throw new Error(message); };
const must = (condition, message) => condition || fail(message);
const sum = (items) => items.reduce((total, { grams }) => total + grams, 0);

const [text, flag] = [{ type: 'string', default: '' }, { type: 'boolean', default: false }];
const SPEC = { allowPositionals: true, options: { site: text, month: text, explain: flag, json: flag } };
const { values: options, positionals } = parseArgs({ ...SPEC, strict: false });
if (positionals.length !== 2 || !options.site || !/^\d{4}-\d\d$/.test(options.month)) {
  console.error('usage: node reconcile.mjs EXPORT OPENINGS --site ID --month YYYY-MM [--explain] [--json]');
  process.exit(2);
}

// Of each lot: its grams, what it is, where it stands (null: on the way, or sold), the last entry that changed it.
const lots = new Map();
// Steps by position, to be looked up by what undoes them; private parts by entry.
const [steps, openings] = [new Map(), new Map()];
// Figures of the site and month: material and form, then figure, then the entries behind it.
const figures = new Map();
let [seq, inMonth, months] = [0, false, undefined];

const note = (kind, site, grams, figure) => {
  if (!inMonth || site !== options.site || grams === 0) return;
  if (!figures.has(kind)) figures.set(kind, new Map());
  const of = figures.get(kind);
  of.set(figure, [...(of.get(figure) ?? []), { seq, grams }]);
};
const kindOf = ({ material, form }) => `${material} ${form}`;
const lotOf = (id) => lots.get(id) ?? fail(`it names the lot ${id}, which no entry made`);
const open = (id, site, { material, form }, grams, figure) => {
  must(!lots.has(id), `it makes the lot ${id} a second time`);
  lots.set(id, { material, form, grams, site, lastSeq: seq });
  note(kindOf({ material, form }), site, grams, figure);
};
const change = (id, grams, figure) => {
  const lot = lotOf(id);
  lot.grams += grams;
  lot.lastSeq = seq;
  must(lot.grams >= 0, `the lot ${id} would hold ${lot.grams} g`);
  note(kindOf(lot), lot.site, grams, figure);
  return lot;
};
const holds = (id, grams) =>
  must(lotOf(id).grams === grams, `it says ${grams} g of the lot ${id}, which holds ${lotOf(id).grams} g`);
const move = (id, site, grams, figure) => {
  holds(id, grams);
  change(id, -grams, figure).site = site;
  change(id, grams, figure);
};
const take = (uses, figure) => uses.forEach(({ lotId, grams }) => change(lotId, -grams, figure));
const back = (uses, figure) => uses.forEach(({ lotId, grams }) => change(lotId, grams, figure));
const touch = (uses) => uses.forEach(({ lotId }) => change(lotId, 0));
const lose = (uses, kind) => uses.forEach(({ lotId, bookedGrams, lossGrams }) => {
  holds(lotId, bookedGrams);
  change(lotId, -lossGrams, `lost: ${kind}`);
});
const addSurplus = (site, surplus) => surplus && open(surplus.lotId, site, surplus, surplus.grams, 'surplus');
const receive = ({ siteId, lossKind, surplus }, loads) => {
  for (const { lotId, bookedGrams } of loads.flat()) move(lotId, siteId, bookedGrams, 'received');
  for (const load of loads) lose(load, lossKind);
  addSurplus(siteId, surplus);
};
// What a run lost is a part of what it used, of no one material: shown by itself.
const IN_RUNS = 'of what was used';
const loseInRun = ({ siteId, losses }, sign) =>
  losses.forEach(({ kind, grams }) => note(IN_RUNS, siteId, sign * grams, `lost: ${kind}`));

const UNDOABLE = ['shipment.dispatched.v1', 'process-run.completed.v1', 'material.disposed.v1', 'incident.reported.v1',
  'shipment.received.v1', 'shipments.received.v1', 'batch.returned.v1'];
// By type of entry, what it does to grams (openapi/facts.json); `d` is its public part, `p` opens the private one.
const EFFECTS = {
  'collection.recorded.v1': (d) => {
    if (d.count?.surplus) take([d.count.surplus], 'lost: taken-over');
    open(d.lotId, d.siteId, d, d.grossGrams - d.tareGrams, 'weighed in');
    const { lots = [], lossGrams = 0 } = d.count?.shortage ?? {};
    for (const lot of lots) change(lot.lotId, lot.returnedGrams - lot.lossGrams, 'lost: stock-shortage');
    change(d.lotId, -lossGrams, 'lost: stock-shortage');
  },
  'collection.corrected.v1': (d) => [change(d.lotId, d.lotChangeGrams, 'corrected'), addSurplus(d.siteId, d.surplus)],
  'collection.voided.v1': (d) => change(d.lotId, -d.loweredGrams, 'corrected'),
  'outside-material.admitted.v1': (d) => open(d.lotId, d.siteId, d, d.grams, 'from outside'),
  'outside-material.voided.v1': (d) => take([d.lot], 'from outside'),
  'lot.sampled.v1': (d) => touch([d]),
  'container.filled.v1': (d) => touch(d.lots),
  'container.lots-taken-out.v1': (d) => touch(d.lots),
  'stock.counted.v1': (d) => d.items.forEach(({ lots: held, surplus, ...kind }) => {
    lose(held, 'stock-shortage');
    addSurplus(d.siteId, surplus && { ...kind, ...surplus });
  }),
  'shipment.dispatched.v1': (d) => {
    must(sum(d.lots) === d.bookedGrams, `its lots sum to ${sum(d.lots)} g, not ${d.bookedGrams} g`);
    for (const { lotId: id, partLotId: part, grams } of d.lots)
      part ? open(part, null, change(id, -grams, 'dispatched'), grams) : move(id, null, grams, 'dispatched');
  },
  'shipment.voided.v1': (d) => {
    const { fromSiteId } = steps.get(d.seq);
    for (const { lotId, grams } of d.lots) move(lotId, fromSiteId, grams, 'dispatched');
    for (const { partLotId, grams } of d.parts) change(partLotId, -grams).site = fromSiteId;
    back(d.parts, 'dispatched');
  },
  'shipment.received.v1': (d) => receive(d, [d.lots]),
  'shipments.received.v1': (d) => receive(d, d.loads.map(({ lots: of }) => of)),
  'shipment.receipt-voided.v1': (d) => {
    for (const { stays, lots: of } of d.loads) for (const { lotId, grams, lossGrams } of of) {
      change(lotId, lossGrams, `lost: ${steps.get(d.receivedSeq).lossKind}`);
      if (!stays) move(lotId, null, grams + lossGrams, 'received');
    }
    if (d.surplus) take([d.surplus], 'surplus');
  },
  'shipment.lost.v1': (d) => (d.case ? touch(d.lots) : lose(d.lots, d.lossKind)),
  'shipment.unweighed.v1': (d) => d.lots.forEach(({ lotId, grams }) => move(lotId, d.siteId, grams, 'received')),
  'material.marked.v1': () => {},
  'case.decided.v1': (d) => lose(d.lots, d.lossKind),
  'process-run.completed.v1': (d) => {
    const [used, made] = [sum(d.inputs), sum(d.outputs) + sum(d.losses)];
    must(used === made, `it used ${used} g and accounts for ${made} g`);
    take(d.inputs, 'used');
    for (const output of d.outputs) open(output.lotId, d.siteId, output, output.grams, 'made');
    loseInRun(d, 1);
  },
  'process-run.voided.v1': (d) => [
    back(d.inputs, 'used'), take(d.outputs, 'made'), loseInRun(steps.get(d.completedSeq), -1),
  ],
  'material.disposed.v1': (d) => take(d.lots, `left: ${d.way}`),
  'material.disposal-voided.v1': (d) => back(d.lots, `left: ${steps.get(d.disposedSeq).way}`),
  'incident.reported.v1': (d) => take(d.lots, `lost: ${d.kind}`),
  'incident.voided.v1': (d) => back(d.lots, `lost: ${steps.get(d.reportedSeq).kind}`),
  'batch.sealed.v1': (d) => [
    must(sum(d.inputs) === d.grams, `its inputs sum to ${sum(d.inputs)} g, not ${d.grams} g`),
    take(d.inputs, 'used'), open(d.lotId, d.siteId, d, d.grams, 'made'),
  ],
  'batch.unsealed.v1': (d) => [take([d.lot], 'made'), back(d.inputs, 'used')],
  'batch.sold.v1': (d) => open(d.soldLotId, null, change(d.lot.lotId, -d.lot.grams, 'sold'), d.lot.grams),
  'batch.sale-voided.v1': (d) => [take([d.lot]), back([d.from], 'sold')],
  // Where a buyer has its lot is sealed.
  'batch.delivered.v1': (d, p) => d.lot && move(d.lot.lotId, p().siteId, lotOf(d.lot.lotId).grams, 'received'),
  'batch.entry-voided.v1': (d) => d.lot && move(d.lot.lotId, null, d.lot.grams, 'received'),
  'batch.returned.v1': (d) => {
    open(d.returnLotId, d.siteId, change(d.lot.lotId, -d.lot.grams, 'dispatched'), d.lot.grams, 'received');
    change(d.returnLotId, -d.lossGrams, `lost: ${d.lossKind}`);
    addSurplus(d.siteId, d.surplus);
  },
  'batch.return-voided.v1': ({ lot, lossGrams, to, surplus, returnedSeq }) => [
    change(lot.lotId, lossGrams, `lost: ${steps.get(returnedSeq).lossKind}`), change(lot.lotId, -to.grams, 'received'),
    back([to], 'dispatched'), surplus && take([surplus], 'surplus'),
  ],
  'product.made.v1': (d) => open(d.lotId, change(d.lot.lotId, -d.lot.grams, 'used').site, d, d.lot.grams, 'made'),
  'product.voided.v1': (d) => [take([d.lot], 'made'), back([d.from], 'used')],
};

// A lot is named with the entry that changed it last; so one that was left out or made up shows.
const checkPointers = (part) => Object.values(part ?? {}).forEach((member) => {
  if (typeof member !== 'object') return;
  const { lotId, seq: last } = member ?? {};
  must(!lotId || last === undefined || lotOf(lotId).lastSeq === last, `not entry ${last} changed ${lotId} last`);
  checkPointers(member);
});

const standing = () => {
  const here = [...lots.values()].filter((lot) => lot.site === options.site && lot.grams > 0);
  const kinds = Map.groupBy(here, kindOf);
  return { seq: seq - 1, stock: new Map([...kinds].map(([kind, held]) => [kind, sum(held)])) };
};

let [opening, closing, prev, end] = [undefined, undefined, '0'.repeat(64), undefined];
// The perfect subtrees of the Merkle tree over the entries (RFC 6962 §2.1).
const peaks = [];
const node = (left, right) => sha256(Buffer.of(1), Buffer.from(left, 'hex'), Buffer.from(right, 'hex'));
const addLeaf = (leaf) => {
  let top = leaf;
  for (let n = seq; n % 2 === 1; n = Math.floor(n / 2)) top = node(peaks.pop(), top);
  peaks.push(top);
};
// The last line: a checkpoint (verify-export.mjs checks its signature), or the bare head where nothing was signed.
const checkEnd = () => {
  must(end !== undefined, 'the checkpoint is missing');
  if (end.head) return must(end.head.size === seq && end.head.leafHash === prev, 'the head is another');
  const [, size, root] = end.checkpoint.split('\n');
  const found = Buffer.from(peaks.reduceRight((right, left) => node(left, right)), 'hex').toString('base64');
  must(Number(size) === seq && root === found, 'the checkpoint is over other entries');
};

const readLine = (line) => {
  must(end === undefined, 'lines follow after the checkpoint');
  if (/^\{"(head|checkpoint)":/.test(line)) return void (end = JSON.parse(line));
  const { seq: position, prev: before, at, type, data } = JSON.parse(line);
  must(position === seq && before === prev, 'it does not follow upon the entry before');
  prev = sha256(Buffer.of(0), line);
  addLeaf(prev);
  const opened = openings.get(seq);
  if (opened) must(sha256(Buffer.from(opened.salt, 'hex'), opened.bytes) === data.sealed, 'its opening is another');
  months ??= new Intl.DateTimeFormat('en-CA', { timeZone: data.timeZone, year: 'numeric', month: '2-digit' });
  const month = months.format(new Date(at));
  if (month >= options.month) opening ??= standing();
  if (month > options.month) closing ??= standing();
  inMonth = month === options.month;
  must(EFFECTS[type] || !line.includes('"lotId":'), `it is about lots, and its type ${type} is not understood`);
  checkPointers(data);
  if (UNDOABLE.includes(type)) steps.set(seq, data);
  EFFECTS[type]?.(data, () => JSON.parse((opened ?? fail('its opening is missing')).bytes));
  seq++;
};

const rowOf = (kind) => {
  const [openingGrams, closingGrams] = [opening, closing].map(({ stock }) => stock.get(kind) ?? 0);
  const of = Object.fromEntries(figures.get(kind) ?? []);
  const difference = openingGrams + sum(Object.values(of).flat()) - closingGrams;
  return { kind, openingGrams, figures: of, closingGrams, difference };
};
const print = (name, grams) => console.log(`  ${name.padEnd(28)}${String(grams).padStart(16)} g`);
const printFigures = (of) => Object.entries(of).forEach(([figure, entries]) => {
  print(figure, sum(entries));
  if (options.explain) for (const e of entries) console.log(`    entry ${String(e.seq).padStart(8)} ${e.grams} g`);
});

try {
  for await (const line of linesOf(positionals[1])) {
    const { part, ...opened } = JSON.parse(line);
    if (part === 'main') openings.set(opened.seq, opened);
  }
  for await (const line of linesOf(positionals[0])) readLine(line);
  checkEnd();
  opening ??= standing();
  closing ??= standing();
  const kinds = new Set([...opening.stock.keys(), ...figures.keys(), ...closing.stock.keys()].sort());
  kinds.delete(IN_RUNS);
  const items = [...kinds].map(rowOf);
  const lostInRuns = Object.fromEntries(figures.get(IN_RUNS) ?? []);
  const { site, month, json } = options;
  const { timeZone } = months.resolvedOptions();
  const [openingSeq, closingSeq] = [opening.seq, closing.seq];
  if (json) console.log(JSON.stringify({ site, month, timeZone, openingSeq, closingSeq, items, lostInRuns }));
  else {
    console.log(`${month} (${timeZone}) at ${site}: entries ${openingSeq + 1} to ${closingSeq}`);
    for (const { kind, openingGrams, figures: of, closingGrams, difference } of items) {
      console.log(kind);
      print('opening stock', openingGrams);
      printFigures(of);
      print('closing stock', closingGrams);
      print('difference', difference);
    }
    console.log(IN_RUNS);
    printFigures(lostInRuns);
  }
  process.exitCode = items.some(({ difference }) => difference !== 0) ? 1 : 0;
} catch (error) {
  console.error(`NOT GOOD at entry ${seq}: ${error.message}`);
  process.exitCode = 1;
}
