import type { BundleVerdict } from '../../verifier/index.ts';
import { BUNDLE_REASONS } from '../../verifier/texts.ts';
import { type ProductText, sayOfProduct } from '../product-texts.ts';
import { Checker } from './client.ts';
import { byId, code, count, language, make } from './elements.ts';
import { isContinued, type Log, showLog } from './memory.ts';

const place = byId('verdict');
const text = (name: ProductText, values?: Record<string, string | number>): string =>
  sayOfProduct(language, name, values);

const show = (kind: 'good' | 'bad' | '', heading: ProductText, ...lines: (Node | string)[]): void => {
  place.className = `box verdict ${kind}`;
  const mark = kind === 'good' ? '✓ ' : kind === 'bad' ? '✗ ' : '';
  place.replaceChildren(make('h2', '', mark, text(heading)), ...lines.map((line) => make('p', '', line)));
  place.dataset.done = heading;
};

/** The key behind `#` of the address, which the QR code on the goods carries; '' where there is none. */
const keyOnCode = (): string => {
  try {
    return decodeURIComponent(location.hash.slice(1));
  } catch {
    return location.hash.slice(1);
  }
};

/** Whether a fact in the bundle says of the batch what this page says: no other batch, no other mass. */
const agrees = (verdict: Extract<BundleVerdict, { verdict: 'valid' }>): boolean => {
  const { subject, entries } = verdict;
  const { data } = entries.find(({ seq }) => seq === subject.seq)!;
  const said = place.dataset;
  return (
    subject.kind === 'batch' &&
    data.code === said.code &&
    data.grams === Number(said.grams) &&
    data.material === said.material &&
    data.form === said.form
  );
};

const relationOf = async (
  checker: Checker,
  log: Log,
  { size, root }: { size: number; root: string },
): Promise<boolean | null> =>
  size <= log.size ? isContinued(checker, { size, root }, log) : isContinued(checker, log, { size, root });

/** Facts of the way whose bytes the browser holds against the log one by one. */
const MOST_FACTS = 40;

/** Checks the facts of the timeline, each by its own bundle; returns how many there are and those that do not verify. */
const checkFacts = async (checker: Checker, log: Log): Promise<{ checked: number; bad: number[] }> => {
  const asked = [...document.querySelectorAll<HTMLElement>('[data-seq]')].slice(0, MOST_FACTS);
  const bad: number[] = [];
  let checked = 0;
  for (const each of asked) {
    const seq = Number(each.dataset.seq);
    const response = await fetch(`/v1/ledger/entries/${seq}/bundle`).catch(() => null);
    if (response === null || response.status === 503) continue;
    const verdict = await verdictOn(checker, response);
    const entry = verdict?.verdict === 'valid' ? verdict.entries.find((one) => one.seq === seq) : undefined;
    const isGood =
      entry !== undefined &&
      ['', entry.type].includes(each.dataset.type ?? '') &&
      log.origin === (verdict as { origin: string }).origin;
    checked++;
    if (!isGood) bad.push(seq);
    each.append(make('span', isGood ? '' : 'alarm', isGood ? ' ✓' : ' ✗'));
  }
  return { checked, bad };
};

const verdictOn = async (checker: Checker, response: Response): Promise<BundleVerdict | null> => {
  if (!response.ok) return null;
  const answer = await checker.ask({ kind: 'bundle', bytes: new Uint8Array(await response.arrayBuffer()) });
  return answer.kind === 'bundle' ? answer.verdict : null;
};

const start = async (): Promise<void> => {
  show('', 'checking');
  const checker = new Checker();
  const since = performance.now();
  const [log, response] = await Promise.all([
    showLog(checker),
    fetch(`/v1/batches/${place.dataset.code}/bundle`, { cache: 'no-store' }).catch(() => null),
  ]);
  if (response === null || response.status === 503) return show('', 'noAnswer');
  const verdict = await verdictOn(checker, response);
  if (verdict === null) return show('bad', 'noBundle');
  if (verdict.verdict === 'invalid')
    return show('bad', 'invalid', ...verdict.reasons.map((reason) => BUNDLE_REASONS[reason.code][language]));
  if (log === null) return show('bad', 'noLog');
  if (log.alarm) return show('bad', 'changed');
  const isOurs = verdict.origin === log.origin && verdict.keys.some((key) => log.named.includes(key));
  if (!isOurs || (await relationOf(checker, log, verdict)) === false) return show('bad', 'otherLog');
  if (!agrees(verdict)) return show('bad', 'disagrees');
  const wanted = keyOnCode();
  if (wanted !== '' && !log.named.some((key) => key.endsWith(`+${wanted}`)))
    return show('bad', 'otherKey', make('span', '', text('keyOnCode'), ' ', code(wanted)));
  const seconds = ((performance.now() - since) / 1_000).toFixed(2);
  const lines = [
    text('good', { entries: count(verdict.entries.length), size: count(verdict.size), seconds }),
    text(wanted === '' ? 'noKeyOnCode' : 'keyFits'),
  ];
  show('good', 'valid', ...lines);
  const facts = await checkFacts(checker, log);
  if (facts.bad.length > 0)
    return show('bad', 'badFacts', text('whichFacts', { seqs: facts.bad.join(', ') }));
  if (facts.checked > 0) place.append(make('p', '', text('goodFacts', { n: facts.checked })));
  place.dataset.facts = String(facts.checked);
};

if (place.dataset.code !== undefined)
  start().catch((error: Error) => show('', 'crashed', code(error.message)));
