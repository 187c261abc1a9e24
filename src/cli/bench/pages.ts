import { listen } from './http.ts';
import type { LoadGenerator } from './load.ts';
import type { Place } from './place.ts';
import { makeBatch } from './provenance.ts';
import { type Row, row } from './rows.ts';

const NAME = 'Page of a batch';
const LIMIT_MS = 50;
const LIMIT_BYTES = 150_000;
/** What a browser takes before it shows its verdict, besides the page itself and the proof of the batch. */
const PARTS = [
  '/verify/product.js',
  '/verify/worker.js',
  '/verify/verifier.js',
  '/v1/ledger/entries/0/bundle',
];

/** How fast the server makes the page of a batch of so many weigh-ins, and how much a telephone takes until the verdict. */
export const measurePages = async (
  place: Place,
  generator: LoadGenerator,
  weighIns: number,
  ms: number,
  progress: (text: string) => void,
): Promise<Row[]> => {
  const id = await makeBatch(place, progress, weighIns);
  const port = await listen(place.app);
  const page = `/p/${id}?lang=zh`;
  const started = performance.now();
  const first = await fetch(`http://127.0.0.1:${port}${page}`);
  const html = await first.text();
  const firstMs = performance.now() - started;
  const sizeOf = async (path: string): Promise<number> =>
    (await (await fetch(`http://127.0.0.1:${port}${path}`)).arrayBuffer()).byteLength;
  let bytes = Buffer.byteLength(html);
  for (const path of PARTS) bytes += await sizeOf(path);
  const proof = await sizeOf(`/v1/batches/${id}/bundle`);
  const ask = { kind: 'get', paths: [page] } as const;
  const { perSecond, p50Ms, p99Ms } = await generator.run({
    ...{ port, token: place.secret, connections: 1, ms, ask },
  });
  return [
    row(NAME, `of ${weighIns} weigh-ins`, {
      ...{ callers: 1, ours: perSecond, p50Ms, p99Ms, goal: `p99 < ${LIMIT_MS} ms`, met: p99Ms < LIMIT_MS },
      note: 'what is told of a batch is kept for half a minute: reading it stands in the next line',
    }),
    row(NAME, 'read for the first time', { callers: 1, ours: firstMs, unit: 'ms' }),
    row(NAME, 'page, scripts and the proof of the log', {
      ...{ ours: bytes, unit: 'bytes', goal: `< ${LIMIT_BYTES} bytes`, met: bytes < LIMIT_BYTES },
    }),
    row(NAME, 'the proof of the batch', {
      ...{ ours: proof, unit: 'bytes' },
      note: 'grows with the inputs of the last runs before the seal',
    }),
  ];
};
