import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import t from 'tap';
import { startTestApp } from './support/app.ts';

const ROOT = path.resolve(import.meta.dirname, '..');
const textOf = (name: string): Promise<string> => readFile(path.join(ROOT, name), 'utf8');

/** What the Dockerfile copies out of the project into its last stage. */
const copied = async (): Promise<string[]> => {
  const last = (await textOf('Dockerfile')).split(/^FROM /m).at(-1)!;
  return [...last.matchAll(/^COPY (?!--)(.+)$/gm)].flatMap(([, names]) => names!.split(' ').slice(0, -1));
};

type Lock = { packages: Record<string, { dev?: true; optional?: true; devOptional?: true }> };

t.test('what the image holds serves, with the packages it installs and no others', async (t) => {
  const names = await copied();
  const ignored = (await textOf('.dockerignore')).split('\n');
  for (const name of names) t.ok(ignored.includes(`!${name}`), `${name} reaches the build`);

  const image = await mkdtemp(path.join(os.tmpdir(), 'blue-cycle-image-'));
  t.teardown(() => rm(image, { recursive: true, force: true }));
  for (const name of names) await cp(path.join(ROOT, name), path.join(image, name), { recursive: true });
  const { packages } = JSON.parse(await textOf('package-lock.json')) as Lock;
  for (const [where, { dev, optional, devOptional }] of Object.entries(packages)) {
    if (!/^node_modules\/(@[^/]+\/)?[^/]+$/.test(where) || dev || optional || devOptional) continue;
    await mkdir(path.dirname(path.join(image, where)), { recursive: true });
    await symlink(path.join(ROOT, where), path.join(image, where));
  }

  const test = await startTestApp(t);
  const child = spawn(process.execPath, ['src/main.ts', 'serve', '--json'], {
    cwd: image,
    env: {
      PATH: process.env.PATH,
      DATABASE_URL: test.urls.apiUrl,
      BLUE_CYCLE_DATA_DIR: test.deps.config.dataDir,
      PORT: '0',
      LOG_LEVEL: 'warn',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const closed = once(child, 'close');
  t.teardown(async () => {
    child.kill('SIGTERM');
    await closed;
  });
  let said = '';
  child.stderr.on('data', (chunk) => {
    said += String(chunk);
  });
  const [line] = await Promise.race([
    once(child.stdout, 'data'),
    closed.then(() => Promise.reject(new Error(said))),
  ]);
  const { url } = JSON.parse(String(line)) as { url: string };
  for (const page of ['/health/ready', '/docs', '/verify', '/verify/verifier.js', '/openapi.json'])
    t.equal((await fetch(`${url}${page}`)).status, 200, page);
});
