import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { AppError } from '../../../core/index.js';
import { hexId } from './client/index.js';

/**
 * The cluster this server's state was in, kept in a file beside its other data, so that a mistaken endpoint is noticed also after a
 * restart: an empty etcd would otherwise be taken for a new mesh.
 */
export class RememberedCluster {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** Throws AppError('corruptState') when the state was in another cluster. */
  check(clusterId: string): void {
    const known = this.#read();
    if (known === undefined || known === clusterId) return;
    throw new AppError(
      'corruptState',
      `This server's state was in etcd cluster ${hexId(known)}, and the endpoints lead to ${hexId(clusterId)}: correct state.etcd.endpoints, or remove ${this.#path} if etcd was built anew on purpose.`,
    );
  }

  remember(clusterId: string): void {
    if (this.#read() === clusterId) return;
    writeFileSync(`${this.#path}.new`, `${JSON.stringify({ clusterId })}\n`, { mode: 0o600 });
    renameSync(`${this.#path}.new`, this.#path);
  }

  #read(): string | undefined {
    try {
      const { clusterId } = JSON.parse(readFileSync(this.#path, 'utf8')) as { readonly clusterId?: unknown };
      return typeof clusterId === 'string' && /^\d+$/.test(clusterId) ? clusterId : undefined;
    } catch {
      return undefined;
    }
  }
}
