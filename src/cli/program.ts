import { setTimeout as sleep } from 'node:timers/promises';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { type Config, ConfigError, readConfig } from '../config.ts';
import { messageOf } from './database.ts';
import { type ExitCode, Failed, type Io, Misuse } from './io.ts';

const VERSION = '0.1.0';

type Outcome = ExitCode | number | { exitCode: number };

/**
 * Runs one command line. Returns the exit code: 0 all is well, 1 something was found wrong, 2 used wrongly.
 * Results go to stdout, everything else to stderr.
 */
export const run = async (argv: readonly string[], io: Io): Promise<number> => {
  let outcome: Outcome = 0;
  const program = buildProgram(io, (code) => {
    outcome = code;
  });
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return typeof outcome === 'number' ? outcome : (outcome as { exitCode: number }).exitCode;
  } catch (error) {
    return explain(error, io);
  }
};

/** A sentence for everything an operator can do something about; a stack for what is our fault. */
const explain = (error: unknown, io: Io): ExitCode => {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  const { name = '', message = '', code } = error as Error & { code?: string };
  if (error instanceof Misuse || error instanceof ConfigError) {
    io.stderr.write(`${message}\n`);
    return 2;
  }
  const plain =
    error instanceof Failed ||
    name === 'DataDirectoryInUse' ||
    code !== undefined ||
    !(error instanceof TypeError);
  io.stderr.write(`${plain ? message || messageOf(error) : (error as Error).stack}\n`);
  return 1;
};

type Action<Options> = (options: Options, config: Config, io: Io) => Promise<Outcome>;

const buildProgram = (io: Io, done: (outcome: Outcome) => void): Command => {
  const program = new Command('blue-cycle')
    .description('Blue Cycle 蓝色循环: an append-only ledger of plastic taken from the sea.')
    .version(VERSION)
    .showHelpAfterError('Add --help to see what it takes.')
    .configureOutput({ writeOut: (text) => io.stdout.write(text), writeErr: (text) => io.stderr.write(text) })
    .addHelpText(
      'after',
      '\nExit codes: 0 all is well, 1 something was found wrong, 2 used wrongly.\nSettings come from the environment; .env.example lists them.',
    )
    .exitOverride();
  const does =
    <Options>(action: () => Promise<Action<Options>>) =>
    async (options: Options) =>
      done(await (await action())(options, readConfig(io.env), io));
  addServing(program, does);
  addWitness(program, does);
  addImport(program, io, done);
  addLooking(program, does, io, done);
  addKeys(program, io, done);
  addLogKeys(program, io, done);
  addMeasuring(program, io, done);
  return program;
};

const json = () => new Option('--json', 'one JSON object on stdout, for machines');
const url = () => new Option('--url <url>', 'the server; else BLUE_CYCLE_URL');
const database = () =>
  new Option(
    '--database <url>',
    'a PostgreSQL, postgresql://USER:PASSWORD@HOST:5432/DATABASE; its schema is DATABASE_SCHEMA',
  );

type Does = <Options>(action: () => Promise<Action<Options>>) => (options: Options) => Promise<void>;

const addServing = (program: Command, does: Does): void => {
  program
    .command('serve')
    .description('serve the programme over HTTP; an empty database is migrated and the programme founded')
    .addOption(json())
    .action(does<{ json?: boolean }>(async () => (await import('./serve.ts')).runServe));
  program
    .command('migrate')
    .description("bring the database's schema up to date, as its owner (DATABASE_OWNER_URL)")
    .addOption(json())
    .action(does<{ json?: boolean }>(async () => (await import('./migrate.ts')).runMigrate));
};

/** Values of an option that may be repeated. */
const collect = (value: string, before: string[] = []): string[] => [...before, value];

const addWitness = (program: Command, does: Does): void => {
  program
    .command('witness')
    .description('cosign checkpoints of logs that continue what was cosigned before (C2SP tlog-witness)')
    .requiredOption(
      '--log <key>',
      'the verifier key of a log: logKey of its entry 0; may be repeated',
      collect,
    )
    .option('--name <name>', 'under which it signs, a schema-less URL', 'localhost/witness')
    .option('--state <directory>', 'its key, and what it cosigned last', '.witness')
    .option('--port <port>', 'to listen on; 0 takes any free one', portNumber, 3100)
    .option('--host <address>', 'to listen on', '127.0.0.1')
    .addOption(json())
    .action(does(async () => (await import('./witness.ts')).runWitness));
};

const addImport = (program: Command, io: Io, done: (outcome: Outcome) => void): void => {
  type Options = { map: string; set?: string[]; url?: string; json?: boolean; report?: string };
  const run = async (of: 'weigh-ins' | 'statement', file: string, options: Options): Promise<void> => {
    const config = readConfig(io.env);
    const { runImport } = await import('./import.ts');
    done(
      await runImport(
        { ...options, of, file, url: options.url ?? config.url, apiKey: config.apiKey?.reveal() },
        { ...io, sleep: (ms) => sleep(ms), random: Math.random },
      ),
    );
  };
  const importing = program.command('import').description('bring in what was recorded elsewhere');
  importing
    .command('weigh-ins')
    .description('post the rows of a CSV as weigh-ins; the same command again goes on where it stopped')
    .argument('<file>', 'the CSV')
    .requiredOption('--map <file>', 'JSON that says what the columns mean')
    .option('--set <field=value>', 'replaces a default of the map; may be repeated', collect)
    .addOption(url())
    .option('--report <file>', "every row's outcome, one JSON object a line")
    .addOption(json())
    .action((file: string, options: Options) => run('weigh-ins', file, options));
  importing
    .command('statement')
    .description(
      'post the lines of a statement of the bank or of a rail; a line brought in before is one line',
    )
    .argument('<file>', 'the CSV')
    .requiredOption('--map <file>', 'JSON that says what the columns mean')
    .addOption(url())
    .option('--report <file>', "every line's outcome, one JSON object a line")
    .addOption(json())
    .action((file: string, options: Options) => run('statement', file, options));
};

const addLooking = (program: Command, does: Does, io: Io, done: (outcome: Outcome) => void): void => {
  program
    .command('verify')
    .description('recompute everything of a ledger: of a server, an export, or a database')
    .addOption(url().conflicts(['file', 'database']))
    .addOption(new Option('--file <export>', 'an export').conflicts('database'))
    .addOption(database())
    .option('--checkpoint <file>', 'a checkpoint kept from before, which the ledger must continue')
    .option(
      '--witness <key>',
      'the verifier key of a witness that must have cosigned; may be repeated',
      collect,
    )
    .addOption(
      new Option('--openings <file>', "what opens an export's private parts").conflicts(['url', 'database']),
    )
    .option(
      '--require-attestations [kinds]',
      'a device must have signed every weigh-in, or those at these kinds of site: station,warehouse',
    )
    .option('--attested-since <seq>', 'but only those from this position on', position)
    .option(
      '--batch <code>',
      'walk the way of a batch (code or id) or lot (id) back through an export, and prove it whole',
    )
    .addOption(
      new Option(
        '--codes <file>',
        'say of the codes of statements in this file, one a line, whether they hold, from the verified ledger alone; CSV, or with --json among the rest',
      ).conflicts('state'),
    )
    .addOption(
      new Option(
        '--state <file>',
        'keeps what was verified; the next run goes on from there, once it has seen that this is still the same',
      ).conflicts(['database', 'openings', 'batch']),
    )
    .option('--workers <n>', 'threads that check; as many as the machine has unless said', threadCount)
    .addOption(json())
    .action(does(async () => (await import('./verify.ts')).runVerify));
  program
    .command('export')
    .description('write the ledger as NDJSON, an entry a line, the exact bytes, last the signed checkpoint')
    .requiredOption('--out <file>', 'gets the entries')
    .option('--openings <file>', 'gets what opens their private parts, one part a line; needs the database')
    .addOption(url().conflicts('database'))
    .addOption(database())
    .addOption(json())
    .action(does(async () => (await import('./export.ts')).runExport));
  program
    .command('replay')
    .description(
      'rebuild every derived table from the ledger beside the live ones, and compare them row for row',
    )
    .addOption(database())
    .addOption(json())
    .action(does(async () => (await import('./replay.ts')).runReplay));
  program
    .command('doctor')
    .description('look whether all that a server needs is in order, and say what to do')
    .addOption(database())
    .addOption(json())
    .action(async (options) => done(await (await import('./doctor.ts')).runDoctor(options, io)));
};

const addKeys = (program: Command, io: Io, done: (outcome: Outcome) => void): void => {
  const key = program.command('key').description('issue, rotate, revoke and list API keys through a server');
  const module = () => import('./key.ts');
  key
    .command('issue')
    .description('issue a key to one person or device; its secret is shown once')
    .requiredOption('--organisation <id>', 'the organisation it belongs to')
    .requiredOption(
      '--role <role>',
      'operator, station, warehouse, carrier, recycler, brand, certifier, auditor, fund, payer or regulator',
    )
    .requiredOption('--holder <name>', 'who holds it')
    .option('--site <id...>', 'limits it to these sites')
    .option('--expires <time>', 'RFC 3339, such as 2027-01-01T00:00:00+08:00')
    .addOption(url())
    .addOption(json())
    .action(async (options) => done(await (await module()).issueKey(options, readConfig(io.env), io)));
  for (const [name, text] of [
    ['rotate', 'give a key a new secret, shown once; the old one ends at once'],
    ['revoke', 'revoke a key at once'],
  ] as const)
    key
      .command(name)
      .description(text)
      .argument('<id>', "the key's id")
      .addOption(url())
      .addOption(json())
      .action(async (id: string, options) => {
        const { rotateKey, revokeKey } = await module();
        done(await (name === 'rotate' ? rotateKey : revokeKey)(id, options, readConfig(io.env), io));
      });
  key
    .command('list')
    .description('list keys, without their secrets')
    .addOption(url())
    .addOption(json())
    .action(async (options) => done(await (await module()).listKeys(options, readConfig(io.env), io)));
};

const addLogKeys = (program: Command, io: Io, done: (outcome: Outcome) => void): void => {
  const key = program
    .command('log-key')
    .description("add, retire and list the keys that sign the log's checkpoints, where their files lie");
  const module = () => import('./log-key.ts');
  key
    .command('add')
    .description(
      'make a key in a file beside the first one, and have the ledger name it; both sign from then on',
    )
    .addOption(url())
    .addOption(json())
    .action(async (options) => done(await (await module()).addLogKey(options, readConfig(io.env), io)));
  key
    .command('retire')
    .description('end a key of the log; checkpoints it signed before stay good')
    .argument('<id>', "the key's id, 8 hex digits")
    .option('--successor <id>', 'the key that goes on; else the newest')
    .addOption(url())
    .addOption(json())
    .action(async (id: string, options) =>
      done(await (await module()).retireLogKey(id, options, readConfig(io.env), io)),
    );
  key
    .command('list')
    .description('list the keys the ledger names, and whether their private parts are here')
    .addOption(url())
    .addOption(json())
    .action(async (options) => done(await (await module()).listLogKeys(options, readConfig(io.env), io)));
};

const portNumber = (text: string): number => {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535)
    throw new InvalidArgumentError('write a number from 0 to 65535.');
  return Number(text);
};

const position = (text: string): number => {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('write the position of an entry, such as 0.');
  return Number(text);
};

const threadCount = (text: string): number => {
  if (!/^\d{1,3}$/.test(text) || Number(text) < 1 || Number(text) > 256)
    throw new InvalidArgumentError('write a number from 1 to 256.');
  return Number(text);
};

const addMeasuring = (program: Command, io: Io, done: (outcome: Outcome) => void): void => {
  program
    .command('demo')
    .description('play the programme on a PostgreSQL of its own, show where to look, and stay up')
    .option('--once', 'stop afterwards; exit code 0 only if the ledger verified')
    .option('--port <port>', 'where to listen', portNumber)
    .addOption(json())
    .action(async (options) => done(await (await import('./demo.ts')).runDemo(options, io)));
  program
    .command('bench')
    .description('measure this machine')
    .option('--quick', 'less of everything, within a minute or two')
    .option('--out <file>', 'gets the results as JSON')
    .option('--only <name>', 'one measurement')
    .addOption(json())
    .action(async (options) => done(await (await import('./bench.ts')).runBench(options, io)));
};
