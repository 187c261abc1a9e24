import { randomUUID } from 'node:crypto';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import fc from 'fast-check';
import t from 'tap';
import { startTestApp } from '../support/app.ts';
import { thingsOf } from '../support/things.ts';

const RUNS = Number(process.env.FUZZ_RUNS ?? 120);
const SEED = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31));
/** A request that takes longer has found something, too. */
const SLOW_MS = 5_000;

type Schema = {
  $ref?: string;
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  prefixItems?: Schema[];
  minItems?: number;
  maxItems?: number;
  minimum?: number;
  maximum?: number;
  maxLength?: number;
  format?: string;
  pattern?: string;
};
type Parameter = { name: string; in: 'path' | 'query' | 'header'; required?: boolean; schema: Schema };
type Media = Record<string, { schema?: Schema }>;
type Operation = {
  operationId: string;
  parameters?: Parameter[];
  requestBody?: { content: Media };
  responses: Record<string, { content?: Media }>;
};
type Document = {
  paths: Record<string, Record<string, Operation>>;
  components?: { schemas?: Record<string, Schema> };
};

/** Text that stands for a number JSON.stringify cannot write. */
const RAW = /"@raw:([^"]*)"/g;

const HOSTILE: unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  0.5,
  1e21,
  2 ** 53,
  -(2 ** 53),
  2 ** 63,
  2_147_483_648,
  '',
  ' ',
  '0',
  'null',
  '\u0000',
  'a\u0000b',
  '\ud800',
  '\udfff\ud800',
  '\u202e',
  '\ufeff',
  '\u{1f30a}',
  'e\u0301',
  '\n',
  '\u0085',
  "' OR 1=1 --",
  '$1',
  '%s',
  '../../etc/passwd',
  '<script>',
  '=1+1',
  '__proto__',
  'constructor',
  'x'.repeat(300),
  'x'.repeat(70_000),
  [],
  {},
  [[]],
  [null],
  { a: { b: { c: {} } } },
  '00000000-0000-0000-0000-000000000000',
  'FFFFFFFF-FFFF-4FFF-8FFF-FFFFFFFFFFFF',
  '2026-11-24',
  '9999-12-31T23:59:59Z',
  '0000-01-01T00:00:00Z',
  '@raw:1e400',
  '@raw:-1e400',
  '@raw:-0',
  '@raw:9007199254740993',
  '@raw:12345678901234567890',
  '@raw:1.0',
  '@raw:1E2',
];
const hostile = fc.constantFrom(...HOSTILE);

/** Values that nearly always fit the schema, with a hostile one in their midst now and then. */
const valuesOf = (
  schema: Schema,
  document: Document,
  ids: fc.Arbitrary<string>,
  depth = 0,
): fc.Arbitrary<unknown> => {
  const inner = (s: Schema) => valuesOf(s, document, ids, depth + 1);
  const fitting = (): fc.Arbitrary<unknown> => {
    if (schema.$ref !== undefined) {
      const named = document.components?.schemas?.[schema.$ref.split('/').at(-1)!];
      return named === undefined || depth > 6 ? hostile : inner(named);
    }
    if (schema.const !== undefined) return fc.constant(schema.const);
    if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
    const choices = schema.anyOf ?? schema.oneOf ?? schema.allOf;
    if (choices !== undefined) return fc.oneof(...choices.map(inner));
    const types = [schema.type ?? 'any'].flat();
    if (types.length > 1) return fc.oneof(...types.map((type) => inner({ ...schema, type })));
    switch (types[0]) {
      case 'object': {
        const names = Object.keys(schema.properties ?? {});
        const members = Object.fromEntries(names.map((name) => [name, inner(schema.properties![name]!)]));
        const requiredKeys = fc
          .subarray(names.filter((n) => !schema.required?.includes(n)))
          .map((some) => [...some]);
        return fc
          .tuple(fc.record(members), requiredKeys, fc.integer({ min: 0, max: 30 }))
          .map(([all, optional, dice]) => {
            const keep = new Set([...(schema.required ?? []), ...optional]);
            const picked = Object.fromEntries(Object.entries(all).filter(([name]) => keep.has(name)));
            return dice === 0 ? { ...picked, unknown: 1 } : picked;
          });
      }
      case 'array':
        if (schema.prefixItems !== undefined) return fc.tuple(...schema.prefixItems.map(inner));
        return fc.array(schema.items === undefined ? hostile : inner(schema.items), {
          minLength: Math.min(schema.minItems ?? 0, 2),
          maxLength: Math.min(schema.maxItems ?? 3, 3),
        });
      case 'integer':
      case 'number': {
        const min = Math.max(schema.minimum ?? -(2 ** 53) + 1, -(2 ** 53) + 1);
        const max = Math.min(schema.maximum ?? 2 ** 53 - 1, 2 ** 53 - 1);
        const small = fc.integer({ min: Math.max(min, -10), max: Math.min(max, Math.max(min, 20_000)) });
        return fc.oneof(
          { weight: 4, arbitrary: small },
          fc.constantFrom(min, max),
          fc.bigInt({ min: BigInt(min), max: BigInt(max) }).map(Number),
        );
      }
      case 'boolean':
        return fc.boolean();
      case 'null':
        return fc.constant(null);
      case 'string':
        return textOf(schema, ids);
      default:
        return hostile;
    }
  };
  const value = fitting();
  return depth === 0 ? value : fc.oneof({ weight: 40, arbitrary: value }, { weight: 1, arbitrary: hostile });
};

const textOf = (schema: Schema, ids: fc.Arbitrary<string>): fc.Arbitrary<unknown> => {
  if (schema.format === 'uuid') return ids;
  if (schema.format === 'date-time')
    return fc
      .date({ noInvalidDate: true, min: new Date('1970-01-01'), max: new Date('2200-01-01') })
      .map((d) => d.toISOString());
  if (schema.format === 'date')
    return fc
      .date({ noInvalidDate: true, min: new Date('1970-01-01'), max: new Date('2200-01-01') })
      .map((d) => d.toISOString().slice(0, 10));
  if (schema.pattern === '^[A-Z]{3}$') return fc.constantFrom('CNY', 'EUR', 'XXX');
  if (schema.pattern?.includes('{64}')) return fc.constant('0'.repeat(64));
  return fc.string({ minLength: 1, maxLength: Math.min(schema.maxLength ?? 20, 20), unit: 'grapheme' });
};

const PROBLEM_MEMBERS = ['type', 'title', 'status', 'detail', 'code', 'requestId', 'errors'];

t.test(
  'no operation answers with a 5xx, or with what its document does not say',
  { timeout: 540_000 },
  async (t) => {
    t.comment(`seed ${SEED}, ${RUNS} requests an operation (FUZZ_SEED, FUZZ_RUNS)`);
    const app = await startTestApp(t);
    const things = await thingsOf(app, 'fuzz');
    // Ids of real things, so that requests come past the first door; the keys in use are not among them.
    const known: string[] = [things.organisationId, things.siteId, things.secondSiteId];
    for (let i = 0; i < 4; i++) {
      const { id, lot } = await things.collection();
      known.push(id, lot.id, await things.lotId());
    }
    for (const make of [
      things.organisation,
      things.site,
      things.collector,
      things.device,
      things.vessel,
      things.shipment,
      things.run,
      things.batch,
      things.openCase,
    ])
      known.push((await make()).id);
    const ids = fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom(...known) },
      fc.constant('').map(() => randomUUID()),
    );
    const document = app.app.swagger() as unknown as Document;
    const ajv = new Ajv2020({ strict: false, validateFormats: true, allErrors: false });
    (addFormats as unknown as (a: Ajv2020) => void)(ajv);
    ajv.addSchema({ $id: 'https://document.invalid/', components: document.components });
    const resolve = (schema: Schema): object =>
      JSON.parse(
        JSON.stringify(schema).replaceAll('"#/components', '"https://document.invalid/#/components'),
      );
    const validators = new Map<Schema, ValidateFunction>();
    const validatorOf = (schema: Schema): ValidateFunction => {
      if (!validators.has(schema)) validators.set(schema, ajv.compile(resolve(schema)));
      return validators.get(schema)!;
    };

    const statuses = new Map<string, number>();
    let accepted = 0;
    for (const [url, item] of Object.entries(document.paths)) {
      for (const [method, operation] of Object.entries(item)) {
        const parameters = operation.parameters ?? [];
        const schema = operation.requestBody?.content['application/json']?.schema;
        const parameterValues = fc.record(
          Object.fromEntries(
            parameters.map((p) => [
              p.name,
              fc.oneof(
                { weight: 12, arbitrary: p.name === 'id' ? ids : valuesOf(p.schema, document, ids, 1) },
                {
                  weight: p.in === 'query' && p.required !== true ? 12 : 0,
                  arbitrary: fc.constant(undefined),
                },
                { weight: 1, arbitrary: hostile },
              ),
            ]),
          ),
        );
        const batch = url === '/v1/collections/batch';
        const itemSchema =
          document.paths['/v1/collections']?.post?.requestBody?.content['application/json']?.schema;
        const body = batch
          ? fc.array(fc.oneof({ weight: 9, arbitrary: valuesOf(itemSchema!, document, ids) }, hostile), {
              maxLength: 4,
            })
          : schema === undefined
            ? fc.oneof({ weight: 20, arbitrary: fc.constant(undefined) }, hostile)
            : fc.oneof(
                { weight: 30, arbitrary: valuesOf(schema, document, ids) },
                { weight: 1, arbitrary: hostile },
              );
        const client = fc.constantFrom(app.operator, app.operator, things.station);
        const headers = fc.record(
          {
            'idempotency-key': fc
              .string({ minLength: 1, maxLength: 12 })
              .map((s) => Buffer.from(s).toString('hex')),
          },
          { requiredKeys: [] },
        );
        const name = `${method.toUpperCase()} ${url}`;
        const property = fc.asyncProperty(
          parameterValues,
          body,
          client,
          headers,
          async (values, sent, who, more) => {
            const path = url.replace(/\{(\w+)\}/g, (_all, p: string) =>
              encodeURIComponent(String(values[p] ?? '').toWellFormed()),
            );
            const query = new URLSearchParams();
            for (const p of parameters)
              if (p.in === 'query' && values[p.name] !== undefined)
                query.set(p.name, String(values[p.name]).toWellFormed());
            const text = sent === undefined ? undefined : JSON.stringify(sent)?.replace(RAW, '$1');
            const start = performance.now();
            const response = await app.app.inject({
              method: method as 'GET',
              url: query.size === 0 ? path : `${path}?${query}`,
              headers: {
                authorization: `Bearer ${who.secret}`,
                ...(text === undefined ? {} : { 'content-type': 'application/json' }),
                ...more,
              },
              ...(text === undefined ? {} : { payload: text }),
            });
            const { statusCode: status } = response;
            const type = String(response.headers['content-type'] ?? '').split(';')[0]!;
            const shown = `${name} → ${status} ${response.body.slice(0, 300)}`;
            statuses.set(`${status}`, (statuses.get(`${status}`) ?? 0) + 1);
            if (status < 300 && method !== 'get') accepted++;
            if (performance.now() - start > SLOW_MS)
              throw new Error(`${shown}: took ${performance.now() - start} ms`);
            if (status >= 500) throw new Error(`a 5xx: ${shown}`);
            // An empty or overlong id leads to another path, whose answer is not this operation's.
            if (status === 404 && /There is no /.test(response.body)) return;
            if (status === 414) return;
            const declared = operation.responses[String(status)];
            if (declared === undefined) throw new Error(`a status the document does not say: ${shown}`);
            const media = declared.content?.[type];
            if (media?.schema === undefined)
              throw new Error(`a media type the document does not say (${type}): ${shown}`);
            const value: unknown = /json/.test(type) ? response.json() : response.body;
            const validate = validatorOf(media.schema);
            if (!validate(value))
              throw new Error(`not as the document says, ${ajv.errorsText(validate.errors)}: ${shown}`);
            // WeChat Pay is refused in the words of its own protocol; everybody else by a problem.
            const inOwnWords = operation.operationId === 'notifyWechat' && type === 'application/json';
            if (status < 400 || inOwnWords) return;
            const problem = value as Record<string, unknown>;
            const missing = PROBLEM_MEMBERS.filter((member) => !(member in problem));
            if (missing.length > 0 || problem.status !== status)
              throw new Error(`a problem without ${missing}: ${shown}`);
          },
        );
        const result = await fc.check(property, {
          numRuns: RUNS,
          seed: SEED,
          endOnFailure: true,
          interruptAfterTimeLimit: 10_000,
        });
        const why = result.errorInstance instanceof Error ? result.errorInstance.message : '';
        t.notOk(
          result.failed && !result.interrupted,
          `${name}: ${result.numRuns} requests ${why} ${result.failed ? fc.stringify(result.counterexample?.slice(0, 2)).slice(0, 500) : ''}`,
        );
      }
    }
    t.comment(
      `answers ${[...statuses]
        .sort()
        .map(([s, n]) => `${s}: ${n}`)
        .join(', ')}; writes accepted ${accepted}`,
    );
    t.ok(accepted > 100, 'many writes went through: it is not only the edge that was tried');
  },
);
