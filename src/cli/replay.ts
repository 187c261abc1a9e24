import type { Config } from '../config.ts';
import { ReplayFault } from '../ledger/replay.ts';
import { type Difference, type Replayed, replayAndCompare } from '../replay.ts';
import { openCommandDatabase, readKeyring } from './database.ts';
import { answer, count, type ExitCode, Failed, type Io, progressOf } from './io.ts';

export type ReplayOptions = { database?: string; json?: boolean };

/**
 * `blue-cycle replay`: rebuilds every derived table from the ledger beside the live ones and compares them.
 * Exit code 1 names the first rows that differ.
 */
export const runReplay = async (options: ReplayOptions, config: Config, io: Io): Promise<ExitCode> => {
  const keyring = await readKeyring(config.privateKeyFile);
  if (keyring === undefined)
    throw new Failed(
      `There is no private key file ${config.privateKeyFile}; without it the private parts cannot be replayed.`,
    );
  const database = await openCommandDatabase(config, options.database);
  const progress = progressOf(io, 'entries');
  try {
    const replayed = await replayAndCompare(
      { url: database.url, schema: database.schema, keyring },
      progress.update,
    );
    progress.stop();
    const ok = replayed.tables.every(({ differences }) => differences === 0);
    await answer(io, options.json, { ok, ...replayed }, report(replayed, ok));
    return ok ? 0 : 1;
  } catch (error) {
    progress.stop();
    if (error instanceof ReplayFault) throw new Failed(error.message);
    if ((error as { code?: string }).code === '42501')
      throw new Failed(
        `A replay needs a schema of its own (${(error as Error).message}): set DATABASE_OWNER_URL.`,
      );
    throw error;
  } finally {
    progress.stop();
    await database.close();
  }
};

const report = ({ size, followed, tables, notUnderstood }: Replayed, ok: boolean): string[] => [
  `${ok ? 'equal' : 'NOT EQUAL'}: ${count(size)} entries replayed, ${count(followed)} of them followed for provenance`,
  ...tables.flatMap(({ table, rows, differences, first }) => [
    `${table.padEnd(20)} ${count(rows).padStart(12)} rows  ${differences === 0 ? 'equal' : `${count(differences)} DIFFER`}`,
    ...first.map((difference) => `  ${describe(difference)}`),
  ]),
  ...Object.entries(notUnderstood).map(([type, n]) => `not understood: ${count(n)} facts of type ${type}`),
];

const describe = ({ key, live, replayed }: Difference): string => {
  const name = Object.entries(key)
    .map(([column, value]) => `${column} ${String(value)}`)
    .join(', ');
  if (live === null) return `${name}: only in the ledger`;
  if (replayed === null) return `${name}: only in the live table`;
  const changed = Object.keys({ ...live, ...replayed }).filter(
    (c) => JSON.stringify(live[c]) !== JSON.stringify(replayed[c]),
  );
  return `${name}: ${changed.map((c) => `${c} is ${short(live[c])}, by the ledger ${short(replayed[c])}`).join('; ')}`;
};

const short = (value: unknown): string => {
  const text = JSON.stringify(value) ?? 'absent';
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
};
