import type { CertificateAuthority, IssuedLeaf } from '../ca/index.js';
import type { Clock } from '../core/index.js';
import type { ServerCertificateProvider } from '../xds/server/index.js';

/** The certificate of our TLS door: issued by our CA, replaced before it expires. */
export function createDoorCertificates(
  ca: CertificateAuthority,
  clock: Clock,
  names: readonly string[],
): ServerCertificateProvider & { close(): void } {
  const listeners = new Set<() => void>();
  let leaf: IssuedLeaf = ca.issueServer(names);
  let cancel = (): void => undefined;
  const schedule = (): void => {
    cancel = clock.after(Math.max(ca.renewalOf(leaf) - clock.now(), 1000), () => {
      leaf = ca.issueServer(names);
      for (const listener of listeners) listener();
      schedule();
    });
  };
  schedule();
  return {
    current: () => leaf,
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: () => cancel(),
  };
}
