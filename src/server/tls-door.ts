import type { CertificateAuthority, IssuedLeaf } from '../ca/index.js';
import type { Clock } from '../core/index.js';
import type { StateStore } from '../state/index.js';
import type { ServerCertificateProvider } from '../xds/server/index.js';

/**
 * The certificate of a TLS door that has none in files: issued by our CA when it is first asked for, which may be long after the
 * doors without need of a root have opened; replaced before it expires.
 */
export function createDoorCertificates(
  store: StateStore,
  ca: CertificateAuthority,
  clock: Clock,
  names: readonly string[],
): ServerCertificateProvider & { close(): void } {
  const listeners = new Set<() => void>();
  let leaf: IssuedLeaf | undefined;
  let cancel = (): void => undefined;
  const issue = (): IssuedLeaf => {
    leaf = ca.issueServer(names);
    schedule(leaf);
    return leaf;
  };
  const schedule = (current: IssuedLeaf): void => {
    cancel();
    cancel = clock.after(Math.max(ca.renewalOf(current) - clock.now(), 1000), () => renew(current));
  };
  const renew = (current: IssuedLeaf): void => {
    try {
      issue();
    } catch {
      // The state has no usable root at this moment; the certificate stays, and is renewed in its time.
      schedule(current);
      return;
    }
    for (const listener of listeners) listener();
  };
  // Another root signs: whoever trusts only the old one can still verify the chain, whoever trusts only the new one could not.
  const watch = store.commits$.subscribe(({ changes }) => {
    if (changes.some(({ table }) => table === 'ca-roots')) setImmediate(() => leaf && renew(leaf));
  });
  return {
    current: () => leaf ?? issue(),
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close() {
      watch.unsubscribe();
      cancel();
    },
  };
}
