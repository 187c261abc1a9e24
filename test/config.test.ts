import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import t from 'tap';
import { ConfigError, readConfig, Secret } from '../src/config.ts';

/** The faults an environment is refused for, one line each; an accepted one gives an empty list. */
function faultsOf(env: Record<string, string | undefined>): readonly string[] {
  try {
    readConfig(env);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
}

t.test('an empty environment gives the documented defaults and an embedded database', async (t) => {
  t.match(readConfig({}), {
    port: 3000,
    host: '127.0.0.1',
    databaseUrl: undefined,
    databaseOwnerUrl: undefined,
    databaseSchema: 'blue_cycle',
    ledgerOrigin: 'localhost/blue-cycle',
    ledgerKeyFile: '.data/ledger-key',
    privateKeyFile: '.data/private-key',
    bootstrapApiKey: undefined,
    logLevel: 'info',
    dataDir: '.data',
    trustedProxies: [],
    url: undefined,
    apiKey: undefined,
  });
});

t.test('every variable arrives where it belongs, and those of other programs are ignored', async (t) => {
  const config = readConfig({
    PATH: '/bin',
    npm_config_loglevel: 'silly',
    PORT: '0',
    HOST: '::1',
    DATABASE_URL: 'postgresql://api:a%40b@db:5433/sea?sslmode=require',
    DATABASE_OWNER_URL: 'postgres://owner@db/sea',
    DATABASE_SCHEMA: '_jiaojiang2',
    LEDGER_ORIGIN: 'bluecycle.example:8443/jiaojiang',
    PRIVATE_KEY_FILE: '/run/secrets/private',
    BOOTSTRAP_API_KEY: 'first',
    LOG_LEVEL: 'silent',
    BLUE_CYCLE_DATA_DIR: '/srv/sea',
    BLUE_CYCLE_TRUSTED_PROXIES: '10.0.0.7, fd00::/8',
    BLUE_CYCLE_URL: 'https://sea.example',
    BLUE_CYCLE_API_KEY: 'mine',
  });
  t.match(config, {
    port: 0,
    host: '::1',
    databaseSchema: '_jiaojiang2',
    ledgerOrigin: 'bluecycle.example:8443/jiaojiang',
    ledgerKeyFile: '/srv/sea/ledger-key',
    privateKeyFile: '/run/secrets/private',
    logLevel: 'silent',
    dataDir: '/srv/sea',
    trustedProxies: ['10.0.0.7', 'fd00::/8'],
    url: 'https://sea.example',
  });
  t.equal(config.databaseUrl?.reveal(), 'postgresql://api:a%40b@db:5433/sea?sslmode=require');
  t.equal(config.databaseOwnerUrl?.reveal(), 'postgres://owner@db/sea');
  t.equal(config.bootstrapApiKey?.reveal(), 'first');
  t.equal(config.apiKey?.reveal(), 'mine');
  t.ok(Object.isFrozen(config));
});

t.test('each malformed value is refused by a sentence that names the variable', async (t) => {
  const refused: [string, string[]][] = [
    ['PORT', ['', '80a', '-1', '65536', '3000.5', ' 3000']],
    ['HOST', ['', 'http://localhost', 'local host']],
    [
      'DATABASE_URL',
      ['', 'localhost', 'mysql://u:p@h/db', 'postgres://u:p@h', 'postgres://u:p@h/', 'postgres://h /db'],
    ],
    ['DATABASE_OWNER_URL', ['', 'https://h/db']],
    ['DATABASE_SCHEMA', ['', 'Blue', '1st', 'blue-cycle', 'a"; drop', 'x'.repeat(64)]],
    [
      'LEDGER_ORIGIN',
      ['', 'https://sea.example', 'sea.example/', 'sea example', 'sea+cleaner', 'Sea.example'],
    ],
    ['LEDGER_KEY_FILE', ['', 'a\0b']],
    ['PRIVATE_KEY_FILE', ['']],
    ['BOOTSTRAP_API_KEY', ['', 'two words', 'schlüssel']],
    ['LOG_LEVEL', ['', 'verbose', 'INFO']],
    ['BLUE_CYCLE_DATA_DIR', ['']],
    ['BLUE_CYCLE_TRUSTED_PROXIES', ['', 'proxy', '10.0.0.0/33', '10.0.0.1,,10.0.0.2', 'fd00::/8/8', 'true']],
    [
      'BLUE_CYCLE_URL',
      ['', 'localhost:3000', 'ftp://sea.example', 'https://u:p@sea.example', 'https://sea.example?a=1'],
    ],
    ['BLUE_CYCLE_API_KEY', ['', 'a\nb']],
  ];
  for (const [name, values] of refused) {
    for (const value of values) {
      const faults = faultsOf({ [name]: value });
      t.equal(faults.length, 1, `${name}=${JSON.stringify(value)} is refused once`);
      t.match(faults[0], new RegExp(`^${name}\\b.*; write `), String(faults[0]));
    }
  }
  t.same(faultsOf({ DATABASE_SCHEMA: 'x'.repeat(63) }), []);
});

t.test('all faults come at once, an unknown BLUE_CYCLE_ variable among them', async (t) => {
  t.same(
    faultsOf({
      PORT: 'many',
      LOG_LEVEL: 'loud',
      BLUE_CYCLE_PORT: '80',
      BLUE_CYCLE_DATADIR: '/srv',
      BLUE: 'sea',
    }),
    [
      'PORT="many" cannot be used; write a number from 0 to 65535 (0 takes any free port).',
      'LOG_LEVEL="loud" cannot be used; write one of fatal, error, warn, info, debug, trace, silent.',
      'BLUE_CYCLE_PORT is not a setting; write PORT instead.',
      'BLUE_CYCLE_DATADIR is not a setting; those with this prefix are BLUE_CYCLE_TRUSTED_PROXIES, BLUE_CYCLE_DATA_DIR, BLUE_CYCLE_PAYOUT_ORDER_MAXIMUM, BLUE_CYCLE_PAYOUT_RUN_MAXIMUM, BLUE_CYCLE_URL, BLUE_CYCLE_API_KEY, BLUE_CYCLE_WECHAT_MERCHANT_ID, BLUE_CYCLE_WECHAT_APP_ID, BLUE_CYCLE_WECHAT_SERIAL, BLUE_CYCLE_WECHAT_KEY_FILE, BLUE_CYCLE_WECHAT_API_V3_KEY_FILE, BLUE_CYCLE_WECHAT_PLATFORM_KEYS, BLUE_CYCLE_WECHAT_NOTIFY_URL, BLUE_CYCLE_WECHAT_MAXIMUM, BLUE_CYCLE_WECHAT_GOODS, BLUE_CYCLE_WECHAT_BASE_URL: correct the name or remove it.',
    ],
  );
});

t.test('no secret shows, neither in an accepted configuration nor in a refusal', async (t) => {
  const config = readConfig({
    DATABASE_URL: 'postgres://api:hunter2@db/sea',
    DATABASE_OWNER_URL: 'postgres://owner:hunter2@db/sea',
    BOOTSTRAP_API_KEY: 'hunter2',
    BLUE_CYCLE_API_KEY: 'hunter2',
  });
  const shown = [
    JSON.stringify(config),
    inspect(config, { showHidden: true, depth: 9 }),
    inspect(config, { customInspect: false, showHidden: true, depth: 9 }),
    `${config.apiKey} ${Object.values(config)}`,
    JSON.stringify(structuredClone({ ...config.apiKey })),
  ];
  for (const output of shown) t.notMatch(output, /hunter2/);
  t.match(JSON.stringify(config), /"databaseUrl":"\[secret\]"/);
  t.match(inspect(new Secret('hunter2')), '[secret]');

  const faults = faultsOf({
    DATABASE_URL: 'mysql://api:hunter2@db/sea',
    DATABASE_OWNER_URL: 'hunter2',
    BOOTSTRAP_API_KEY: 'hunter2 x',
    BLUE_CYCLE_API_KEY: 'hunter2 x',
    BLUE_CYCLE_URL: 'https://me:hunter2@sea.example',
  });
  t.equal(faults.length, 5);
  t.notMatch(faults.join('\n'), /hunter2/);
});

t.test('.env.example names every setting, and what it sets is accepted', async (t) => {
  const example = readFileSync(new URL('../.env.example', import.meta.url), 'utf8');
  const lines = [...example.matchAll(/^#? ?([A-Z][A-Z0-9_]+)="?(.*?)"?$/gm)].map(([, name, value]) => [
    name,
    value,
  ]);
  const written: Record<string, string> = Object.fromEntries(lines);
  t.same(faultsOf(written), []);
  for (const name of [
    'PORT HOST DATABASE_URL DATABASE_OWNER_URL DATABASE_SCHEMA LEDGER_ORIGIN LEDGER_KEY_FILE PRIVATE_KEY_FILE',
    'BOOTSTRAP_API_KEY LOG_LEVEL BLUE_CYCLE_DATA_DIR BLUE_CYCLE_URL BLUE_CYCLE_API_KEY',
    'BLUE_CYCLE_PAYOUT_ORDER_MAXIMUM BLUE_CYCLE_PAYOUT_RUN_MAXIMUM BLUE_CYCLE_WECHAT_MERCHANT_ID',
    'BLUE_CYCLE_WECHAT_API_V3_KEY_FILE BLUE_CYCLE_WECHAT_PLATFORM_KEYS BLUE_CYCLE_WECHAT_MAXIMUM',
  ].flatMap((names) => names.split(' '))) {
    t.ok(name in written, `${name} is described`);
  }
});
