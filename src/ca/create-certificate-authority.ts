import { randomUUID } from 'node:crypto';
import { AppError, type Clock } from '../core/index.js';
import type { CaConfigRecord, CaKeyRecord, CaRootRecord, Cell } from '../model/index.js';
import type { StateStore } from '../state/index.js';
import type { CertificateAuthority, LeafRequest } from './certificate-authority.js';
import { createIssuer, type Issuer } from './issuer.js';
import { identityHash, parseLeafVersion, renewalTimeMs } from './leaf-version.js';
import { makeRoot, type KeyChoice } from './root.js';

export interface CertificateAuthorityOptions {
  /** UUID of the trust domain; made up when absent. Ignored when the state has one already. */
  readonly clusterId?: string;
  readonly leafTtlMs: number;
  readonly rootTtlMs: number;
  readonly key: KeyChoice;
  readonly datacenter: string;
}

interface CaState {
  readonly config: CaConfigRecord | undefined;
  readonly root: CaRootRecord | undefined;
  readonly key: CaKeyRecord | undefined;
}

const caStateCell: Cell<CaState> = {
  kind: 'ca-state',
  compute(view) {
    const root = view.range('ca-roots', 'all', []).find((candidate) => candidate.active);
    return { config: view.get('ca-config', 'config'), root, key: root && view.get('ca-keys', root.id) };
  },
};

/**
 * The built-in CA: makes a root on first start and keeps it in the state; signs leaves with it from memory.
 * The leaf lifetime is configuration of this start and is written to the state when it differs.
 */
export function createCertificateAuthority(
  store: StateStore,
  clock: Clock,
  options: CertificateAuthorityOptions,
): CertificateAuthority & { close(): void } {
  let issuer: Issuer | undefined;
  let config: CaConfigRecord | undefined;
  let unsubscribe = (): void => undefined;

  const adopt = (state: CaState): void => {
    config = state.config ?? config;
    if (state.root && state.key && state.root.id !== issuer?.rootId) issuer = createIssuer(state.root, state.key);
  };

  const start = async (): Promise<void> => {
    await store.ready;
    const existing = store.read(caStateCell, '').value;
    if (!existing.root || !existing.key) await initialise(store, clock, options);
    else await (await import('./verify-root.js')).verifyRoot(existing.root, clock.now());
    await store.transact('ca-config', (transaction) => {
      const stored = transaction.get('ca-config', 'config');
      if (stored && (stored.leafTtlMs !== options.leafTtlMs || stored.rootTtlMs !== options.rootTtlMs)) {
        transaction.put('ca-config', { ...stored, leafTtlMs: options.leafTtlMs, rootTtlMs: options.rootTtlMs });
      }
    });
    unsubscribe = store.subscribe(caStateCell, '', adopt);
  };

  const signer = (): Issuer => {
    if (!issuer) throw new AppError('unavailable', 'the certificate authority is not ready yet; try again in a second');
    return issuer;
  };
  const issue = (request: LeafRequest) => {
    const now = clock.now();
    return signer().issue(request, now, Math.min(options.leafTtlMs, Math.max(signer().notAfterMs - now, 0)));
  };

  return {
    ready: start(),
    get trustDomain() {
      if (!config)
        throw new AppError('unavailable', 'the certificate authority is not ready yet; try again in a second');
      return `${config.clusterId}.consul`;
    },
    issueLeaf: issue,
    issueServer(names) {
      return issue({ spiffeId: `spiffe://${this.trustDomain}/agent/server/dc/${options.datacenter}`, dnsNames: names });
    },
    renewalOf(leaf) {
      const claim = parseLeafVersion(leaf.version);
      // Its life as on paper starts before it was issued; a server that knows only the version counts from the time to live.
      const ttlMs = Math.min(options.leafTtlMs, leaf.notAfterMs - leaf.notBeforeMs);
      return claim ? renewalTimeMs(claim, ttlMs) : clock.now();
    },
    renewalOfClaim(version, request) {
      const claim = parseLeafVersion(version);
      if (!claim || claim.issuerKeyId !== signer().keyId || claim.identityHash !== identityHash(request))
        return undefined;
      const renewal = renewalTimeMs(claim, options.leafTtlMs);
      return renewal > clock.now() ? renewal : undefined;
    },
    close: () => unsubscribe(),
  };
}

/** Makes the trust domain and its first root; a server that was faster wins. */
async function initialise(store: StateStore, clock: Clock, options: CertificateAuthorityOptions): Promise<void> {
  const clusterId =
    store.view.get('ca-config', 'config')?.clusterId ?? options.clusterId?.toLowerCase() ?? randomUUID();
  const made = await makeRoot(clusterId, clock.now(), options.rootTtlMs, options.key);
  await store.transact('ca-initialise', (transaction) => {
    if (transaction.range('ca-roots', 'all', []).some((root) => root.active)) return;
    transaction.put('ca-config', {
      clusterId,
      provider: 'consul',
      leafTtlMs: options.leafTtlMs,
      rootTtlMs: options.rootTtlMs,
    });
    transaction.put('ca-roots', made.root);
    transaction.put('ca-keys', made.key);
  });
}
