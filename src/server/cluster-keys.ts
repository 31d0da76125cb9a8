import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AgentConfig } from '../agent/config/index.js';
import { replaceFile } from '../agent/index.js';
import { hasKey, type KeyRing, parseKeyRing, ringOfKey } from '../cluster/credentials/index.js';
import { Keyring } from '../cluster/index.js';
import { AppError } from '../core/index.js';

const FILE = 'cluster-keyring.json';

/**
 * The cluster keys of a server: those that it keeps in its data directory since they were changed under way, else `encrypt`. Undefined
 * where it has none. Throws AppError('corruptState' | 'invalidArgument').
 */
export function openClusterKeys(
  { cluster: { encrypt }, dataDir }: Pick<AgentConfig, 'cluster' | 'dataDir'>,
  warn: (message: string) => void,
): Keyring | undefined {
  const file = join(dataDir, FILE);
  const kept = dataDir === '' ? undefined : readRing(file);
  const ring = kept ?? (encrypt === '' ? undefined : ringOfKey(encrypt));
  if (ring === undefined) return undefined;
  if (encrypt !== '' && !hasKey(ring, encrypt.trim()))
    warn(
      `the keys in ${file} hold, and encrypt is none of them: correct it, or remove the file to begin anew with encrypt`,
    );
  return new Keyring(ring, (text) => {
    if (dataDir === '') return;
    try {
      replaceFile(file, text);
    } catch (thrown) {
      throw new AppError('unavailable', `the keyring cannot be kept in ${file}: ${(thrown as Error).message}`);
    }
  });
}

function readRing(file: string): KeyRing | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new AppError('corruptState', `${file} cannot be read: ${(thrown as Error).message}`);
  }
  try {
    return parseKeyRing(text);
  } catch (thrown) {
    throw new AppError(
      'corruptState',
      `${file} is damaged (${AppError.from(thrown).message}): restore it, or remove it and give this server the key in use with encrypt`,
    );
  }
}
