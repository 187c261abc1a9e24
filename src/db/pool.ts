import pg from 'pg';

/** int8 as a JavaScript number; beyond 2^53 − 1 it would no longer be the number that was stored. */
const int8 = (text: string): number => {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`int8 ${text} does not fit a JavaScript number`);
  return value;
};

const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') => {
    if (oid === pg.types.builtins.INT8) return int8;
    if (oid === pg.types.builtins.DATE) return (text: string) => text;
    return pg.types.getTypeParser(oid, format);
  }) as pg.CustomTypesConfig['getTypeParser'],
};

export type PoolOptions = {
  url: string;
  schema: string;
  max: number;
  onError: (error: Error) => void;
  /**
   * Whether named statements keep one plan, and rows are only ever found through an index. Right where what is named
   * inserts, or looks rows up by their keys: then one plan is right for any size, and planning is half of a small
   * statement. Without the second a plan made on an empty table would stay a sequential scan.
   */
  keepPlans?: boolean;
  /** What the pool is for, shown in pg_stat_activity. */
  name: string;
};

const KEEP_PLANS = [
  'plan_cache_mode=force_generic_plan',
  ...['enable_seqscan=off', 'enable_hashjoin=off', 'enable_mergejoin=off'],
];

/**
 * A pool whose connections see only `schema`. Losing the database reaches `onError` and never ends the
 * process: an idle connection reports on the pool, a checked-out one on itself.
 */
export const createPool = ({ url, schema, max, onError, name, keepPlans = false }: PoolOptions): pg.Pool => {
  const settings = [
    `search_path=${schema}`,
    ...(keepPlans ? KEEP_PLANS : ['plan_cache_mode=force_custom_plan']),
    'statement_timeout=30000',
    'idle_in_transaction_session_timeout=5000',
    'lock_timeout=5000',
    'synchronous_commit=on',
    'jit=off',
  ];
  const pool = new pg.Pool({
    connectionString: url,
    max,
    types,
    application_name: `blue-cycle ${name}`,
    connectionTimeoutMillis: 5_000,
    keepAlive: true,
    options: settings.map((setting) => `-c ${setting}`).join(' '),
  });
  pool.on('error', onError);
  pool.on('connect', (client) => client.on('error', onError));
  return pool;
};
