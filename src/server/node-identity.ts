import { createHash, randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../core/index.js';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The node's UUID: the configured one, else the one kept in the data directory, else a new one (kept there). */
export function nodeIdentity(
  configured: string,
  dataDir: string,
  ofHost: () => string | undefined = () => undefined,
): string {
  if (configured !== '') return configured;
  if (dataDir === '') return ofHost() ?? randomUUID();
  const file = join(dataDir, 'node-id');
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    const kept = readOrEmpty(file);
    if (UUID.test(kept)) return kept;
    if (kept !== '')
      throw new AppError('corruptState', `${file} does not hold a node id; restore it, or remove it to get a new one`);
    const made = ofHost() ?? randomUUID();
    writeFileSync(file, made, { mode: 0o600, flush: true });
    return made;
  } catch (thrown) {
    if (thrown instanceof AppError) throw thrown;
    throw new AppError(
      'corruptState',
      `cannot use data directory ${dataDir}: ${(thrown as Error).message}; check its owner and rights`,
    );
  }
}

function readOrEmpty(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw thrown;
  }
}

const HOST_IDS = ['/etc/machine-id', '/var/lib/dbus/machine-id', '/sys/class/dmi/id/product_uuid'];

/**
 * A UUID that this host has every time (`disable_host_node_id = false`): a hash of its own id, which is nobody else's business. Undefined
 * where the host has none.
 */
export function hostNodeId(files: readonly string[] = HOST_IDS): string | undefined {
  for (const file of files) {
    let id = '';
    try {
      id = readFileSync(file, 'utf8').trim().toLowerCase();
    } catch {
      // Not on this system, or not for us to read.
    }
    if (id === '') continue;
    const hex = createHash('sha512').update(`meshwright node ${id}`).digest('hex');
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-');
  }
  return undefined;
}
