import type { StatementVerdict } from '../../credentials/statement-check.ts';
import { STATEMENT_REASONS } from '../../credentials/statement-reasons.ts';
import type { BundleVerdict, CheckedEntry, ExportVerdict } from '../../verifier/index.ts';
import { BUNDLE_REASONS, FAULTS } from '../../verifier/texts.ts';
import { byId, code, count, instant, language, make, pairs, text } from './elements.ts';
import type { Log } from './memory.ts';

type ValidBundle = Extract<BundleVerdict, { verdict: 'valid' }>;
type ValidExport = Extract<ExportVerdict, { verdict: 'valid' }>;

const titles = JSON.parse(byId('titles').textContent ?? '{}') as Record<string, string>;
const titleOf = (type: string): string => (Object.hasOwn(titles, type) ? titles[type]! : type);

const show = (isGood: boolean, ...children: (Node | false)[]): void => {
  const heading = make('h2', '', `${isGood ? '✓' : '✗'} ${text(isGood ? 'valid' : 'invalid')}`);
  const shown = children.filter((child) => child !== false);
  byId('result').replaceChildren(
    make('section', `box verdict ${isGood ? 'good' : 'bad'}`, heading, ...shown),
  );
};

/** What could not be checked at all. */
export const showProblem = (message: string): void =>
  byId('result').replaceChildren(make('p', 'box alarm', message));

const list = (items: readonly (Node | string)[]): HTMLElement =>
  make('ul', '', ...items.map((item) => make('li', '', item)));

const section = (heading: string, ...children: (Node | string)[]): HTMLElement =>
  make('div', '', make('h3', '', heading), ...children);

const took = (seconds: number): HTMLElement => make('p', '', text('took', { seconds: seconds.toFixed(2) }));

/** What the site's log has to do with a bundle's: one history, two, or nothing that could be found out. */
export type Relation = 'same' | 'fork' | null;

/** A bundle's verdict first, then why. `log` is the site's own. */
export const showBundle = (
  verdict: BundleVerdict,
  seconds: number,
  log: Log | null,
  relation: Relation = null,
): void => {
  if (verdict.verdict === 'invalid') showReasons(verdict.reasons);
  else showValid(verdict, seconds, log, relation);
};

const REASONS: Readonly<Record<string, Readonly<Record<'en' | 'zh', string>>>> = {
  ...BUNDLE_REASONS,
  ...STATEMENT_REASONS,
};

const showReasons = (reasons: readonly { code: string; at: string }[]): void => {
  const lines = reasons.map(({ code: name, at }) =>
    make('span', '', REASONS[name]?.[language] ?? name, ' ', at !== '' && code(text('place', { at }))),
  );
  show(false, section(text('why'), list(lines)));
};

/** The verdict on the bundle of a statement: what it states, how long, and what its status lists knew. */
export const showStatement = (
  verdict: StatementVerdict,
  seconds: number,
  log: Log | null,
  relation: Relation,
): void => {
  if (verdict.verdict === 'invalid') {
    showReasons(verdict.reasons);
    return;
  }
  const { statement, statusAsOf, issuer } = verdict;
  const { grams, ofGrams, scheme, validUntil } = statement;
  const kg = (of: number): string => count(of / 1_000);
  showValid(
    verdict.log,
    seconds,
    log,
    relation,
    make(
      'p',
      '',
      make('strong', '', text('subjectStatement', { code: statement.code!, kg: kg(grams), of: kg(ofGrams) })),
    ),
    pairs([
      [text('scheme'), code(scheme)],
      [text('issuer'), code(issuer)],
      [text('validUntil'), instant(new Date(validUntil!).toISOString())],
      [text('statusAsOf'), instant(statusAsOf)],
    ]),
    make('p', '', text('statusHint')),
  );
};

const showValid = (
  verdict: ValidBundle,
  seconds: number,
  log: Log | null,
  relation: Relation,
  ...before: Node[]
): void => {
  const subject = verdict.entries.find(({ seq }) => seq === verdict.subject.seq)!;
  show(
    true,
    ...before,
    make('p', '', make('strong', '', subjectOf(verdict, subject))),
    make('p', '', text('recorded', { at: instant(subject.at) })),
    section(text('checkedHeading'), list(checksOf(verdict))),
    signerOf(verdict.origin, verdict.keys, log),
    relation !== null &&
      make(
        'p',
        relation === 'same' ? '' : 'alarm',
        text(relation === 'same' ? 'oneHistory' : 'twoHistories'),
      ),
    section(text('factsHeading'), ...verdict.entries.map(factOf)),
    took(seconds),
  );
};

const subjectOf = ({ subject: { kind } }: ValidBundle, { seq, type, data }: CheckedEntry): string =>
  kind === 'batch'
    ? text('subjectBatch', { code: String(data.code), kg: count(Number(data.grams) / 1_000) })
    : text('subjectEntry', { seq: count(seq), title: titleOf(type) });

const checksOf = (verdict: ValidBundle): string[] => {
  const { entries, size, origin, subject, witnesses } = verdict;
  const opened = entries.filter((entry) => entry.opened !== null).length;
  const keyFacts = entries.filter(({ type }) => type.startsWith('log-key.')).length;
  const pointed = entries.length - 2 - keyFacts;
  return [
    text('checkedBytes', { count: count(entries.length), size: count(size) }),
    text('checkedSigned', { name: origin }),
    ...(subject.kind === 'batch' ? [text('checkedPointers', { count: count(pointed) })] : []),
    ...(opened > 0 ? [text('checkedOpenings', { count: count(opened) })] : []),
    ...witnessesOf(witnesses),
  ];
};

const witnessesOf = (witnesses: readonly { name: string; at: number }[]): string[] =>
  witnesses.length === 0
    ? [text('noWitness')]
    : witnesses.map(({ name, at }) => text('witnessed', { name, at: instant(at) }));

/** Name and key, and whether they are the site's, so that another log's bundle is noticed. */
const signerOf = (origin: string, keys: readonly string[], log: Log | null): HTMLElement => {
  const isHere = log !== null && log.origin === origin && keys.some((key) => log.named.includes(key));
  return make(
    'div',
    '',
    make('p', isHere ? '' : 'alarm', text(isHere ? 'keyHere' : 'keyOther')),
    pairs([[text('name'), code(origin)], ...keys.map((key) => [text('key'), code(key)] as const)]),
  );
};

const factOf = ({ seq, type, at, data, opened, people }: CheckedEntry): HTMLElement => {
  const json = (value: unknown): HTMLElement => make('pre', '', JSON.stringify(value, null, 1));
  return make(
    'details',
    '',
    make('summary', '', `${count(seq)} · ${titleOf(type)} · ${instant(at)}`),
    make('p', '', text('publicPart')),
    json(data),
    opened !== null && make('p', '', text('privatePart')),
    opened !== null && json(people.length === 0 ? opened : { ...opened, people }),
  );
};

/** A whole log's verdict. */
export const showExport = (verdict: ExportVerdict, seconds: number, log: Log | null): void => {
  if (verdict.verdict === 'invalid') {
    const { seq, kind, detail } = verdict;
    const said = FAULTS[kind]?.[language] ?? kind;
    show(
      false,
      make('p', '', make('strong', '', text('firstBad', { seq: count(seq) }))),
      section(text('why'), list([said, code(`${kind}: ${detail}`)])),
    );
    return;
  }
  const { size, origin, key, types } = verdict;
  show(
    true,
    make('p', '', make('strong', '', text('subjectLog', { size: count(size) }))),
    section(text('checkedHeading'), list(exportChecks(verdict))),
    signerOf(origin, key === null ? [] : [key], log),
    make(
      'details',
      '',
      make('summary', '', text('typesHeading')),
      pairs(Object.entries(types).map(([type, n]) => [titleOf(type), count(n)] as const)),
    ),
    took(seconds),
  );
};

const exportChecks = ({ key, origin, witnesses, continues }: ValidExport): string[] => [
  text('checkedChain'),
  key === null ? text('unsigned') : text('checkedSigned', { name: origin }),
  ...continues.map((size) => text('checkedContinues', { size: count(size) })),
  ...(key === null ? [] : witnessesOf(witnesses)),
];
