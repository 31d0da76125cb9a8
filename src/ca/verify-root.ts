import { X509Certificate } from 'node:crypto';
import { Certificate } from 'pkijs';
import { AppError } from '../core/index.js';
import type { CaRootRecord } from '../model/index.js';

/**
 * Checks a root that was read from the state: its signature by its own key and its dates.
 * Throws AppError('corruptState') with what to do.
 */
export async function verifyRoot(root: CaRootRecord, nowMs: number): Promise<void> {
  if (Date.parse(root.notAfter) <= nowMs) {
    throw new AppError(
      'corruptState',
      `CA root ${root.id} expired at ${root.notAfter}; check this machine's clock, or start with a fresh root`,
    );
  }
  const certificate = Certificate.fromBER(new X509Certificate(root.rootCertPem).raw);
  const valid = await certificate.verify(certificate).catch(() => false);
  if (!valid) {
    throw new AppError(
      'corruptState',
      `stored CA root ${root.id} is not signed by its own key; restore the state from a backup`,
    );
  }
}
