/** One line of the report. What does not apply is null. */
export type Row = {
  measurement: string;
  what: string;
  callers: number | null;
  ours: number | null;
  /** What `ours` and `baseline` count. */
  unit: '/s' | 'ms' | 's' | 'MB' | 'bytes';
  baseline: number | null;
  /** ours ÷ baseline within the same rounds. */
  ratio: number | null;
  p50Ms: number | null;
  p99Ms: number | null;
  goal: string | null;
  met: boolean | null;
  note: string | null;
};

const EMPTY: Omit<Row, 'measurement' | 'what'> = {
  callers: null,
  ours: null,
  unit: '/s',
  baseline: null,
  ratio: null,
  p50Ms: null,
  p99Ms: null,
  goal: null,
  met: null,
  note: null,
};

export const row = (measurement: string, what: string, more: Partial<Row> = {}): Row => ({
  measurement,
  what,
  ...EMPTY,
  ...more,
});

/** The goal "at least so many times the baseline". */
export const atLeast = (ratio: number, goal: number): Pick<Row, 'ratio' | 'goal' | 'met'> => ({
  ratio,
  goal: `≥ ${goal} ×`,
  met: ratio >= goal,
});

export const notAvailable = (measurement: string, what: string, why: string): Row =>
  row(measurement, what, { note: `not available: ${why}` });

const number = (value: number | null): string => {
  if (value === null) return '';
  if (value >= 100) return Math.round(value).toLocaleString('en-US');
  return value.toFixed(value >= 10 ? 1 : 2);
};

const rate = (value: number | null, unit: Row['unit']): string =>
  value === null ? '' : number(value) + (unit === '/s' ? unit : ` ${unit}`);

const HEAD = ['', 'callers', 'ours', 'baseline', 'ratio', 'p50 ms', 'p99 ms', 'goal', 'met'];

/** The report for people: one block a measurement, columns in line. */
export const toTable = (rows: readonly Row[]): string => {
  const cells = rows.map((r) => [
    r.what,
    r.callers === null ? '' : String(r.callers),
    rate(r.ours, r.unit),
    rate(r.baseline, r.unit),
    r.ratio === null ? '' : `${number(r.ratio)} ×`,
    number(r.p50Ms),
    number(r.p99Ms),
    r.goal ?? '',
    r.met === null ? '' : r.met ? 'yes' : 'no',
  ]);
  const widths = HEAD.map((head, i) => Math.max(head.length, ...cells.map((line) => line[i]!.length)));
  const line = (values: readonly string[]): string =>
    values
      .map((value, i) => (i === 0 ? value.padEnd(widths[i]!) : value.padStart(widths[i]!)))
      .join('  ')
      .trimEnd();
  const out = [line(HEAD)];
  for (const [i, r] of rows.entries()) {
    if (r.measurement !== rows[i - 1]?.measurement) out.push('', r.measurement);
    out.push(line(cells[i]!));
    if (r.note !== null) out.push(`  ${r.note}`);
  }
  return `${out.join('\n')}\n`;
};
