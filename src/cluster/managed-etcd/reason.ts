import { AppError } from '../../core/index.js';
import { EtcdError } from '../../state/backend/etcd/client/index.js';

/** Why something did not work, with the member that said so. */
export const reasonOf = (thrown: unknown): string =>
  thrown instanceof EtcdError ? `${thrown.endpoint}: ${thrown.message}` : AppError.from(thrown).message;
