import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { SingleBar } from 'cli-progress';
import {
  type ImportDeps,
  ImportMisuse,
  type ImportResult,
  importWeighIns,
  type Outcome,
} from '../interop/import/import.ts';
import { type ImportMap, readMap } from '../interop/import/map.ts';
import { readStatementMap, statementTarget } from '../interop/import/statements.ts';

export type ImportOptions = {
  /** What the rows are; weigh-ins unless said. */
  of?: 'weigh-ins' | 'statement';
  /** Paths of the CSV file and of the JSON map. */
  file: string;
  map?: string | undefined;
  /** `field=value`, each replacing a default of the map. */
  set?: readonly string[];
  url?: string | undefined;
  apiKey?: string | undefined;
  /** One JSON object on stdout instead of sentences. */
  json?: boolean;
  /** Path of an NDJSON file that gets every row's outcome, a line each. */
  report?: string | undefined;
  /** How long to wait in all for a server that is busy or away; 5 minutes. */
  giveUpAfterMs?: number;
};

export type ImportIo = ImportDeps & {
  stdout: Writable;
  stderr: Writable;
  /** Whether stderr is a terminal, and so shows progress. */
  isTTY: boolean;
};

export type ImportSummary = { accepted: number; replayed: number; refused: number; exitCode: 0 | 1 | 2 };

/**
 * `blue-cycle import weigh-ins FILE.csv --map MAP.json`: posts the rows of a CSV as weigh-ins.
 * Refused rows go to stdout with line and reason, progress to stderr only. Exit code 0: every row is recorded;
 * 1: some were refused, or the server stayed away; 2: used wrongly, with a sentence that says what to change.
 */
export async function runImport(options: ImportOptions, io: ImportIo): Promise<ImportSummary> {
  const counts = { accepted: 0, replayed: 0, refused: 0 };
  const output = options.json ? jsonOutput(io) : plainOutput(io);
  let report: Writable | undefined;
  let bar: SingleBar | undefined;
  try {
    const { url, apiKey } = options;
    if (!url) throw new ImportMisuse('no server: give --url or BLUE_CYCLE_URL');
    if (!URL.canParse(url))
      throw new ImportMisuse(`--url ${url} is not a URL, such as http://127.0.0.1:3000`);
    if (!apiKey) throw new ImportMisuse('no key: give it in BLUE_CYCLE_API_KEY');
    const statement =
      options.of === 'statement' ? statementTarget(readStatementMap(await loadJson(options.map))) : undefined;
    const map = statement?.map ?? (await loadMap(options));
    const bytes = (await stat(options.file).catch(() => undefined))?.size;
    if (bytes === undefined) throw new ImportMisuse(`there is no file ${options.file}`);
    report = options.report === undefined ? undefined : await openReport(options.report);
    bar = io.isTTY ? startBar(io.stderr, bytes) : undefined;

    const result = await importWeighIns(io, {
      file: options.file,
      map,
      ...(statement === undefined ? {} : { target: statement.target }),
      url,
      apiKey,
      giveUpAfterMs: options.giveUpAfterMs ?? 300_000,
      onOutcomes: async (outcomes) => {
        for (const each of outcomes) counts[each.outcome] += 1;
        if (report) await write(report, outcomes.map((each) => `${JSON.stringify(each)}\n`).join(''));
        const refused = outcomes.filter(({ outcome }) => outcome === 'refused');
        if (refused.length === 0) return;
        if (bar) io.stderr.write('\r\u001b[K');
        await output.refused(refused);
      },
      onProgress: (done) => bar?.update(done, counts),
      onWait: (reason, ms) => {
        io.stderr.write(`${bar ? '\r\u001b[K' : ''}${reason}; trying again in ${Math.ceil(ms / 1000)} s\n`);
      },
    });
    const exitCode = result.stopped?.misuse ? 2 : result.stopped || result.refused > 0 ? 1 : 0;
    bar?.update(bytes, counts);
    bar?.stop();
    await output.end(counts, exitCode, result);
    return { ...counts, exitCode };
  } catch (error) {
    bar?.stop();
    if (!(error instanceof ImportMisuse)) throw error;
    io.stderr.write(`${error.message}\n`);
    await output.misused(error.message);
    return { ...counts, exitCode: 2 };
  } finally {
    if (report) {
      report.end();
      await once(report, 'close');
    }
  }
}

async function loadJson(file: string | undefined): Promise<unknown> {
  if (!file) throw new ImportMisuse('no map: give --map MAP.json, which says what the columns mean');
  try {
    return JSON.parse((await readFile(file, 'utf8')).replace(/^\ufeff/, ''));
  } catch (error) {
    throw new ImportMisuse(`the map ${file} cannot be read: ${(error as Error).message}`);
  }
}

async function loadMap(options: ImportOptions): Promise<ImportMap> {
  const source = await loadJson(options.map);
  const map = readMap(source, options.set);
  if (!map.ok) throw new ImportMisuse(`the map ${options.map} does not fit: ${map.reason}`);
  return map.value;
}

async function openReport(path: string): Promise<Writable> {
  const report = createWriteStream(path);
  try {
    await once(report, 'open');
  } catch (error) {
    throw new ImportMisuse(`cannot write --report ${path}: ${(error as Error).message}`);
  }
  return report;
}

function startBar(stream: Writable, bytes: number): SingleBar {
  const format =
    '{bar} {percentage}% | {accepted} accepted, {replayed} replayed, {refused} refused | {eta_formatted}';
  const bar = new SingleBar({ stream: stream as NodeJS.WriteStream, format, hideCursor: true });
  bar.start(bytes, 0, { accepted: 0, replayed: 0, refused: 0 });
  return bar;
}

type Output = {
  refused: (outcomes: Outcome[]) => Promise<void>;
  end: (counts: Omit<ImportSummary, 'exitCode'>, exitCode: number, result: ImportResult) => Promise<void>;
  misused: (message: string) => Promise<void>;
};

function plainOutput({ stdout }: ImportIo): Output {
  return {
    refused: (outcomes) =>
      write(stdout, outcomes.map(({ line, reason }) => `line ${line}: ${reason}\n`).join('')),
    end: async ({ accepted, replayed, refused }, _exitCode, { stopped }) => {
      const rows = accepted + replayed + refused;
      const lines = [`${rows} rows: ${accepted} accepted, ${replayed} recorded before, ${refused} refused`];
      if (stopped) {
        lines.push(
          `stopped after line ${stopped.afterLine}: ${stopped.reason}`,
          'The same command again goes on from there.',
        );
      }
      if (refused > 0) {
        lines.push(
          'To record refused rows, correct them in a new file with only the header and those rows:',
          'an edited copy of the whole file would record its other rows a second time.',
        );
      }
      await write(stdout, `${lines.join('\n')}\n`);
    },
    misused: async () => {},
  };
}

/** One object, written as it grows, so that a million refused rows need no memory. */
function jsonOutput({ stdout }: ImportIo): Output {
  let separator = '{"refusals":[';
  const end = (rest: object) =>
    write(stdout, `${separator === ',' ? '' : separator}],${JSON.stringify(rest).slice(1)}\n`);
  return {
    refused: (outcomes) => {
      const rows = outcomes.map(({ line, id, reason }) => JSON.stringify({ line, id, reason }));
      const opening = separator;
      separator = ',';
      return write(stdout, opening + rows.join(','));
    },
    end: (counts, exitCode, { sha256, stopped }) =>
      end({ sha256, ...counts, ...(stopped && { stopped }), exitCode }),
    misused: (error) => end({ accepted: 0, replayed: 0, refused: 0, error, exitCode: 2 }),
  };
}

async function write(stream: Writable, text: string): Promise<void> {
  if (!stream.write(text)) await once(stream, 'drain');
}
