import { randomUUID } from 'node:crypto';
import t from 'tap';
import { type Client, startTestApp } from '../support/app.ts';
import { thingsOf } from '../support/things.ts';

type Schema = {
  $ref?: string;
  type?: string;
  const?: unknown;
  enum?: unknown[];
  anyOf?: Schema[];
  oneOf?: Schema[];
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  minimum?: number;
  maxItems?: number;
  minItems?: number;
  format?: string;
  pattern?: string;
};
type Operation = {
  operationId: string;
  'x-roles': string[];
  requestBody?: { content: Record<string, { schema?: Schema; example?: unknown }> };
};

t.test(
  'a list in a body, however deep, may be as long as its cap, and one more is refused with its name',
  async (t) => {
    const app = await startTestApp(t);
    const things = await thingsOf(app, 'caps');
    const document = app.app.swagger() as unknown as {
      paths: Record<string, Record<string, Operation>>;
      components: { schemas: Record<string, Schema> };
    };
    const resolve = (schema: Schema): Schema =>
      schema.$ref === undefined
        ? schema
        : resolve(document.components.schemas[schema.$ref.split('/').at(-1)!]!);

    /** Something the schema takes, each time another where it is an id or a text. */
    const sample = (named: Schema): unknown => {
      const schema = resolve(named);
      if (schema.const !== undefined) return schema.const;
      if (schema.enum !== undefined) return schema.enum[0];
      const [choice] = schema.anyOf ?? schema.oneOf ?? [];
      if (choice !== undefined) return sample(choice);
      if (schema.type === 'object')
        return Object.fromEntries(
          (schema.required ?? []).map((name) => [name, sample(schema.properties![name]!)]),
        );
      if (schema.type === 'array')
        return Array.from({ length: schema.minItems ?? 0 }, () => sample(schema.items!));
      if (schema.type === 'integer' || schema.type === 'number') return Math.max(1, schema.minimum ?? 1);
      if (schema.type === 'boolean') return true;
      if (schema.format === 'uuid' || schema.pattern?.includes('[0-9a-f]{8}')) return randomUUID();
      if (schema.pattern?.includes('{64}')) return randomUUID().replaceAll('-', '').repeat(2);
      return schema.format === 'date-time' ? new Date().toISOString() : randomUUID().slice(0, 8);
    };

    const clients = new Map<string, Client>();
    const clientOf = async (roles: readonly string[]): Promise<Client> => {
      if (roles.includes('operator')) return app.operator;
      if (roles.length === 0) return app.client('');
      const [role] = roles as [string];
      if (!clients.has(role)) clients.set(role, await app.keyFor(things.organisationId, role));
      return clients.get(role)!;
    };

    /** Where a list stands in a body: the names on the way to it, a list on the way holding one item. */
    type Place = { at: string[]; list: Schema };
    const listsIn = (named: Schema, at: string[] = []): Place[] => {
      const schema = resolve(named);
      const [choice] = schema.anyOf ?? schema.oneOf ?? [];
      if (choice !== undefined) return listsIn(choice, at);
      const own = schema.type === 'array' && schema.maxItems !== undefined ? [{ at, list: schema }] : [];
      if (schema.type === 'array') return [...own, ...listsIn(schema.items!, [...at, '0'])];
      return Object.entries(schema.properties ?? {}).flatMap(([name, property]) =>
        listsIn(property, [...at, name]),
      );
    };
    /** The value with the list put in its place; what lies on the way is made where the example has none. */
    const put = (named: Schema, value: unknown, [name, ...rest]: string[], list: unknown[]): unknown => {
      if (name === undefined) return list;
      let schema = resolve(named);
      while ((schema.anyOf ?? schema.oneOf) !== undefined)
        schema = resolve((schema.anyOf ?? schema.oneOf)![0]!);
      if (schema.type === 'array') {
        const [first = sample(schema.items!)] = (value ?? []) as unknown[];
        return [put(schema.items!, first, rest, list)];
      }
      const known = (value ?? sample(schema)) as Record<string, unknown>;
      return { ...known, [name]: put(schema.properties![name]!, known[name], rest, list) };
    };

    let lists = 0;
    for (const [url, methods] of Object.entries(document.paths))
      for (const [method, { operationId, requestBody, 'x-roles': roles }] of Object.entries(methods)) {
        const { schema, example } = requestBody?.content['application/json'] ?? {};
        if (schema === undefined) continue;
        for (const { at: names, list } of listsIn(schema)) {
          lists++;
          const maxItems = list.maxItems!;
          const pointer = names.map((name) => `/${name}`).join('');
          const isUpload = resolve(schema).type === 'array';
          const ask = async (count: number) => {
            const filled = Array.from({ length: count }, () => sample(list.items!));
            const client = await clientOf(roles);
            const path = url.replaceAll(/\{(\w+)\}/g, (_, name) =>
              name === 'code' ? 'a-code' : randomUUID(),
            );
            const response = await app.app.inject({
              method: method.toUpperCase() as 'POST',
              url: path,
              headers: client.secret === '' ? {} : { authorization: `Bearer ${client.secret}` },
              payload: put(schema, example, names, filled) as object,
            });
            const answer = response.json();
            // Of an upload each item is answered by itself, with pointers into it.
            const inItem = isUpload && response.statusCode === 200 ? answer.items[0].error : undefined;
            const {
              status,
              detail = '',
              errors = [],
            } = (inItem ?? { status: response.statusCode, ...answer }) as {
              status: number;
              detail?: string;
              errors?: { pointer: string; reason: string }[];
            };
            const inBody = inItem === undefined ? pointer : pointer.slice('/0'.length);
            const said = errors.filter((e) => e.pointer.replace(/^#/, '') === inBody).map((e) => e.reason);
            if (pointer === '') said.push(detail);
            return { status, said, body: response.body.slice(0, 300) };
          };
          const cap = new RegExp(`\\b${maxItems.toLocaleString('en')}\\b|\\b${maxItems}\\b`);
          const where = `${operationId}: ${pointer === '' ? 'the body' : pointer}`;
          const over = await ask(maxItems + 1);
          t.ok(
            (over.status === 400 && over.said.some((reason) => cap.test(reason))) || over.status === 413,
            `${where} with ${maxItems + 1}: ${over.status} ${over.body}`,
          );
          const at = await ask(maxItems);
          t.ok(
            at.status < 500 && !at.said.some((reason) => cap.test(reason)),
            `${where} with ${maxItems}: ${at.status} ${at.body}`,
          );
        }
      }
    t.ok(lists >= 60, `${lists} lists`);
  },
);
