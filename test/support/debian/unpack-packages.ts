import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** How long all of it may take: a few megabytes, and before them the lists of all packages where there are none. */
const LIMIT_MS = 90_000;
const POLITE = ['-o', 'Acquire::Retries=1', '-o', 'Acquire::http::Timeout=15', '-o', 'Acquire::https::Timeout=15'];
/** Nothing outside of the folder is touched, so that no other run of apt needs to be waited for. */
const UNLOCKED = ['-o', 'Debug::NoLocking=1', '-o', 'APT::Sandbox::User=root'];
/** Without translations; the machine's own cache of lists stays what it is; a list that cannot be fetched is an error. */
const OWN_LISTS = [
  'Acquire::Languages=none',
  'Dir::Cache::pkgcache=',
  'Dir::Cache::srcpkgcache=',
  'APT::Update::Error-Mode=any',
];

/**
 * Fetches packages of the machine's Debian, with those they depend on that are not installed, and unpacks them into a folder.
 * Installs nothing. Throws a sentence, with what apt says.
 */
export function unpackPackages(folder: string, packages: readonly string[]): void {
  const archives = join(folder, 'archives');
  mkdirSync(join(archives, 'partial'), { recursive: true });
  download(join(folder, 'lists'), archives, packages, Date.now() + LIMIT_MS);
  for (const name of readdirSync(archives).filter((one) => one.endsWith('.deb')))
    execFileSync('dpkg-deb', ['-x', join(archives, name), folder], { stdio: 'ignore' });
  rmSync(archives, { recursive: true });
}

function download(lists: string, archives: string, packages: readonly string[], until: number): void {
  const wanted = ['install', '--download-only', '--yes', '--no-install-recommends', ...packages];
  const into = ['-o', `Dir::Cache::archives=${archives}`];
  try {
    apt([...into, ...wanted], until);
  } catch {
    // There are no lists of packages here, or old ones, with packages that are no longer there.
    mkdirSync(join(lists, 'partial'), { recursive: true });
    const options = [...OWN_LISTS, `Dir::State::lists=${lists}`].flatMap((option) => ['-o', option]);
    apt([...options, 'update'], until);
    apt([...options, ...into, ...wanted], until);
    rmSync(lists, { recursive: true });
  }
}

function apt(args: readonly string[], until: number): void {
  try {
    execFileSync('apt-get', ['-qq', ...POLITE, ...UNLOCKED, ...args], {
      env: { ...process.env, LC_ALL: 'C' },
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: Math.max(1, until - Date.now()),
    });
  } catch (thrown) {
    const { code, stderr } = thrown as { code?: string; stderr?: Buffer };
    if (code === 'ENOENT') throw new Error('there is no apt-get here', { cause: thrown });
    if (code === 'ETIMEDOUT') throw new Error('apt-get took too long', { cause: thrown });
    const said = /^[EW]: (.*)$/m.exec(stderr?.toString() ?? '')?.[1] ?? 'it does not say why';
    throw new Error(`apt-get failed: ${said}`, { cause: thrown });
  }
}
