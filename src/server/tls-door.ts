import type { CertificateAuthority, IssuedLeaf } from '../ca/index.js';
import type { Clock } from '../core/index.js';
import type { StateStore } from '../state/index.js';
import type { ServerCertificateProvider } from '../xds/server/index.js';

/** The certificate of our TLS door: issued by our CA, replaced before it expires. */
export function createDoorCertificates(
  store: StateStore,
  ca: CertificateAuthority,
  clock: Clock,
  names: readonly string[],
): ServerCertificateProvider & { close(): void } {
  const listeners = new Set<() => void>();
  let leaf: IssuedLeaf = ca.issueServer(names);
  let cancel = (): void => undefined;
  const renew = (): void => {
    cancel();
    leaf = ca.issueServer(names);
    for (const listener of listeners) listener();
    schedule();
  };
  const schedule = (): void => {
    cancel = clock.after(Math.max(ca.renewalOf(leaf) - clock.now(), 1000), renew);
  };
  schedule();
  // Another root signs: whoever trusts only the old one can still verify the chain, whoever trusts only the new one could not.
  const renewIfPossible = (): void => {
    try {
      renew();
    } catch {
      // The state has no usable root at this moment; the certificate stays, and is renewed in its time.
      schedule();
    }
  };
  const watch = store.commits$.subscribe(({ changes }) => {
    if (changes.some(({ table }) => table === 'ca-roots')) setImmediate(renewIfPossible);
  });
  return {
    current: () => leaf,
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
