import { createJsonSchemaTransform } from 'fastify-type-provider-zod';

const base = createJsonSchemaTransform({ skipList: [] });

type Transform = typeof base;

/** Carries our own members (`x-…`) through to the operation and leaves the documents' own pages out. */
export const openApiTransform: Transform = (input) => {
  const given = input.schema as Record<string, unknown> | undefined;
  const documented = given?.['x-body'] === undefined ? input.schema : { ...given, body: given['x-body'] };
  const { schema, url } = base({ ...input, schema: documented } as typeof input);
  if (given === undefined || given.hide === true) return { schema, url };
  const extra = Object.fromEntries(
    Object.entries(given).filter(([name]) => name.startsWith('x-') && name !== 'x-body'),
  );
  return { schema: { ...schema, ...extra } as typeof schema, url };
};

type Json = Record<string, unknown>;

/** Puts examples where OpenAPI wants them and drops components that nothing refers to. */
export const tidyDocument = (document: Json): never => {
  for (const item of Object.values((document.paths ?? {}) as Record<string, Record<string, Json>>)) {
    for (const operation of Object.values(item)) {
      const example = operation['x-example'];
      delete operation['x-example'];
      const content = (operation.requestBody as { content?: Record<string, Json> } | undefined)?.content;
      if (example !== undefined && content !== undefined)
        for (const [type, media] of Object.entries(content))
          if (type === 'application/json') media.example = example;
    }
  }
  const components = document.components as { schemas?: Json } | undefined;
  if (components?.schemas !== undefined) {
    if (nameAnyJson(document)) components.schemas.AnyJson = ANY_JSON;
    prune(document, components.schemas);
  }
  return document as never;
};

const ANY_JSON = {
  description: 'Any JSON value.',
  anyOf: [
    { type: 'string' },
    { type: 'number' },
    { type: 'boolean' },
    { type: 'null' },
    { type: 'array', items: { $ref: '#/components/schemas/AnyJson' } },
    { type: 'object', additionalProperties: { $ref: '#/components/schemas/AnyJson' } },
  ],
};

/** `z.json()` refers to itself under a made-up name that stands nowhere in the document; it gets a name of its own. */
const nameAnyJson = (node: unknown): boolean => {
  if (typeof node !== 'object' || node === null) return false;
  const ref = (node as { $ref?: unknown }).$ref;
  if (typeof ref === 'string' && /\/schemas\/(__shared#\/\$defs\/)?schema\d+$/.test(ref)) {
    (node as Json).$ref = '#/components/schemas/AnyJson';
    return true;
  }
  return Object.values(node).map(nameAnyJson).includes(true);
};

const prune = (document: Json, schemas: Json): void => {
  for (let again = true; again; ) {
    again = false;
    const text = JSON.stringify(document);
    for (const name of Object.keys(schemas)) {
      if (text.includes(`"#/components/schemas/${name}"`)) continue;
      delete schemas[name];
      again = true;
    }
  }
};
