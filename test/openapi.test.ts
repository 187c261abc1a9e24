import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import t from 'tap';
import { FACT_TYPES } from '../src/catalogue.ts';
import { firstDifference, generate, textOf } from '../src/cli/openapi.ts';

type Json = Record<string, unknown>;
type Media = { schema?: Json; example?: unknown };
type Operation = {
  operationId?: string;
  summary?: string;
  tags?: string[];
  'x-summary-zh'?: string;
  'x-roles'?: string[];
  security?: unknown[];
  parameters?: { name: string; in: string; schema?: Json }[];
  requestBody?: { content: Record<string, Media> };
  responses: Record<string, { content?: Record<string, Media> }>;
};
type Document = {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Json> };
};

type Described = {
  type: string;
  title: { en: string; zh: string };
  visibility: string;
  grams: string;
  fen: string;
  data: Json;
  private?: Json;
  person?: Json;
};

/** No key is asked for; one may be looked at all the same. */
const isOpen = (security: unknown[] | undefined): boolean =>
  security?.length === 0 || security?.some((way) => Object.keys(way as Json).length === 0) === true;

const files = await generate();
const document = JSON.parse(files['openapi.json']!) as Document;
const facts = JSON.parse(files['facts.json']!) as { facts: Described[] };
const operations = Object.entries(document.paths).flatMap(([url, item]) =>
  Object.entries(item).map(([method, operation]) => ({ name: `${method.toUpperCase()} ${url}`, operation })),
);

const ajv = new Ajv2020({ strict: false, allErrors: true });
formats.default(ajv);
ajv.addSchema(document, 'openapi');

/** Paths of schemas that say nothing: wherever JSON Schema expects a schema, `{}` and `true` allow anything. */
const emptySchemas = (schema: unknown, at: string): string[] => {
  if (schema === true) return [at];
  if (typeof schema !== 'object' || schema === null) return [];
  const { description: _, title: __, ...says } = schema as Json;
  if (Object.keys(says).length === 0) return [at];
  const inside = (name: string): string[] => {
    const value = says[name];
    if (name === 'properties' || name === '$defs' || name === 'patternProperties')
      return Object.entries(value as Json).flatMap(([key, each]) =>
        emptySchemas(each, `${at}/${name}/${key}`),
      );
    if (Array.isArray(value)) return value.flatMap((each, i) => emptySchemas(each, `${at}/${name}/${i}`));
    return emptySchemas(value, `${at}/${name}`);
  };
  return [
    'properties',
    '$defs',
    'patternProperties',
    'items',
    'prefixItems',
    'additionalProperties',
    'propertyNames',
    'anyOf',
    'oneOf',
    'allOf',
    'not',
  ]
    .filter((name) => name in says)
    .flatMap(inside);
};

t.test('the committed documents are what the code says', async (t) => {
  for (const [name, text] of Object.entries(files)) {
    const committed = await readFile(path.resolve(import.meta.dirname, '../openapi', name), 'utf8').catch(
      () => '',
    );
    t.equal(firstDifference(committed, text), undefined, `openapi/${name}; else run npm run openapi`);
  }
  t.equal(
    textOf({ b: 1, a: [{ d: 1, c: 2 }] }),
    textOf({ a: [{ c: 2, d: 1 }], b: 1 }),
    'whatever the order of members',
  );
  t.match(firstDifference('a\nb\n', 'a\nc\n'), 'line 2\n- b\n+ c');
});

t.test('every operation says what it is called, whose it is, and how it fails', async (t) => {
  t.ok(operations.length > 25, `${operations.length} operations`);
  const ids = operations.map(({ operation }) => operation.operationId);
  t.same(
    ids.filter((id, i) => ids.indexOf(id) !== i),
    [],
    'operation ids are unique',
  );
  for (const { name, operation } of operations) {
    const { operationId, summary, tags, responses } = operation;
    const missing = [
      !/^[a-z][A-Za-z0-9]+$/.test(operationId ?? '') && 'operationId',
      !summary && 'summary',
      !/\p{Script=Han}/u.test(operation['x-summary-zh'] ?? '') && 'x-summary-zh',
      tags?.length !== 1 && 'one tag',
      !Array.isArray(operation['x-roles']) && 'x-roles',
      // Open to all is said outright; else somebody may.
      (operation['x-roles']?.length === 0) !== isOpen(operation.security) && 'x-roles that fit security',
      !Object.keys(responses).some((status) => status.startsWith('2')) && 'a success',
      ...['500', '503'].map((status) => !responses[status] && status),
      ...['401', '403'].map((status) => operation['x-roles']!.length > 0 && !responses[status] && status),
      ...['400', '413', '415'].map(
        (status) => operation.requestBody !== undefined && !responses[status] && status,
      ),
    ].filter(Boolean);
    // WeChat Pay is refused in the words of its own protocol.
    const own = operationId === 'notifyWechat' ? 'application/json' : 'application/problem+json';
    const plain = Object.entries(responses).filter(
      ([status, { content }]) =>
        /^[45]/.test(status) &&
        (content?.['application/problem+json'] ?? content?.[own])?.schema === undefined,
    );
    t.same([...missing, ...plain.map(([status]) => `${status} as a problem`)], [], name);
  }
});

t.test('no schema allows just anything', async (t) => {
  t.same(emptySchemas({ properties: { a: {}, b: { items: { description: 'x' } } } }, ''), [
    '/properties/a',
    '/properties/b/items',
  ]);
  for (const { name, operation } of operations) {
    const content = [operation.requestBody, ...Object.values(operation.responses)].flatMap((part) =>
      Object.entries(part?.content ?? {}),
    );
    const parameters = (operation.parameters ?? []).map(({ name, schema }) =>
      emptySchemas(schema ?? {}, name),
    );
    const bodies = content.map(([type, { schema }]) => emptySchemas(schema ?? {}, type));
    t.same([...parameters, ...bodies].flat(), [], name);
  }
  for (const [name, schema] of Object.entries(document.components.schemas))
    t.same(emptySchemas(schema, ''), [], name);
});

t.test('every reference leads somewhere', async (t) => {
  const refs = [...files['openapi.json']!.matchAll(/"\$ref": "([^"]*)"/g)].map(([, ref]) => ref!);
  t.ok(refs.length > 50, `${refs.length} references`);
  const named = new Set(
    Object.keys(document.components.schemas).map((name) => `#/components/schemas/${name}`),
  );
  t.same(
    refs.filter((ref) => !named.has(ref)),
    [],
  );
});

t.test('every body has an example that fits its own schema', async (t) => {
  for (const { name, operation } of operations) {
    const media = operation.requestBody?.content['application/json'];
    if (operation.requestBody === undefined) continue;
    if (media?.example === undefined) {
      t.fail(`${name} has no example`);
      continue;
    }
    const pointer = [name.split(' ')[1]!, name.split(' ')[0]!.toLowerCase()].map((part) =>
      encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1')),
    );
    const validate = ajv.compile({
      $ref: `openapi#/paths/${pointer.join('/')}/requestBody/content/application~1json/schema`,
    });
    t.ok(validate(media.example), `${name}: ${ajv.errorsText(validate.errors)}`);
    t.notOk(validate('no body at all'), `${name} refuses what is no body`);
  }
});

t.test('every type of fact is described, with what it does to grams and fen', async (t) => {
  t.same(facts.facts.map(({ type }) => type).sort(), FACT_TYPES.map(({ type }) => type).sort());
  t.equal(new Set(facts.facts.map(({ type }) => type)).size, FACT_TYPES.length, 'names are unique');
  for (const fact of facts.facts) {
    const { type, title, grams, fen, data, private: sealed, person, visibility } = fact;
    t.match(type, /^[a-z]+(-[a-z]+)*\.[a-z]+(-[a-z]+)*\.v\d+$/);
    t.ok(title.en && /\p{Script=Han}/u.test(title.zh) && grams && fen, `${type} has titles, grams and fen`);
    t.equal(visibility, sealed === undefined && person === undefined ? 'public' : 'public and sealed');
    for (const schema of [data, sealed, person])
      if (schema !== undefined) {
        t.ok(ajv.compile(schema), `${type} has schemas that compile`);
        t.same(emptySchemas(schema, ''), [], type);
      }
  }
});
