import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { SingleBar } from 'cli-progress';
import closeWithGrace from 'close-with-grace';
import { readConfig } from '../config.ts';
import type { Deps } from '../deps.ts';
import { sha256 } from '../kernel/hash.ts';
import { systemRandom } from '../kernel/system.ts';
import { type Verified, verifyEntries } from '../ledger/check.ts';
import { readNamedKeys } from '../ledger/key-files.ts';
import { formatKey, type NoteKey, parseKey } from '../ledger/note.ts';
import { readHead } from '../ledger/store.ts';
import { PROGRAMME } from '../registry/access.ts';
import { issueApiKey } from '../registry/registry.operations.ts';
import { type Answer, caller } from './demo/client.ts';
import { JIAOJIANG, type Played, play, type Scale, stepsOf } from './demo/play.ts';
import { type DemoRail, startDemoRail } from './demo/rail.ts';
import { type ExitCode, type Io, write } from './io.ts';
import { serve } from './serve.ts';
import { serverSource } from './sources.ts';

export type DemoOptions = { once?: boolean; json?: boolean; port?: number };
type Playing = DemoOptions & { /** Jiaojiang's unless said. */ scale?: Scale };

/**
 * Plays Jiaojiang's month through the HTTP API, prints the links to look at, and stays up (unless `once`).
 * Its database lies beside the real one, in `<data dir>/demo`. Played again it records nothing twice.
 */
export const runDemo = async (options: Playing, io: Io): Promise<ExitCode> => {
  const since = performance.now();
  const config = readConfig({
    LOG_LEVEL: 'warn',
    ...io.env,
    BLUE_CYCLE_DATA_DIR: `${io.env.BLUE_CYCLE_DATA_DIR ?? '.data'}/demo`,
    ...(options.port === undefined ? {} : { PORT: String(options.port) }),
  });
  const served = await serve(config);
  const close = async (): Promise<void> => {
    stopWitness?.();
    await served.close();
    await rail?.stop();
  };
  let stopWitness: (() => void) | undefined;
  let rail: DemoRail | undefined;
  const { scale = JIAOJIANG } = options;
  const ending = closeWithGrace({ delay: 10_000, logger: false }, close);
  try {
    const key = await operatorKey(served.deps);
    const operator = caller(served.url, key);
    const witness = await startWitness(config.dataDir, served.deps);
    stopWitness = witness.stop;
    const simulated = await startDemoRail(served.deps);
    rail = simulated;
    const played = await withBar(io, scale, (progress) =>
      play(served.url, operator, simulated, scale, progress),
    );
    const provenance = await operator('GET', `/v1/batches/${played.batch.id}/provenance`);
    const { size } = await readHead(served.deps.pool);
    await served.deps.publisher.cosignedBy(witness.key, size);
    const verified = await verifyEntries(await serverSource(io, served.url), undefined, {
      witnesses: [witness.key],
    });
    const seconds = Math.round((performance.now() - since) / 100) / 10;
    await report({ url: served.url, key, ...played, provenance, verified, seconds }, options, io);
    if (!options.once) await new Promise(() => undefined);
    return 0;
  } finally {
    ending.uninstall();
    await close();
  }
};

/** A key for this playing: the first one was shown only once. */
const operatorKey = async ({ door, keyring, newId, programme }: Deps): Promise<string> => {
  const secret = `bck_${Buffer.from(systemRandom(32)).toString('base64url')}`;
  const input = { organisationId: programme.operatorId, role: 'operator' as const, holder: 'demo', secret };
  await door.record(issueApiKey, input, PROGRAMME, { id: newId(), fingerprint: keyring.fingerprint('demo') });
  return secret;
};

/** A witness in a process of its own, which is asked to cosign from now on. */
const startWitness = async (
  dataDir: string,
  { pool, publisher }: Deps,
): Promise<{ key: NoteKey; stop: () => void }> => {
  const main = path.resolve(import.meta.dirname, '../main.ts');
  const argv = [
    'witness',
    ...(await readNamedKeys(pool)).flatMap(({ key }) => ['--log', formatKey(key)]),
    '--state',
    path.join(dataDir, 'witness'),
    '--port',
    '0',
  ];
  const child = spawn(process.execPath, [main, ...argv, '--json'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const { key: text, url } = JSON.parse(line.toString()) as { key: string; url: string };
  const key = parseKey(sha256, text);
  publisher.addWitness({ key, url });
  return { key, stop: () => child.kill() };
};

const withBar = async <T>(
  io: Io,
  scale: Scale,
  work: (progress: (steps: number, what: string) => void) => Promise<T>,
): Promise<T> => {
  const stream = io.stderr as NodeJS.WriteStream;
  const bar = new SingleBar({ stream, format: '{bar} {percentage}% {step}', hideCursor: true });
  if (io.isTTY) bar.start(stepsOf(scale), 0, { step: '' });
  try {
    return await work((steps, step) => bar.increment(steps, { step }));
  } finally {
    bar.stop();
  }
};

type Report = Played & {
  url: string;
  key: string;
  provenance: Answer;
  verified: Verified;
  seconds: number;
};

const kilograms = (grams: number): string =>
  `${(grams / 1_000).toLocaleString('en', { maximumFractionDigits: 3 })} kg`;

const yuan = (fen: number): string =>
  `${(fen / 100).toLocaleString('en', { minimumFractionDigits: 2, maximumFractionDigits: 2 })} yuan`;

const report = async (r: Report, options: DemoOptions, io: Io): Promise<void> => {
  const { key, ...shown } = r;
  if (options.json) return write(io.stdout, `${JSON.stringify(shown)}\n`);
  const {
    url,
    batch,
    accident,
    fraud,
    rule,
    money,
    payout,
    sale,
    statement,
    differences,
    provenance,
    verified,
    seconds,
  } = r;
  const origins = provenance.byOriginClass
    .map((o: Answer) => `${o.originClass} ${kilograms(o.grams)}`)
    .join(', ');
  await write(
    io.stdout,
    `
Played in ${seconds} s. Batch ${batch.code}: ${kilograms(provenance.grams)} of PET pellets 再生 PET 粒子
  origin 来源        ${origins}
  claimable 可声明   ${kilograms(provenance.claimableGrams)}, custody model ${provenance.custodyModel}
  behind it          ${provenance.sources} weigh-ins 称重, ${provenance.people ?? 'fewer than 5'} people 收集员
  an accident 意外   a zero too many: booked ${kilograms(accident.bookedGrams)}, the truck weighed ${kilograms(accident.measuredGrams)};
                     held, corrected, and decided by two: ${accident.outcome}
  a fraud 作弊       batch ${fraud.batch.code}: ${kilograms(fraud.outputGrams)} of pellets out of ${kilograms(fraud.inputGrams)},
                     marked ${fraud.marks.join(', ')}: claimable ${kilograms(fraud.claimableGrams)}
  a rule 规则        ${rule.title.en} ${rule.title.zh}: ${rule.hits} weigh-in marked, ${rule.confirmed} rightly;
                     ${rule.reason.zh}
  sold 售出          for ${yuan(sale.paid)}; of the margin of ${yuan(sale.margin)}, ${yuan(sale.collectors)}
                     shared among ${sale.people} people by their grams in it 二次返利
  a statement 声明   ${statement.code}: ${kilograms(statement.grams)} of the ${kilograms(statement.ofGrams)} sold, approved by two
                     who gain nothing by it; the public check says: ${statement.verdict}
  money 钱款         ${yuan(money.earned)} earned at the scales; ${yuan(money.paidInCash)} paid in cash to ${money.people} people,
                     the count ${yuan(money.expected - money.counted)} short; ${yuan(payout.fen)} paid to ${payout.people} people over a
                     simulated WeChat Pay, which lost ${payout.recovered} answer: asked for, and paid once;
                     trial balances 试算平衡 ${differences.join(', ')}
  ledger 账本        ${verified.size} entries verified, head ${verified.leafHash.slice(0, 16)}…
                     signed checkpoint over ${verified.checkpoints.at(-1)}, cosigned by ${verified.cosigned[0]!.name}

Look at
  the API            ${url}/docs
  the ledger         ${url}/v1/ledger/entries?limit=10
  the checkpoint     ${url}/log/checkpoint
  the batch          curl -H "Authorization: Bearer ${key}" ${url}/v1/batches/${batch.id}/provenance
  its page 批次页面   ${url}/p/${batch.code}
  its QR code 二维码  ${url}/p/${batch.code}/qr.png
  the statement 声明 ${url}/s/${statement.code}
  the numbers 数据   ${url}/transparency
  the console 控制台 ${url}/console (sign in with the key above)
  a bundle to check  ${url}/verify#${batch.code}
  verify it again    npx blue-cycle verify --url ${url}
${options.once ? '' : '\nServing until you press Ctrl-C.\n'}`,
  );
};
