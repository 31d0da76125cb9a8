import { AppError } from '../../core/index.js';
import type { HttpConfig } from './http-deps.js';

/** Throws unless a datacenter named by a client is empty or our own: there is no way to others yet. */
export function checkDatacenter(config: Pick<HttpConfig, 'datacenter'>, wanted: string): void {
  if (wanted === '' || wanted.toLowerCase() === config.datacenter.toLowerCase()) return;
  throw new AppError('invalidArgument', 'No path to datacenter');
}
