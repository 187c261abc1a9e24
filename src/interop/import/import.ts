import { createHash } from 'node:crypto';
import { formatUuid } from '../../kernel/ids.ts';
import { hashFile, ImportMisuse, readRows } from './lines.ts';
import type { ImportMap } from './map.ts';
import { bindRows, type RowReader, type WeighInBody } from './rows.ts';
import type { Reading } from './units.ts';
import { type ImportDeps, type Item, type Outcome, uploader } from './upload.ts';

export { ImportMisuse } from './lines.ts';
export type { ImportDeps, Outcome } from './upload.ts';

/** The namespace (RFC 9562, section 5.5) of ids that follow from a file and a line. */
const namespace = '1275ae6c-5a2c-4160-a831-67367bb02e6e';
const largestUpload = 500;
const uploadsInFlight = 2;

export type ImportResult = {
  sha256: string;
  accepted: number;
  replayed: number;
  refused: number;
  /** Set when the server could not be reached or would not have the key; running again continues. */
  stopped?: { reason: string; misuse: boolean; afterLine: number };
};

export type BoundRows = RowReader;
/** What rows become, where they are no weigh-ins. */
export type ImportTarget = {
  path: string;
  bind(header: readonly string[]): Reading<BoundRows>;
  /** Follows from the row itself, whichever file it stands in. */
  idOf(body: WeighInBody): string;
};

export type ImportJob = {
  file: string;
  map: ImportMap;
  /** Weigh-ins unless said. */
  target?: ImportTarget;
  url: string;
  apiKey: string;
  /** How long an upload waits in all for a server that is busy or away before the import stops. */
  giveUpAfterMs: number;
  /** Told in the order the answers come; awaited, so that a slow reader slows the import down. */
  onOutcomes: (outcomes: Outcome[]) => Promise<void>;
  onProgress?: (bytesDone: number) => void;
  onWait?: (reason: string, ms: number) => void;
};

/**
 * Posts every row of a CSV file as a weigh-in, in uploads of up to 500 with two in flight, and tells for each
 * whether it was accepted, had been before (replayed) or is refused and why. Keeps no state: the id of a row
 * follows from the file's hash and the row's line, so that after a break the same command sends the same
 * writes and nothing is recorded twice.
 * Reads the file twice, once for its hash, and holds a few uploads in memory, never the file.
 * Throws ImportMisuse before anything is sent when the file is not text in the map's encoding, or its header
 * does not fit the map.
 */
export async function importWeighIns(deps: ImportDeps, job: ImportJob): Promise<ImportResult> {
  const sha256 = await hashFile(job.file, job.map.encoding);
  const result: ImportResult = { sha256, accepted: 0, replayed: 0, refused: 0 };
  const settle = async (outcomes: Outcome[]) => {
    for (const { outcome } of outcomes) result[outcome] += 1;
    if (outcomes.length > 0) await job.onOutcomes(outcomes);
  };
  const stop = (reason: string, misuse: boolean, afterLine: number) => {
    result.stopped ??= { reason, misuse, afterLine };
    result.stopped.afterLine = Math.min(result.stopped.afterLine, afterLine);
  };
  const to = { path: 'v1/collections/batch', ...job, ...(job.target && { path: job.target.path }) };
  const upload = uploader(deps, to, settle, stop, () => result.stopped !== undefined);

  const read = { bytes: 0 };
  let readRow: RowReader | undefined;
  let items: Item[] = [];
  let refusals: Outcome[] = [];
  const inFlight = new Set<Promise<void>>();
  let failure: { error: unknown } | undefined;
  const flush = async () => {
    await settle(refusals);
    refusals = [];
    if (items.length === 0) return;
    const bytes = read.bytes;
    const sent = upload(items)
      .then(() => job.onProgress?.(bytes))
      .catch((error: unknown) => {
        failure ??= { error };
      })
      .finally(() => inFlight.delete(sent));
    inFlight.add(sent);
    items = [];
    if (inFlight.size >= uploadsInFlight) await Promise.race(inFlight);
    if (failure) throw failure.error;
  };

  try {
    for await (const row of readRows(job.file, job.map, read)) {
      if (readRow === undefined) {
        if ('reason' in row) throw new ImportMisuse(`line ${row.line}: ${row.reason}`);
        const bound = job.target?.bind(row.cells) ?? bindRows(job.map, row.cells);
        if (!bound.ok) throw new ImportMisuse(bound.reason);
        readRow = bound.value;
        continue;
      }
      const reading = 'reason' in row ? { reasons: [row.reason] } : readRow(row.cells);
      const id = uuidV5(namespace, `${sha256}:${row.line}`);
      if ('reasons' in reading) {
        refusals.push({ line: row.line, id, outcome: 'refused', reason: reading.reasons.join('; ') });
      } else {
        const own = job.target?.idOf(reading.body) ?? id;
        items.push({ line: row.line, body: { id: own, ...reading.body } });
      }
      if (items.length + refusals.length >= largestUpload) await flush();
      if (result.stopped) break;
    }
    if (result.stopped) await settle(refusals);
    else await flush();
  } finally {
    await Promise.all(inFlight);
  }
  if (failure) throw failure.error;
  if (readRow === undefined) throw new ImportMisuse(`${job.file} is empty`);
  return result;
}

/** The name-based id of RFC 9562, section 5.5. */
export function uuidV5(space: string, name: string): string {
  const spaceBytes = Buffer.from(space.replaceAll('-', ''), 'hex');
  return formatUuid(createHash('sha1').update(spaceBytes).update(name).digest(), 5);
}
