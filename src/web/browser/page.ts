import type { BundleVerdict } from '../../verifier/index.ts';
import { Checker } from './client.ts';
import { byId, count, text } from './elements.ts';
import { isContinued, type Log, rememberedOf, showLog } from './memory.ts';
import type { Answer, Question } from './messages.ts';
import { type Relation, showBundle, showExport, showProblem, showStatement } from './results.ts';

const checker = new Checker();
let log: Log | null = null;
/** Only what was asked last is shown. */
let turn = 0;

const progress = byId('progress');
const bar = byId<HTMLProgressElement>('bar');

const work = (doing: string, percent?: number): void => {
  progress.hidden = false;
  byId('doing').textContent = doing;
  if (percent === undefined) bar.removeAttribute('value');
  else bar.value = percent;
};

const onProgress = (answer: Answer): void => {
  if (answer.kind !== 'progress') return;
  const { entries, read, total, seconds } = answer;
  const percent = Math.floor((100 * read) / total);
  work(
    text('rate', { entries: count(entries), percent, rate: count(Math.round(entries / seconds)) }),
    percent,
  );
};

/** Whether a bundle's checkpoint and what this site shows now are one history, whichever is the longer. */
const relationOf = async (verdict: BundleVerdict): Promise<Relation> => {
  if (verdict.verdict === 'invalid' || log === null || verdict.origin !== log.origin) return null;
  if (!verdict.keys.some((key) => log?.named.includes(key))) return null;
  const [before, now] = verdict.size <= log.size ? [verdict, log] : [log, verdict];
  const [old, current] = [before, now].map(({ size, root }) => ({ size, root }));
  const isOne = await isContinued(checker, old!, current!);
  return isOne === null ? null : isOne ? 'same' : 'fork';
};

const bundleIn = (answer: Answer): BundleVerdict | null => {
  if (answer.kind === 'statement') return answer.verdict.verdict === 'valid' ? answer.verdict.log : null;
  return answer.kind === 'bundle' ? answer.verdict : null;
};

/** Has it checked, and shows what came out, unless something else was asked meanwhile. */
const check = async (getQuestion: () => Promise<Question | string>): Promise<void> => {
  const mine = ++turn;
  byId('result').replaceChildren();
  try {
    const question = await getQuestion();
    if (mine !== turn) return;
    if (typeof question === 'string') return showProblem(question);
    work(text('working'));
    const answer = await checker.ask(question, (said) => {
      if (mine === turn) onProgress(said);
    });
    await settled;
    const bundle = bundleIn(answer);
    const relation = bundle === null ? null : await relationOf(bundle);
    if (mine !== turn) return;
    if (answer.kind === 'bundle') showBundle(answer.verdict, answer.seconds, log, relation);
    if (answer.kind === 'statement') showStatement(answer.verdict, answer.seconds, log, relation);
    if (answer.kind === 'export') showExport(answer.verdict, answer.seconds, log);
  } catch (error) {
    if (mine === turn) showProblem(text('crashed', { detail: (error as Error).message }));
  } finally {
    if (mine === turn) {
      progress.hidden = true;
      byId('result').focus();
    }
  }
};

const checkFile = (file: File | undefined): void => {
  byId('chosen').textContent = file?.name ?? '';
  if (file !== undefined) void check(async () => ({ kind: 'file', file, remembered: rememberedOf() }));
};

/** A batch or a statement by its code, a batch by its id, an entry by its number: fetched as a bundle, and judged here alone. */
const checkAsked = (asked: string): void => {
  const name = asked.trim();
  const isEntry = /^\d{1,15}$/.test(name);
  const isBatch = /^[0-9a-z]{16}$|^[0-9a-f-]{36}$/i.test(name);
  const id = name.length === 16 ? name.toUpperCase() : name.toLowerCase();
  const fetched = (path: string) => fetch(`/v1/${path}/bundle`, { cache: 'no-store' }).catch(() => null);
  void check(async () => {
    if (!isEntry && !isBatch) return text('mistyped');
    work(text('fetching'));
    let response = await fetched(isEntry ? `ledger/entries/${Number(name)}` : `batches/${id}`);
    if (response?.status === 404 && id.length === 16) response = await fetched(`statements/${id}`);
    if (response?.status === 404 || response?.status === 400) return text('notFound');
    if (!response?.ok) return text('failed', { status: response?.status ?? '–' });
    return { kind: 'bundle', bytes: new Uint8Array(await response.arrayBuffer()) };
  });
};

const start = (): void => {
  byId('tools').hidden = false;
  const [drop, file, asked] = [byId('drop'), byId<HTMLInputElement>('file'), byId<HTMLInputElement>('asked')];
  file.addEventListener('change', () => checkFile(file.files?.[0]));
  for (const name of ['dragover', 'dragleave', 'drop'] as const)
    document.addEventListener(name, (event) => {
      event.preventDefault();
      drop.classList.toggle('over', name === 'dragover');
      if (name === 'drop') checkFile(event.dataTransfer?.files[0]);
    });
  byId('look').addEventListener('submit', (event) => {
    event.preventDefault();
    checkAsked(asked.value);
  });
  const linked = (): void => {
    const name = decodeURIComponent(location.hash.slice(1));
    if (name === '') return;
    asked.value = name;
    checkAsked(name);
  };
  window.addEventListener('hashchange', linked);
  linked();
};

const settled = showLog(checker).then(
  (found) => {
    log = found;
  },
  () => undefined,
);
start();
