import { Connection, requestText } from './http-client.ts';
import { closedLoopLatencies } from './rounds.ts';
import { weighIn } from './weigh-in.ts';

/** What to ask for `ms` milliseconds, on so many connections. */
export type LoadTask = {
  port: number;
  token: string;
  connections: number;
  ms: number;
  /** `GET` one path after the other; or one new weigh-in at the site a request, with its price or without; or uploads of `items` new ones. */
  ask:
    | { kind: 'get'; paths: readonly string[] }
    | { kind: 'post'; siteId: string; unpriced?: boolean }
    | { kind: 'batch'; siteId: string; items: number };
};
export type LoadResult = { latencies: number[]; elapsedMs: number; count: number } | { error: string };

/** Sends the next request and returns how much it did. */
const asker = ({ ask, token }: LoadTask): ((connection: Connection) => Promise<number>) => {
  const sent = async (connection: Connection, request: string, status: number): Promise<string> => {
    const answer = await connection.send(request);
    if (answer.status !== status) throw new Error(`answered ${answer.status}: ${answer.body.slice(0, 500)}`);
    return answer.body;
  };
  switch (ask.kind) {
    case 'get': {
      const requests = ask.paths.map((path) => requestText('GET', path, token));
      let asked = 0;
      return async (connection) => {
        await sent(connection, requests[asked++ % requests.length]!, 200);
        return 1;
      };
    }
    case 'post':
      return async (connection) => {
        const { quote, ...bag } = weighIn(ask.siteId);
        const body = JSON.stringify(ask.unpriced ? bag : { ...bag, quote });
        await sent(connection, requestText('POST', '/v1/collections', token, body), 201);
        return 1;
      };
    case 'batch':
      return async (connection) => {
        const body = JSON.stringify(Array.from({ length: ask.items }, () => weighIn(ask.siteId)));
        const answer = await sent(connection, requestText('POST', '/v1/collections/batch', token, body), 200);
        const { items } = JSON.parse(answer) as { items: { status: number }[] };
        const refused = items.find(({ status }) => status !== 201);
        if (refused !== undefined) throw new Error(`an item was answered ${JSON.stringify(refused)}`);
        return items.length;
      };
  }
};

const perform = async (task: LoadTask): Promise<LoadResult> => {
  const connections = await Promise.all(
    Array.from({ length: task.connections }, () => Connection.open(task.port)),
  );
  try {
    const ask = asker(task);
    let count = 0;
    const { latencies, elapsedMs } = await closedLoopLatencies(task.connections, task.ms, async (i) => {
      const done = await ask(connections[i]!);
      count += done;
    });
    return { latencies, elapsedMs, count };
  } finally {
    for (const connection of connections) connection.close();
  }
};

process.on('message', (task: LoadTask) => {
  perform(task)
    .catch((error: Error): LoadResult => ({ error: error.message }))
    .then((result) => process.send!(result));
});
