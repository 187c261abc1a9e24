import { isIP } from 'node:net';
import { inspect } from 'node:util';
import { z } from 'zod';
import type { WechatConfig } from './rails/wechat.setup.ts';

/**
 * A value that must not reach a log, a page or a terminal.
 * JSON, inspection and string conversion show a placeholder; only `reveal()` gives the value.
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The value itself; call it where the value is used, never to keep it. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return '[secret]';
  }

  toJSON(): string {
    return '[secret]';
  }

  [inspect.custom](): string {
    return '[secret]';
  }
}

/** Every fault of the environment at once; `message` has one line per variable, each says what to write. */
export class ConfigError extends Error {
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(`The configuration cannot be used:\n${faults.map((fault) => `  ${fault}`).join('\n')}`);
    this.name = 'ConfigError';
    this.faults = faults;
  }
}

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

/** A text variable: `holds` decides, `instead` completes the sentence "write …". */
function text(instead: string, holds: (value: string) => boolean) {
  return z.string().refine((value) => value !== '' && holds(value), { error: instead });
}

/** What `new URL` makes of it, or undefined. */
function urlOf(value: string): URL | undefined {
  return URL.canParse(value) ? new URL(value) : undefined;
}

function isDatabaseUrl(value: string): boolean {
  const url = urlOf(value);
  return /^postgres(ql)?:$/.test(url?.protocol ?? '') && (url?.pathname.length ?? 0) > 1 && !/\s/.test(value);
}

function isServerUrl(value: string): boolean {
  const url = urlOf(value);
  if (url === undefined || !/^https?:$/.test(url.protocol)) return false;
  return url.username === '' && url.password === '' && url.search === '' && url.hash === '';
}

const databaseUrl = text(
  'write postgresql://USER:PASSWORD@HOST:5432/DATABASE (special characters in the password percent-encoded), or remove the variable',
  isDatabaseUrl,
).transform((value) => new Secret(value));

const apiKey = text(
  'write the key as it was handed out, visible ASCII characters without spaces, or remove the variable',
  (value) => /^[\x21-\x7e]+$/.test(value),
).transform((value) => new Secret(value));

const path = text(
  'write the path of a file or directory, or remove the variable',
  (value) => !value.includes('\0'),
);

// The origin is the key name of every signed note (C2SP signed-note: neither spaces nor plus signs), and it is
// fixed for ever by entry 0, hence the narrow alphabet.
const origin = text(
  'write a URL without "https://" and without a slash at the end, lower-case host, such as bluecycle.example/jiaojiang',
  (value) =>
    /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?(\/[A-Za-z0-9._~-]+)*$/.test(value) && value.length <= 255,
);

/** "KEY URL, KEY URL": a witness's verifier key (C2SP signed-note) and where it listens. */
const witnesses = text(
  'write each witness as its verifier key and address, such as "witness.example+0123abcd+BASE64 https://witness.example", with commas between',
  (value) =>
    value.split(',').every((one) => WITNESS.test(one.trim()) && isServerUrl(one.trim().split(' ')[1]!)),
).transform((value) =>
  value.split(',').map((one) => {
    const [key, url] = one.trim().split(' ') as [string, string];
    return { key, url };
  }),
);
const WITNESS = /^[^\s+,]+\+[0-9a-f]{8}\+[A-Za-z0-9+/]+=* \S+$/;

const isNetwork = (value: string): boolean => {
  const [address = '', bits, ...rest] = value.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128));
};

/** "ADDRESS, NETWORK": whose word is taken for where a request came from (X-Forwarded-For, -Proto). */
const proxies = text(
  'write the addresses or networks of the proxies before this server, such as "10.0.0.7, 172.16.0.0/12", with commas between',
  (value) => value.split(',').every((one) => isNetwork(one.trim())),
).transform((value) => value.split(',').map((one) => one.trim()));

const fen = text(
  'write a whole number of minor units (fen) from 1 to 9007199254740991',
  (value) => /^[1-9]\d{0,15}$/.test(value) && Number.isSafeInteger(Number(value)),
).transform(Number);

/** "ID FILE, ID FILE": the platform's public keys, the first of which names are encrypted with. */
const platformKeys = text(
  'write each key of WeChat Pay as its id and the PEM file it lies in, such as "PUB_KEY_ID_0114232134912410000000000000 /run/secrets/wechat-public.pem", with commas between',
  (value) => value.split(',').every((one) => /^[0-9A-Z_]{20,64} \S+$/.test(one.trim())),
).transform((value) =>
  value.split(',').map((one) => {
    const [id, file] = one.trim().split(' ') as [string, string];
    return { id, file };
  }),
);

/** WeChat Pay, the payout rail: off while none of them is set, and refused while some of them are missing. */
const WECHAT = {
  BLUE_CYCLE_WECHAT_MERCHANT_ID: text('write the merchant number, 8 to 10 digits', (value) =>
    /^\d{8,10}$/.test(value),
  ),
  BLUE_CYCLE_WECHAT_APP_ID: text(
    'write the id of the app the payees use, such as wx0123456789abcdef',
    (value) => /^wx[0-9A-Za-z]{16}$/.test(value),
  ),
  BLUE_CYCLE_WECHAT_SERIAL: text(
    "write the serial number of the merchant's certificate, hex digits",
    (value) => /^[0-9A-Fa-f]{20,40}$/.test(value),
  ),
  BLUE_CYCLE_WECHAT_KEY_FILE: path,
  BLUE_CYCLE_WECHAT_API_V3_KEY_FILE: path,
  BLUE_CYCLE_WECHAT_PLATFORM_KEYS: platformKeys,
  BLUE_CYCLE_WECHAT_NOTIFY_URL: text(
    'write this server as WeChat Pay reaches it, such as https://bluecycle.example/v1/rails/wechat/notifications',
    isServerUrl,
  ),
  BLUE_CYCLE_WECHAT_MAXIMUM: fen,
};
type WechatNames = keyof typeof WECHAT;
const WECHAT_NAMES = Object.keys(WECHAT) as WechatNames[];

const variables = z.strictObject({
  PORT: text(
    'write a number from 0 to 65535 (0 takes any free port)',
    (value) => /^\d{1,5}$/.test(value) && Number(value) <= 65_535,
  )
    .transform(Number)
    .default(3000),
  HOST: text('write an address or a host name, such as 127.0.0.1 or 0.0.0.0', (value) =>
    /^[A-Za-z0-9.:_-]+$/.test(value),
  ).default('127.0.0.1'),
  DATABASE_URL: databaseUrl.optional(),
  DATABASE_OWNER_URL: databaseUrl.optional(),
  DATABASE_SCHEMA: text(
    'write a name of 1 to 63 lower-case letters, digits and underscores that does not begin with a digit',
    (value) => /^[a-z_][a-z0-9_]{0,62}$/.test(value),
  ).default('blue_cycle'),
  LEDGER_ORIGIN: origin.default('localhost/blue-cycle'),
  LEDGER_KEY_FILE: path.optional(),
  LEDGER_WITNESSES: witnesses.default([]),
  PRIVATE_KEY_FILE: path.optional(),
  BOOTSTRAP_API_KEY: apiKey.optional(),
  LOG_LEVEL: z.enum(LOG_LEVELS, { error: `write one of ${LOG_LEVELS.join(', ')}` }).default('info'),
  BLUE_CYCLE_TRUSTED_PROXIES: proxies.default([]),
  BLUE_CYCLE_DATA_DIR: path.default('.data'),
  BLUE_CYCLE_PAYOUT_ORDER_MAXIMUM: fen.default(20_000_000),
  BLUE_CYCLE_PAYOUT_RUN_MAXIMUM: fen.default(1_000_000_000),
  BLUE_CYCLE_URL: text(
    'write the server as http://HOST:PORT or https://HOST, without user, password or query (the key goes into BLUE_CYCLE_API_KEY)',
    isServerUrl,
  ).optional(),
  BLUE_CYCLE_API_KEY: apiKey.optional(),
  ...z.object(WECHAT).partial().shape,
  BLUE_CYCLE_WECHAT_GOODS: text(
    'write what is bought, in 1 to 32 characters, such as 塑料瓶',
    (value) => [...value].length <= 32,
  ).default('塑料瓶'),
  BLUE_CYCLE_WECHAT_BASE_URL: text(
    'write the address of the API, or remove the variable',
    isServerUrl,
  ).default('https://api.mch.weixin.qq.com'),
});

/** The process's settings, frozen. Paths are as written, relative to the working directory. */
export type Config = Readonly<{
  /** TCP port; 0 asks the system for a free one. */
  port: number;
  host: string;
  /** The API's role; undefined: the embedded PostgreSQL. */
  databaseUrl: Secret | undefined;
  /** The owner's role, for migrations. */
  databaseOwnerUrl: Secret | undefined;
  databaseSchema: string;
  /** The log's name, a schema-less URL (ledger format, "Entry"). */
  ledgerOrigin: string;
  ledgerKeyFile: string;
  /** Who is asked to cosign checkpoints: verifier key and address. */
  ledgerWitnesses: readonly { key: string; url: string }[];
  privateKeyFile: string;
  /** The operator's first key, used only while the database is empty. */
  bootstrapApiKey: Secret | undefined;
  logLevel: (typeof LOG_LEVELS)[number];
  /** Addresses and networks of proxies that say where a request came from; of all others that word is not taken. */
  trustedProxies: readonly string[];
  /** Minor units that one payout order, and one run, pay at most. */
  payoutOrderMaximum: number;
  payoutRunMaximum: number;
  /** Undefined: nobody is paid by WeChat Pay. */
  wechat: WechatConfig | undefined;
  /** Where the embedded PostgreSQL and, unless named otherwise, the key files live. */
  dataDir: string;
  /** For client commands: the server they talk to. */
  url: string | undefined;
  /** For client commands: the key they show it. */
  apiKey: Secret | undefined;
}>;

const NAMES = Object.keys(variables.shape);
const OWN_PREFIX = 'BLUE_CYCLE_';
const isSecret = (name: string) => /URL$|KEY$/.test(name) && name !== 'BLUE_CYCLE_URL';

function unknownVariable(name: string): string {
  const bare = name.slice(OWN_PREFIX.length);
  if (NAMES.includes(bare)) return `${name} is not a setting; write ${bare} instead.`;
  const known = NAMES.filter((candidate) => candidate.startsWith(OWN_PREFIX)).join(', ');
  return `${name} is not a setting; those with this prefix are ${known}: correct the name or remove it.`;
}

function malformed(name: string, value: string, instead: string): string {
  if (value === '') return `${name} is empty; ${instead}.`;
  // A server's URL is shown too, unless somebody put a password into it.
  const hidden = isSecret(name) || value.includes('@');
  return `${name}${hidden ? '' : `=${JSON.stringify(value)}`} cannot be used; ${instead}.`;
}

/**
 * Reads the settings from an environment; the only place that looks at `process.env`.
 * A variable that is set but empty is malformed, not absent: a lost DATABASE_URL must not quietly become an
 * embedded database. Variables of other programs are ignored.
 * @throws {ConfigError} naming every malformed variable and every unknown `BLUE_CYCLE_*`; no secret is in it.
 */
export function readConfig(env: Readonly<Record<string, string | undefined>> = process.env): Config {
  const ours = Object.entries(env).filter(
    ([name, value]) => value !== undefined && (NAMES.includes(name) || name.startsWith(OWN_PREFIX)),
  );
  const result = variables.safeParse(Object.fromEntries(ours));
  if (!result.success) {
    const faults = result.error.issues.flatMap((issue) => {
      if (issue.code === 'unrecognized_keys') return issue.keys.map(unknownVariable);
      const name = String(issue.path[0]);
      return [malformed(name, env[name] ?? '', issue.message)];
    });
    throw new ConfigError(faults);
  }
  const read = result.data;
  const missing = WECHAT_NAMES.filter((name) => read[name] === undefined);
  if (missing.length > 0 && missing.length < WECHAT_NAMES.length)
    throw new ConfigError(
      missing.map((name) => `${name} is missing: WeChat Pay needs it beside the others, or none of them.`),
    );
  return Object.freeze({
    port: read.PORT,
    host: read.HOST,
    databaseUrl: read.DATABASE_URL,
    databaseOwnerUrl: read.DATABASE_OWNER_URL,
    databaseSchema: read.DATABASE_SCHEMA,
    ledgerOrigin: read.LEDGER_ORIGIN,
    ledgerKeyFile: read.LEDGER_KEY_FILE ?? `${read.BLUE_CYCLE_DATA_DIR}/ledger-key`,
    ledgerWitnesses: read.LEDGER_WITNESSES,
    privateKeyFile: read.PRIVATE_KEY_FILE ?? `${read.BLUE_CYCLE_DATA_DIR}/private-key`,
    bootstrapApiKey: read.BOOTSTRAP_API_KEY,
    logLevel: read.LOG_LEVEL,
    trustedProxies: read.BLUE_CYCLE_TRUSTED_PROXIES,
    payoutOrderMaximum: read.BLUE_CYCLE_PAYOUT_ORDER_MAXIMUM,
    payoutRunMaximum: read.BLUE_CYCLE_PAYOUT_RUN_MAXIMUM,
    wechat: missing.length > 0 ? undefined : wechatOf(read as WechatRead),
    dataDir: read.BLUE_CYCLE_DATA_DIR,
    url: read.BLUE_CYCLE_URL,
    apiKey: read.BLUE_CYCLE_API_KEY,
  });
}

type WechatRead = z.infer<typeof variables> & { [N in WechatNames]: z.infer<(typeof WECHAT)[N]> };
const wechatOf = (read: WechatRead): WechatConfig => ({
  merchantId: read.BLUE_CYCLE_WECHAT_MERCHANT_ID,
  appId: read.BLUE_CYCLE_WECHAT_APP_ID,
  serial: read.BLUE_CYCLE_WECHAT_SERIAL,
  keyFile: read.BLUE_CYCLE_WECHAT_KEY_FILE,
  apiV3KeyFile: read.BLUE_CYCLE_WECHAT_API_V3_KEY_FILE,
  platformKeys: read.BLUE_CYCLE_WECHAT_PLATFORM_KEYS,
  notifyUrl: read.BLUE_CYCLE_WECHAT_NOTIFY_URL,
  maximum: read.BLUE_CYCLE_WECHAT_MAXIMUM,
  goods: read.BLUE_CYCLE_WECHAT_GOODS,
  baseUrl: read.BLUE_CYCLE_WECHAT_BASE_URL,
});
