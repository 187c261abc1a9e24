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

t.test('a list of a body may be as long as its cap, and one more is refused with its name', async (t) => {
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
    const [role] = roles as [string];
    if (!clients.has(role)) clients.set(role, await app.keyFor(things.organisationId, role));
    return clients.get(role)!;
  };

  let lists = 0;
  for (const [url, methods] of Object.entries(document.paths))
    for (const [method, { operationId, requestBody, 'x-roles': roles }] of Object.entries(methods)) {
      const { schema: named, example } = requestBody?.content['application/json'] ?? {};
      const schema = named && resolve(named);
      if (schema?.type !== 'object') continue;
      for (const [name, property] of Object.entries(schema.properties ?? {})) {
        const { maxItems, items } = resolve(property);
        if (maxItems === undefined) continue;
        lists++;
        const ask = async (count: number) => {
          const list = Array.from({ length: count }, () => sample(items!));
          const body = { ...(example as object), [name]: list };
          const client = await clientOf(roles);
          const path = url.replaceAll(/\{\w+\}/g, () => randomUUID());
          const response = await app.app.inject({
            method: method.toUpperCase() as 'POST',
            url: path,
            headers: client.secret === '' ? {} : { authorization: `Bearer ${client.secret}` },
            payload: body,
          });
          const { errors = [] } = response.json() as { errors?: { pointer: string; reason: string }[] };
          const wrong = errors.filter(({ pointer }) => pointer === `/${name}` || pointer === `#/${name}`);
          return { status: response.statusCode, wrong, body: response.body.slice(0, 300) };
        };
        const over = await ask(maxItems + 1);
        const tooMany = over.wrong.some(({ reason }) => reason.includes(String(maxItems)));
        t.ok(
          (over.status === 400 && tooMany) || over.status === 413,
          `${operationId}: ${maxItems + 1} ${name} ${over.status} ${over.body}`,
        );
        const at = await ask(maxItems);
        t.ok(
          at.status < 500 && !at.wrong.some(({ reason }) => reason.includes(String(maxItems))),
          `${operationId}: ${maxItems} ${name} ${at.status} ${at.body}`,
        );
      }
    }
  t.ok(lists > 20, `${lists} lists`);
});
