import { createJsonSchemaTransform } from 'fastify-type-provider-zod';

const base = createJsonSchemaTransform({ skipList: [] });

type Transform = typeof base;

/** Carries our own members (`x-…`) through to the operation and leaves the documents' own pages out. */
export const openApiTransform: Transform = (input) => {
  const { schema, url } = base(input);
  const given = input.schema as Record<string, unknown> | undefined;
  if (given === undefined || given.hide === true) return { schema, url };
  const extra = Object.fromEntries(Object.entries(given).filter(([name]) => name.startsWith('x-')));
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
        for (const [type, media] of Object.entries(content)) if (type === 'application/json') media.example = example;
    }
  }
  const components = document.components as { schemas?: Json } | undefined;
  if (components?.schemas !== undefined) prune(document, components.schemas);
  return document as never;
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
