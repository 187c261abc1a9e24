import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import t from 'tap';
import { runDoctor } from '../../src/cli/doctor.ts';
import { readConfig } from '../../src/config.ts';
import { systemRandom } from '../../src/kernel/system.ts';
import { startWechatSimulator } from '../../src/rails/simulators/wechat.ts';
import { openWechat } from '../../src/rails/wechat.setup.ts';

/** As on the merchant platform: 32 characters. */
const printable = (n: number): Buffer => Buffer.from(randomBytes(n).toString('hex').slice(0, n));

const faultsOf = (env: Record<string, string>): string => {
  try {
    readConfig(env);
    return '';
  } catch (error) {
    return (error as Error).message;
  }
};

t.test('WeChat Pay from the settings: key files, doctor, and never a secret in what is said', async (t) => {
  const sim = await startWechatSimulator({ now: Date.now, random: printable });
  t.teardown(() => sim.stop());
  const dir = t.testdir({});
  const at = (name: string) => path.join(dir, name);
  const theirs = sim.settings('https://sea.example/told');
  const secret = theirs.apiV3Key.export().toString('latin1');
  const pem = theirs.key.export({ type: 'pkcs8', format: 'pem' }).toString();
  await writeFile(at('merchant.pem'), pem, { mode: 0o600 });
  await writeFile(at('v3'), `${secret}\n`, { mode: 0o600 });
  const [[serial, platform]] = [...theirs.platformKeys] as [[string, (typeof theirs)['key']]];
  await writeFile(at('platform.pem'), platform.export({ type: 'spki', format: 'pem' }));
  const env = {
    BLUE_CYCLE_DATA_DIR: at('data'),
    BLUE_CYCLE_WECHAT_MERCHANT_ID: theirs.merchantId,
    BLUE_CYCLE_WECHAT_APP_ID: theirs.appId,
    BLUE_CYCLE_WECHAT_SERIAL: theirs.serial,
    BLUE_CYCLE_WECHAT_KEY_FILE: at('merchant.pem'),
    BLUE_CYCLE_WECHAT_API_V3_KEY_FILE: at('v3'),
    BLUE_CYCLE_WECHAT_PLATFORM_KEYS: `${serial} ${at('platform.pem')}`,
    BLUE_CYCLE_WECHAT_NOTIFY_URL: 'https://sea.example/v1/rails/wechat/notifications',
    BLUE_CYCLE_WECHAT_MAXIMUM: '500000',
    BLUE_CYCLE_WECHAT_BASE_URL: sim.url,
  };
  const config = readConfig(env);
  t.equal(readConfig({}).wechat, undefined, 'off unless set');
  const means = { now: Date.now, random: systemRandom, fetch };
  const rail = await openWechat(config.wechat!, means);
  const sent = { amount: 21_604, payee: { account: 'o-1' }, purpose: '塑料瓶' };
  t.equal((await rail.submit({ ...sent, reference: 'a1' })).kind, 'awaiting-confirmation', 'it pays');
  t.equal(rail.limits.maximum, 500_000);

  const { BLUE_CYCLE_WECHAT_SERIAL: _, BLUE_CYCLE_WECHAT_MAXIMUM: __, ...half } = env;
  for (const name of ['SERIAL', 'MAXIMUM'])
    t.match(faultsOf(half), new RegExp(`BLUE_CYCLE_WECHAT_${name} is missing`));
  for (const [name, value] of [
    ['BLUE_CYCLE_WECHAT_MERCHANT_ID', 'me'],
    ['BLUE_CYCLE_WECHAT_NOTIFY_URL', 'https://sea.example/?a=1'],
    ['BLUE_CYCLE_WECHAT_PLATFORM_KEYS', 'nonsense'],
    ['BLUE_CYCLE_WECHAT_MAXIMUM', '0'],
    ['BLUE_CYCLE_WECHAT_KEY_FILE', ''],
  ] as const)
    t.match(faultsOf({ ...env, [name]: value }), new RegExp(name), `${name}=${value}`);
  t.match(faultsOf({ ...env, BLUE_CYCLE_WECHAT_KEY: 'x' }), /is not a setting/);

  const doctor = async () => {
    let out = '';
    const write = (text: string) => {
      out += text;
      return true;
    };
    const io = { env, stdout: { write }, stderr: { write }, isTTY: false } as never;
    await runDoctor({ json: true }, io);
    t.notMatch(out, secret);
    t.notMatch(out, pem.split('\n')[3]!);
    return JSON.parse(out).checks.find((c: { check: string }) => c.check === 'wechat pay');
  };
  await mkdir(at('data'));
  t.match(await doctor(), { state: 'ok', text: /merchant 1900000001/ });
  await chmod(at('v3'), 0o644);
  t.match(await doctor(), { state: 'fail', text: /mode 644: others may read it; chmod 600/ });
  await chmod(at('v3'), 0o600);
  await writeFile(at('v3'), secret.slice(1));
  t.match(await doctor(), { state: 'fail', text: /must hold the 32 characters/ });
  await writeFile(at('v3'), secret);
  await writeFile(at('merchant.pem'), `${secret}${pem.slice(40)}`);
  t.match(await doctor(), { state: 'fail', text: /holds no key in PEM/ });
  const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey;
  await writeFile(at('merchant.pem'), weak.export({ type: 'pkcs8', format: 'pem' }));
  t.match(await doctor(), { state: 'fail', text: /2048 bits/ });
  await writeFile(at('merchant.pem'), pem);
  t.match(await doctor(), { state: 'ok' }, 'put right, it is fine again');
});
