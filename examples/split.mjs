// Does every split of money again whose total is public, from a public export and without any of the project's code:
// `node split.mjs EXPORT.ndjson CONTAINS.json [--json] [--shares CODE]`; CONTAINS is the project's openapi/contains-1.json,
// whose hash stands in entry 0. Shown is what each weigh-in earned by its grams in the batch (rule shares.v1, domain and
// openapi/ledger-format-1.md); which person brought it is private. Whose leaf of the tree under the published root it went
// into, that person can check. verify-export.mjs checks the bytes. Exit code 0: all hold, 1: not, 2: used wrongly.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';

const argv = process.argv.slice(2);
const asked = argv.includes('--shares') ? argv.splice(argv.indexOf('--shares'), 2)[1] : undefined;
const asJson = argv.includes('--json') && argv.splice(argv.indexOf('--json'), 1).length > 0;
const [file, table] = argv;
if (table === undefined || argv.length > 2 || !existsSync(file) || !existsSync(table)) {
  console.error('usage: node split.mjs EXPORT.ndjson CONTAINS.json [--json] [--shares CODE]');
  process.exit(2);
}
const faults = [];
const must = (holds, seq, what) => holds || faults.push(`BAD at entry ${seq}: ${what}`);

/** ⌊w·amount / Σw⌋ each, the rest one each to the largest remainders, ties to the earlier. */
const split = (amount, weights) => {
  const whole = BigInt(weights.reduce((sum, w) => sum + w, 0));
  if (whole === 0n) return weights.map(() => 0);
  const products = weights.map((w) => BigInt(w) * BigInt(amount));
  const parts = products.map((product) => Number(product / whole));
  const rest = amount - parts.reduce((sum, part) => sum + part, 0);
  const order = products.map((product, i) => [product % whole, i]);
  order.sort(([a, i], [b, j]) => (a === b ? i - j : a > b ? -1 : 1));
  for (const [, i] of order.slice(0, rest)) parts[i]++;
  return parts;
};

// Vectors: grams by source, in the order of the ledger; a source is named by position × 128 + place.
const sorted = (entries) => new Map([...entries].filter(([, g]) => g > 0).sort(([a], [b]) => a - b));
const sum = (vector) => [...vector.values()].reduce((total, g) => total + g, 0);
const add = (...vectors) => {
  const all = new Map();
  for (const vector of vectors) for (const [key, g] of vector) all.set(key, (all.get(key) ?? 0) + g);
  return sorted(all);
};
const draw = (vector, grams) => {
  const parts = split(grams, [...vector.values()]);
  const keys = [...vector.keys()];
  return [sorted(keys.map((k, i) => [k, parts[i]])), sorted(keys.map((k, i) => [k, vector.get(k) - parts[i]]))];
};

const { groups, rules } = JSON.parse(readFileSync(table, 'utf8'));
const fits = (entries, code, same) => {
  const codes = (of) => of.flatMap((name) => groups[name.slice(1)] ?? [name]);
  if (codes(entries.filter((e) => e[0] === '!').map((e) => e.slice(1))).includes(code)) return false;
  const named = codes(entries.filter((e) => e[0] !== '!'));
  return named.includes('@any') || named.includes(code) || (named.includes('@same') && code === same);
};
const contains = (source, output) =>
  rules.some(
    (rule) =>
      fits(rule.source.materials, source.material, source.material) &&
      fits(rule.source.forms, source.form, source.form) &&
      fits(rule.output.materials, output.material, source.material) &&
      fits(rule.output.forms, output.form, source.form),
  );

const [sources, lots, taken, pay, batches, facts] = [new Map(), new Map(), new Map(), new Map(), new Map(), []];
const begin = (seq, place, { lotId, material, form, grams }) => {
  sources.set(seq * 128 + place, { lotId, material, form });
  lots.set(lotId, sorted([[seq * 128 + place, grams]]));
};
const take = (seq, lotId, grams) => {
  const vector = lots.get(lotId) ?? new Map();
  if (sum(vector) < grams) must(false, seq, `${grams} g are taken of lot ${lotId}, which holds ${sum(vector)}`);
  const [part, rest] = draw(vector, Math.min(grams, sum(vector)));
  lots.set(lotId, rest);
  taken.set(`${seq} ${lotId}`, add(taken.get(`${seq} ${lotId}`) ?? new Map(), part));
  return part;
};
const back = (bySeq, lotId) => lots.set(lotId, add(lots.get(lotId), taken.get(`${bySeq} ${lotId}`) ?? new Map()));
const lose = (seq, items) => items.forEach(({ lotId, lossGrams }) => lossGrams > 0 && take(seq, lotId, lossGrams));
const found = (seq, surplus, kind = surplus, place = 0) => surplus && begin(seq, place, { ...kind, ...surplus });
const takeAll = (seq, uses) => add(...uses.map(({ lotId, grams }) => take(seq, lotId, grams)));
const backAll = (bySeq, uses) => uses.forEach(({ lotId }) => back(bySeq, lotId));
const empty = (items) => items.forEach(({ lotId }) => lots.set(lotId, new Map()));

/** By type of fact, what it does to whose grams; one that is not here moves none. */
const EFFECTS = {
  'collection.recorded.v1': (seq, d) => {
    if (d.count?.surplus) take(seq, d.count.surplus.lotId, d.count.surplus.grams);
    begin(seq, 0, { ...d, grams: d.grossGrams - d.tareGrams });
    pay.set(seq * 128, [[seq, d.payGrams]]);
    const { lots: counted = [], lossGrams = 0, drawnSeq } = d.count?.shortage ?? {};
    for (const lot of counted) back(lot.drawnSeq ?? drawnSeq ?? d.count.seq, lot.lotId);
    lose(seq, counted);
    if (lossGrams > 0) take(seq, d.lotId, lossGrams);
  },
  'collection.corrected.v1': (seq, d) => {
    const key = [...sources].find(([, { lotId }]) => lotId === d.lotId)[0];
    lots.set(d.lotId, sorted([[key, sum(lots.get(d.lotId)) + d.lotChangeGrams]]));
    pay.get(key).push([seq, d.payGrams]);
    found(seq, d.surplus);
  },
  'collection.voided.v1': (seq, d) => {
    const key = [...sources].find(([, { lotId }]) => lotId === d.lotId)[0];
    lots.set(d.lotId, sorted([[key, sum(lots.get(d.lotId)) - d.loweredGrams]]));
    pay.get(key).push([seq, 0]);
  },
  'outside-material.admitted.v1': (seq, d) => begin(seq, 0, d),
  'outside-material.voided.v1': (_, d) => empty([d.lot]),
  'shipment.dispatched.v1': (seq, d) =>
    d.lots.forEach((lot) => lot.partLotId && lots.set(lot.partLotId, take(seq, lot.lotId, lot.grams))),
  'shipment.voided.v1': (_, d) => {
    empty(d.parts.map(({ partLotId: lotId }) => ({ lotId })));
    backAll(d.dispatchedSeq, d.parts);
  },
  'shipment.received.v1': (seq, d) => [lose(seq, d.lots), found(seq, d.surplus)],
  'shipments.received.v1': (seq, d) => [d.loads.forEach((l) => lose(seq, l.lots)), found(seq, d.surplus)],
  'shipment.receipt-voided.v1': (_, d) => {
    d.loads.forEach((load) => load.lots.forEach(({ lotId }) => back(d.receivedSeq, lotId)));
    if (d.surplus) empty([d.surplus]);
  },
  'shipment.lost.v1': (seq, d) => lose(seq, d.lots),
  'stock.counted.v1': (seq, d) =>
    d.items.forEach((item, place) => [lose(seq, item.lots), found(seq, item.surplus, item, place)]),
  'case.decided.v1': (seq, d) => lose(seq, d.lots),
  'incident.reported.v1': (seq, d) => takeAll(seq, d.lots),
  'incident.voided.v1': (_, d) => backAll(d.reportedSeq, d.lots),
  'material.disposed.v1': (seq, d) => takeAll(seq, d.lots),
  'material.disposal-voided.v1': (_, d) => backAll(d.disposedSeq, d.lots),
  'process-run.completed.v1': (seq, d) => {
    let left = takeAll(seq, d.inputs);
    for (const output of d.outputs) {
      const fit = sorted([...left].filter(([key]) => contains(sources.get(key), output)));
      const [one, restOfFit] = draw(fit, Math.min(output.grams, sum(fit)));
      const [two, rest] = draw(sorted([...left].filter(([key]) => !fit.has(key))), output.grams - sum(one));
      lots.set(output.lotId, add(one, two));
      left = add(restOfFit, rest);
    }
    must(sum(left) === d.losses.reduce((total, { grams }) => total + grams, 0), seq, 'inputs are not outputs + losses');
  },
  'process-run.voided.v1': (_, d) => [empty(d.outputs), backAll(d.completedSeq, d.inputs)],
  'batch.sealed.v1': (seq, d) => {
    lots.set(d.lotId, takeAll(seq, d.inputs));
    batches.set(seq, { ...d, vector: lots.get(d.lotId) });
  },
  'batch.unsealed.v1': (_, d) => [empty([d.lot]), backAll(d.sealedSeq, d.inputs)],
  'batch.sold.v1': (seq, d) => lots.set(d.soldLotId, take(seq, d.lot.lotId, d.lot.grams)),
  'batch.sale-voided.v1': (_, d) => [empty([d.lot]), back(d.soldSeq, d.from.lotId)],
  'batch.returned.v1': (seq, d) => {
    lots.set(d.returnLotId, draw(take(seq, d.lot.lotId, d.lot.grams), d.lossGrams)[1]);
    found(seq, d.surplus, d, 1);
  },
  'batch.return-voided.v1': (_, d) => [empty(d.surplus ? [d.lot, d.surplus] : [d.lot]), back(d.returnedSeq, d.to.lotId)],
  'product.made.v1': (seq, d) => lots.set(d.lotId, take(seq, d.lot.lotId, d.lot.grams)),
  'product.voided.v1': (_, d) => [empty([d.lot]), back(d.madeSeq, d.from.lotId)],
};

/** What everybody gets of a margin, where collectors, fund and operator share it (the rule's shares are public). */
const checkParts = (seq, { split: is, ruleSeq }) => {
  const { shares, holdBack } = facts[ruleSeq].data;
  const points = shares.map(({ basisPoints }) => basisPoints);
  const rest = 10_000 - points.reduce((all, p) => all + p, 0);
  // What the seller keeps is not public: the margin is one that makes these parts.
  const about = Math.floor((is.total * 10_000) / (10_000 - rest));
  const follows = (margin) => {
    const parts = split(margin, [...points, rest]);
    return ['collectors', 'fund', 'operator'].every(
      (name) => shares.reduce((all, { to }, i) => all + (to === name ? parts[i] : 0), 0) === is[name],
    );
  };
  const near = rest === 0 ? [is.total] : Array.from({ length: 20_001 }, (_, i) => about - 10_000 + i);
  must(near.some((margin) => margin >= 0 && follows(margin)), seq, 'its parts do not follow from its rule');
  for (const [held, of] of [[is.heldFund, is.fund], [is.heldOperator, is.operator]])
    must(held === Math.floor((of * holdBack.basisPoints) / 10_000), seq, 'its hold-back does not follow from its rule');
};
const periodOf = ({ from, to, siteId, asOfSeq, readSeq }) =>
  sorted([...pay].flatMap(([key, said]) => {
    const { seq, data } = facts[Math.floor(key / 128)];
    if (data.day < from || data.day > to || seq > asOfSeq || (siteId ?? data.siteId) !== data.siteId) return [];
    return [[key, said.filter(([at]) => at <= readSeq).at(-1)[1]]];
  }));

const splits = [];
const shareOut = (seq, of, currency, amount, vector, root) => {
  const parts = split(amount, [...vector.values()]);
  const lines = [...vector].map(([key, grams], i) => ({ seq: Math.floor(key / 128), grams, amount: parts[i] }));
  splits.push({ seq, of, currency, amount, root, weighIns: lines });
};
const SPLITS = {
  'distribution.committed.v1': (seq, d) => {
    if (d.split === undefined) return;
    const { batch = batches.get(d.sealedSeq), collectors, fund, operator, total, currency } = d.split;
    must(collectors + fund + operator === total, seq, 'its parts do not sum to its total');
    checkParts(seq, d);
    shareOut(seq, `batch ${batch.code}`, currency, collectors, batch.vector, d.root);
  },
  'fund-gift.committed.v1': (seq, d) => {
    const { basis, amount, total, currency, root } = d;
    must(total <= amount, seq, 'more is given than was split');
    if (basis.of === 'batches')
      shareOut(seq, 'fund', currency, amount, add(...basis.batches.map((b) => batches.get(b.seq).vector)), root);
    if (basis.of === 'period') shareOut(seq, 'fund', currency, amount, periodOf(basis), root);
  },
};

for (const line of readFileSync(file, 'utf8').trimEnd().split('\n').slice(0, -1)) {
  const { seq, type, data } = JSON.parse(line);
  facts.push({ seq, data });
  EFFECTS[type]?.(seq, data);
  SPLITS[type]?.(seq, data);
}
const { containsSha256 } = facts[0].data.rules;
must(createHash('sha256').update(readFileSync(table)).digest('hex') === containsSha256, 0, 'it names another table');

const batch = [...batches.values()].find(({ code, batchId }) => [code, batchId].includes(asked));
const shares = [...(batch?.vector ?? [])].map(([key, grams]) => ({ seq: Math.floor(key / 128), grams }));
if (asJson) console.log(JSON.stringify({ splits, faults, ...(asked === undefined ? {} : { shares }) }));
else
  for (const { seq, of, currency, amount, root, weighIns } of splits) {
    console.log(`entry ${seq}: ${amount} ${currency} minor units to the people of ${of}, under root ${root}`);
    for (const line of weighIns) console.log(`    weigh-in ${line.seq}  ${line.grams} g  ${line.amount}`);
  }
for (const fault of faults) console.error(fault);
console.error(`${splits.length} splits done again; ${faults.length} faults`);
process.exitCode = faults.length === 0 ? 0 : 1;
