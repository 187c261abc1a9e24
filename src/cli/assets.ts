import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { build, type Plugin } from 'esbuild';

const ROOT = path.resolve(import.meta.dirname, '../..');
const VERIFIER = 'packages/verifier/index.js';
const STATEMENTS = 'packages/verifier/statements.js';
const TARGET = ['es2022', 'chrome111', 'firefox128', 'safari16.4'];

/** Built files by where they stand, and what each is built from. */
const BUILT: Record<string, string> = {
  [VERIFIER]: 'src/verifier/index.ts',
  'packages/verifier/texts.js': 'src/verifier/texts.ts',
  [STATEMENTS]: 'src/credentials/statement-check.ts',
  'src/web/assets/page.js': 'src/web/browser/page.ts',
  'src/web/assets/product.js': 'src/web/browser/product.ts',
  'src/web/assets/worker.js': 'src/web/browser/worker.ts',
  'src/web/assets/statements.js': 'src/credentials/statement-check.ts',
};

/** Members that only code within the package knows, of its own and of the hash and signature: they may be called anything. */
const INNER =
  /^(blockLen|padOffset|roundClean|digestInto|_cloneInto|_cloneIntoMeta|outputLen|canXOF|destroyed|finished|retiredSeq|checkPlace|expectKept|expectHead|checkEnd|checkNote|checkLast|frontier|primitives|verifier|expected|wrong|attempt|ending|rest|roots|judge|trusted|algorithm|publicKey|signatures?|entry|clearCofactor|toAffine|multiply|fromBytes)$/;

/** What the pure part never calls is left out with what it imports; the page's worker takes the published file as it is. */
const replaced = (verifier: string): Plugin => ({
  name: 'replaced',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:/ }, ({ path: name }) => ({
      path: name,
      namespace: 'absent',
      sideEffects: false,
    }));
    onLoad({ filter: /.*/, namespace: 'absent' }, () => ({
      contents: 'export const [createSecretKey, hash, hkdfSync] = [];',
    }));
    // The quick way to recognise an entry halves the time and takes 2 kB; without it everything is parsed.
    onResolve({ filter: /\/scan\.ts$/ }, () => ({ path: path.join(ROOT, 'src/verifier/scan.ts') }));
    onResolve({ filter: /kernel\/canonical\.ts$/ }, () => ({
      path: path.join(ROOT, 'src/verifier/canonical.ts'),
    }));
    // Loaded only where the bundle of a statement is dropped.
    onResolve({ filter: /credentials\/statement-check\.ts$/ }, ({ kind }) =>
      kind === 'entry-point' ? undefined : { path: './statements.js', external: true },
    );
    onResolve({ filter: /verifier\/index\.ts$/ }, ({ kind }) =>
      kind === 'entry-point' ? undefined : { path: verifier, external: true },
    );
  },
});

const built = async (file: string, entry: string): Promise<string> => {
  const { outputFiles } = await build({
    absWorkingDir: ROOT,
    entryPoints: [entry],
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    target: TARGET,
    charset: 'utf8',
    legalComments: 'none',
    mangleProps: INNER,
    inject: ['src/verifier/buffer.ts'],
    plugins: [replaced(file === STATEMENTS ? './index.js' : './verifier.js')],
  });
  return outputFiles[0]!.text;
};

/** The built files, by path below the project, as they must be committed. */
export const buildAssets = async (): Promise<Record<string, string>> =>
  Object.fromEntries(
    await Promise.all(
      Object.entries(BUILT).map(async ([file, entry]) => [file, await built(file, entry)] as const),
    ),
  );

/** The paths of built files that are not committed as they would be built. */
export const staleAssets = async (): Promise<string[]> => {
  const stale: string[] = [];
  for (const [file, text] of Object.entries(await buildAssets()))
    if ((await readFile(path.join(ROOT, file), 'utf8').catch(() => '')) !== text) stale.push(file);
  return stale;
};

if (import.meta.main)
  for (const [file, text] of Object.entries(await buildAssets())) {
    await writeFile(path.join(ROOT, file), text);
    process.stderr.write(`${file}: ${(Buffer.byteLength(text) / 1_000).toFixed(1)} kB\n`);
  }
