import { randomUUID } from 'node:crypto';
import { AppError, canonicalJson, type Clock, deepEqual } from '../core/index.js';
import type { CaConfigRecord, CaKeyRecord, CaRootRecord, Cell, Draft } from '../model/index.js';
import type { Duty, StateStore, TakeDuty, Transaction } from '../state/index.js';
import type { CertificateAuthority, LeafRequest } from './certificate-authority.js';
import { pruneRoots } from './configure-ca.js';
import { createIssuer, type Issuer } from './issuer.js';
import { identityHash, parseLeafVersion, renewalTimeMs } from './leaf-version.js';
import { clusterIdOfRoot, type OwnRoot, takeRoot } from './own-root.js';
import { makeRoot, type KeyChoice } from './root.js';

const PRUNE_EVERY_MS = 3_600_000;

export interface CertificateAuthorityOptions {
  /** UUID of the trust domain; made up when absent. Ignored when the state has one already. */
  readonly clusterId?: string;
  readonly leafTtlMs: number;
  readonly rootTtlMs: number;
  readonly intermediateTtlMs?: number;
  /** The settings in Consul's spelling, as they are shown. */
  readonly given?: Readonly<Record<string, unknown>>;
  readonly key: KeyChoice;
  /** The first root, with its key, instead of one that is made; it names the trust domain. Ignored when the state has a root. */
  readonly own?: OwnRoot;
  readonly datacenter: string;
  /** Removing what is over is the work of one server at a time. Default: of this one, always. */
  readonly take?: TakeDuty;
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
 * The built-in CA: makes a root on first start, or takes the one that is given, and keeps it in the state; signs leaves with it from memory.
 * The configuration of the start is taken in once: it undoes nothing that was set by `configureCa` afterwards.
 */
export function createCertificateAuthority(
  store: StateStore,
  clock: Clock,
  options: CertificateAuthorityOptions,
): CertificateAuthority & { close(): void } {
  let issuer: Issuer | undefined;
  let config: CaConfigRecord | undefined;
  let unsubscribe = (): void => undefined;

  let isClosed = false;
  let adopted: CaRootRecord | undefined;
  let endPruning = (): void => undefined;
  const leafTtlMs = (): number => config?.leafTtlMs ?? options.leafTtlMs;

  const adopt = (state: CaState): void => {
    config = state.config ?? config;
    const isKnown =
      state.root?.id === adopted?.id && deepEqual(state.root?.intermediatePems, adopted?.intermediatePems);
    if (!state.root || !state.key || isKnown) return;
    issuer = createIssuer(state.root, state.key);
    adopted = state.root;
  };
  const prune = (duty: Pick<Duty, 'transact'>): (() => void) => {
    let cancel = (): void => undefined;
    const turn = (): void => {
      cancel = clock.after(PRUNE_EVERY_MS, turn);
      // Tried again in an hour.
      pruneRoots(store, clock, duty).catch(() => undefined);
    };
    turn();
    return () => cancel();
  };

  const start = async (): Promise<void> => {
    await store.ready;
    const existing = store.read(caStateCell, '').value;
    if (!existing.root || !existing.key) await initialise(store, clock, options);
    else await (await import('./verify-root.js')).verifyRoot(existing.root, clock.now());
    await store.transact('ca-config', (transaction) => takeStartConfig(transaction, options));
    const unwatch = store.subscribe(caStateCell, '', adopt);
    const forget = store.onRestored(() => {
      // A snapshot of a mesh without an authority has none; what it should have is made, as at the first start.
      if (!store.read(caStateCell, '').value.root) void initialise(store, clock, options).catch(() => undefined);
    });
    unsubscribe = () => {
      unwatch();
      forget();
    };
    endPruning = options.take?.(prune) ?? prune(store);
    if (isClosed) endPruning();
  };

  const signer = (): Issuer => {
    if (!issuer) throw new AppError('unavailable', 'the certificate authority is not ready yet; try again in a second');
    return issuer;
  };
  const issue = (request: LeafRequest) => {
    const now = clock.now();
    return signer().issue(request, now, Math.min(leafTtlMs(), Math.max(signer().notAfterMs - now, 0)));
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
      const ttlMs = Math.min(leafTtlMs(), leaf.notAfterMs - leaf.notBeforeMs);
      return claim ? renewalTimeMs(claim, ttlMs) : clock.now();
    },
    renewalOfClaim(version, request) {
      const claim = parseLeafVersion(version);
      if (!claim || claim.issuerKeyId !== signer().keyId || claim.identityHash !== identityHash(request))
        return undefined;
      const renewal = renewalTimeMs(claim, leafTtlMs());
      return renewal > clock.now() ? renewal : undefined;
    },
    close() {
      isClosed = true;
      endPruning();
      unsubscribe();
    },
  };
}

/** The configuration record as this start would have it. */
function startConfig(clusterId: string, options: CertificateAuthorityOptions): Draft<CaConfigRecord> {
  const { leafTtlMs, rootTtlMs, intermediateTtlMs, given } = options;
  return {
    ...{ clusterId, provider: 'consul', leafTtlMs, rootTtlMs },
    ...(intermediateTtlMs === undefined ? {} : { intermediateTtlMs }),
    ...(given === undefined ? {} : { given }),
    started: canonicalJson({ leafTtlMs, rootTtlMs, intermediateTtlMs: intermediateTtlMs ?? 0 }),
  };
}

/** Takes in what the agent's configuration says, if that has changed since it was taken in last. */
function takeStartConfig(transaction: Transaction, options: CertificateAuthorityOptions): void {
  const stored = transaction.get('ca-config', 'config');
  if (!stored) return;
  const wanted = startConfig(stored.clusterId, options);
  if (stored.started !== wanted.started) transaction.put('ca-config', wanted);
}

/**
 * Makes the trust domain and its first root; a server that was faster wins. The domain is settled first, so that servers that start
 * together make roots of the same one.
 */
async function initialise(store: StateStore, clock: Clock, options: CertificateAuthorityOptions): Promise<void> {
  const { own } = options;
  const domain = options.clusterId?.toLowerCase() ?? (own ? clusterIdOfRoot(own.certPem) : randomUUID());
  // Before anything is settled that it does not fit.
  if (own) await takeRoot(own, domain, clock.now());
  const { result: clusterId } = await store.transact('ca-domain', (transaction) => {
    const stored = transaction.get('ca-config', 'config');
    if (stored) return stored.clusterId;
    const { leafTtlMs, rootTtlMs } = options;
    transaction.put('ca-config', { clusterId: domain, provider: 'consul', leafTtlMs, rootTtlMs });
    return domain;
  });
  const made = own
    ? await takeRoot(own, clusterId, clock.now())
    : await makeRoot(clusterId, clock.now(), options.rootTtlMs, options.key);
  await store.transact('ca-initialise', (transaction) => {
    if (transaction.range('ca-roots', 'all', []).some((root) => root.active)) return;
    transaction.put('ca-config', startConfig(clusterId, options));
    transaction.put('ca-roots', made.root);
    transaction.put('ca-keys', made.key);
  });
}
