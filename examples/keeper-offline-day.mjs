// A keeper's phone through a day without network: one file, no dependencies.
//   export BLUE_CYCLE_URL=http://127.0.0.1:3000 BLUE_CYCLE_API_KEY=… SITE_ID=… KEEPER_DIR=./keeper
//   node keeper-offline-day.mjs prepare                    with network: enrol the phone, take everything along
//   node keeper-offline-day.mjs weigh TILE PERSON GROSS TARE   without: grams; writes to the journal, then says the price
//   node keeper-offline-day.mjs day N                      without: a made-up day of N weigh-ins
//   node keeper-offline-day.mjs upload                     with network again: sends what has no receipt
//   node keeper-offline-day.mjs report                     what was accepted, what is in doubt, what is owed
// Exit code 0: good, 1: something is still to be sent, or was refused, 2: used wrongly.
import { createHash, createPrivateKey, generateKeyPairSync, randomBytes, randomUUID, sign } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, truncateSync, writeSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const { BLUE_CYCLE_URL: url = 'http://127.0.0.1:3000', BLUE_CYCLE_API_KEY: apiKey, SITE_ID: siteId } = process.env;
const dir = process.env.KEEPER_DIR ?? './keeper';
const attempts = Number(process.env.KEEPER_ATTEMPTS ?? 8);
const file = (name) => path.join(dir, name);

// RFC 8785: members by UTF-16 code units; numbers and strings as ECMAScript writes them.
const canonical = (value) => {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const names = Object.keys(value).filter((name) => value[name] !== undefined).sort();
  return `{${names.map((name) => `${canonical(name)}:${canonical(value[name])}`).join(',')}}`;
};

// What is written here is on disk when the call returns, whole or not at all.
const writeTo = (name, flags, text) => {
  const handle = openSync(file(name), flags, 0o600);
  writeSync(handle, text);
  fsyncSync(handle);
  closeSync(handle);
};
const save = (name, value) => {
  writeTo(`${name}.new`, 'w', JSON.stringify(value));
  renameSync(file(`${name}.new`), file(name));
};
const load = (name) => (existsSync(file(name)) ? JSON.parse(readFileSync(file(name), 'utf8')) : undefined);

// The journal: a line for each weigh-in, a line for each answer. A line cut off by a dead battery never counted.
const readJournal = () => {
  const weighIns = new Map();
  const answers = new Map();
  if (!existsSync(file('journal.ndjson'))) return { weighIns, answers };
  const bytes = readFileSync(file('journal.ndjson'));
  const whole = bytes.lastIndexOf(10) + 1;
  if (whole < bytes.length) truncateSync(file('journal.ndjson'), whole);
  for (const line of bytes.subarray(0, whole).toString('utf8').split('\n').filter(Boolean)) {
    const { weighIn, answer } = JSON.parse(line);
    if (weighIn !== undefined) weighIns.set(weighIn.id, weighIn);
    else answers.set(answer.id, answer);
  }
  return { weighIns, answers };
};
const append = (lines) => writeTo('journal.ndjson', 'a', lines.map((line) => `${JSON.stringify(line)}\n`).join(''));

// Asks until there is an answer. Every write bears its own id, so asking again never does anything twice.
const ask = async (method, where, { body, headers } = {}) => {
  for (let attempt = 1; ; attempt++) {
    try {
      const response = await fetch(new URL(where, url), {
        method,
        headers: { authorization: `Bearer ${apiKey}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(30_000),
      });
      const text = await response.text();
      if (response.status < 500 && response.status !== 429)
        return { status: response.status, etag: response.headers.get('etag'), body: text === '' ? null : JSON.parse(text) };
      throw new Error(`status ${response.status}`);
    } catch (error) {
      if (attempt === attempts) throw new Error(`no network: ${error.cause?.code ?? error.message}; what is written stays written`);
      await sleep(Math.min(10_000, 100 * 2 ** attempt) * (0.5 + Math.random() / 2));
    }
  }
};
const must = ({ status, body }, what) => {
  if (status >= 300) throw new Error(`${what}: ${body.code}: ${body.detail}`);
  return body;
};

const prepare = async () => {
  mkdirSync(dir, { recursive: true });
  let device = load('device.json');
  if (device === undefined) {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const request = { id: randomUUID(), siteId, name: 'keeper', publicKey: publicKey.export({ format: 'jwk' }).x };
    device = { request, key: privateKey.export({ format: 'jwk' }), enrolled: false };
    save('device.json', device);
  }
  if (!device.enrolled) {
    must(await ask('POST', '/v1/devices', { body: device.request }), 'enrol');
    save('device.json', { ...device, enrolled: true });
  }
  const known = load('pack.json');
  const headers = known === undefined ? {} : { 'if-none-match': known.etag };
  const answer = await ask('GET', `/v1/sites/${siteId}/station-pack`, { headers });
  if (answer.status !== 304) save('pack.json', { etag: answer.etag, takenAt: Date.now(), pack: must(answer, 'pack') });
  else save('pack.json', { ...known, takenAt: Date.now() });
  const { presets, people } = load('pack.json').pack;
  console.log(answer.status === 304 ? 'pack: as before' : `pack: ${presets.length} tiles, ${people.length} people`);
};

// The price of the tariff in force: the one that says most about what was brought.
const quoteFor = ({ tariffs }, tile, at) => {
  const tariff = tariffs.filter(({ startsAt }) => Date.parse(startsAt) <= at).at(-1);
  const fits = (price) => ['material', 'form', 'originClass'].every((name) => price[name] === undefined || price[name] === tile[name]);
  const says = (price) => Object.keys(price).length;
  const prices = tariff?.prices.filter((price) => fits(price) && price.season === undefined && price.grade === undefined);
  const found = prices?.sort((a, b) => says(b) - says(a))[0];
  if (found === undefined) return undefined;
  return { price: { ...found.base, amount: found.base.amount + (found.originPremium?.amount ?? 0) }, tariffId: tariff.id };
};

const weigh = (code, collectorId, grossGrams, tareGrams, journal = readJournal()) => {
  const { pack, takenAt } = load('pack.json');
  const { request, key } = load('device.json');
  if (Date.now() - takenAt > pack.validForDays * 86_400_000) console.error('the pack is old: prices may have changed');
  const tile = pack.presets.find((preset) => preset.code === code);
  if (tile === undefined) throw new Error(`no tile ${code}; there are ${pack.presets.map((preset) => preset.code).join(', ')}`);
  if (![grossGrams, tareGrams].every(Number.isSafeInteger) || tareGrams < 0 || grossGrams <= tareGrams)
    throw new Error('gross and tare must be whole grams, the gross the larger');
  if (!pack.people.some(({ id }) => id === collectorId)) throw new Error('no such person at this station');
  const collectedAt = new Date().toISOString();
  const quote = quoteFor(pack, tile, Date.parse(collectedAt));
  const counter = [...journal.weighIns.values()].reduce((most, { attestation }) => Math.max(most, attestation.counter), 0) + 1;
  const salt = randomBytes(32);
  const seal = createHash('sha256').update(salt).update(canonical({ collectorId, collectedAt, quote })).digest('hex');
  const { material, form, originClass, basis } = tile;
  const weighed = { id: randomUUID(), siteId, material, form, originClass, basis, grossGrams, tareGrams };
  const signed = { ...weighed, deviceId: request.id, counter, seals: [seal] };
  const signature = sign(null, Buffer.from(canonical(signed)), createPrivateKey({ key, format: 'jwk' })).toString('base64url');
  const attestation = { deviceId: request.id, counter, salts: [salt.toString('hex')], signature };
  const weighIn = { ...weighed, collectorId, collectedAt, ...(quote === undefined ? {} : { quote }), attestation };
  append([{ weighIn }]);
  journal.weighIns.set(weighIn.id, weighIn);
  console.log(`${counter} ${tile.names.zh} ${grossGrams - tareGrams} g`);
};

const day = (many) => {
  const { presets, people } = load('pack.json').pack;
  const tiles = presets.filter(({ basis }) => basis === 'weighed');
  const journal = readJournal();
  for (let i = 0; i < many; i++)
    weigh(tiles[i % tiles.length].code, people[i % people.length].id, 5_250 + 10 * i, 250, journal);
};

const upload = async () => {
  const { weighIns, answers } = readJournal();
  const most = Number(process.env.KEEPER_BATCH ?? load('pack.json').pack.limits.itemsAnUpload);
  const open = [...weighIns.values()].filter(({ id }) => !answers.has(id));
  let again = 0;
  for (let i = 0; i < open.length; i += most) {
    const { items } = must(await ask('POST', '/v1/collections/batch', { body: open.slice(i, i + most) }), 'upload');
    again += items.filter(({ replayed }) => replayed).length;
    // An item that failed on the other side stays open, and goes along next time.
    append(items.filter(({ status }) => status < 500).map(({ index: _, replayed: __, ...answer }) => ({ answer })));
  }
  console.log(`sent ${open.length}, of which ${again} had arrived before`);
};

const report = () => {
  const { weighIns, answers } = readJournal();
  const accepted = [...answers.values()].filter(({ status }) => status < 300);
  const refused = [...answers.values()].filter(({ status }) => status >= 300);
  const owed = {};
  for (const { earning } of accepted) if (earning !== undefined) owed[earning.currency] = (owed[earning.currency] ?? 0) + earning.amount;
  const marked = accepted.filter(({ marks }) => marks.length > 0).map(({ id, marks }) => ({ id, marks }));
  const open = weighIns.size - answers.size;
  const codes = refused.map(({ id, error }) => ({ id, code: error.code }));
  console.log(JSON.stringify({ weighed: weighIns.size, accepted: accepted.length, open, owed, marked, refused: codes }));
  if (open > 0 || refused.length > 0) process.exitCode = 1;
};

const [command, ...args] = process.argv.slice(2);
const weighOne = ([tile, person, gross, tare]) => weigh(tile, person, Number(gross), Number(tare));
const commands = { prepare, upload, report, day: () => day(Number(args[0])), weigh: () => weighOne(args) };
if (!Object.hasOwn(commands, command ?? '') || siteId === undefined || apiKey === undefined) {
  console.error('usage: keeper-offline-day.mjs prepare | weigh TILE PERSON GROSS TARE | day N | upload | report');
  console.error('       with SITE_ID and BLUE_CYCLE_API_KEY set');
  process.exit(2);
}
try {
  await commands[command]();
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
