import { AppError, type Clock } from '../core/index.js';
import type { CaConfigRecord, CaRootRecord, Draft } from '../model/index.js';
import type { Duty, StateStore } from '../state/index.js';
import { type CaSettings, readCaSettings, rootCertIn, withoutPrivateKey } from './ca-settings.js';
import { crossSign } from './cross-sign.js';
import { idOfRoot, takeRoot } from './own-root.js';
import { makeRoot, type NewRoot } from './root.js';

/** A new configuration of the authority, as an operator gives it. */
export interface CaConfigurationRequest {
  readonly provider: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly state?: Readonly<Record<string, unknown>> | undefined;
  /** Accepted: our provider can always cross-sign. */
  readonly forceWithoutCrossSigning: boolean;
}

/**
 * Changes the configuration (consul-behaviour.md 7.3). A root that is given, or another type or size of key, makes another root: the old
 * one signs it, so that whoever knows only the old one can verify what the new one issues, and stays trusted until its last leaf has run
 * out. Throws
 * AppError('invalidArgument' | 'unsupported') with the rule that is broken, ('busy') when somebody else changed it meanwhile.
 */
export async function configureCa(store: StateStore, clock: Clock, request: CaConfigurationRequest): Promise<void> {
  if (request.provider !== '' && request.provider !== 'consul')
    throw new AppError(
      'unsupported',
      `the CA provider "${request.provider}" is not implemented: "consul" is the only one`,
    );
  if (Object.keys(request.state ?? {}).length > 0)
    throw new AppError('invalidArgument', 'the State of the provider cannot be changed: leave it out');
  const before = store.view.get('ca-config', 'config');
  const active = store.view.range('ca-roots', 'all', []).find((root) => root.active);
  if (!before || !active)
    throw new AppError('unavailable', 'the certificate authority is not ready yet; try again in a second');
  const settings = readCaSettings(request.config, before.clusterId);
  const { leafTtlMs, intermediateTtlMs, rootTtlMs } = settings;
  const another = await anotherRoot(settings, before, active, clock.now());
  const next = another && (await signedBy(store, active, another, clock.now()));
  const given = withoutPrivateKey(request.config);
  await store.transact('ca-configure', (transaction) => {
    const stored = transaction.get('ca-config', 'config');
    if (!stored || transaction.get('ca-roots', active.id)?.active !== true)
      throw new AppError(
        'busy',
        'the root was changed by somebody else meanwhile: look at the configuration, then try again',
      );
    const { started, clusterId } = stored;
    transaction.put('ca-config', {
      ...{ clusterId, provider: 'consul', leafTtlMs, rootTtlMs, intermediateTtlMs, given },
      ...(started === undefined ? {} : { started }),
    });
    if (!next) return;
    transaction.put('ca-roots', { ...active, active: false, rotatedOutAt: new Date(clock.now()).toISOString() });
    transaction.put('ca-roots', next.root);
    transaction.put('ca-keys', next.key);
    // It has signed its successor and is of no use any more.
    transaction.delete('ca-keys', active.id);
  });
}

/** The root that the settings ask for, if it is not the active one. */
async function anotherRoot(
  { key, own, rootTtlMs }: CaSettings,
  { clusterId, given }: CaConfigRecord,
  active: CaRootRecord,
  nowMs: number,
): Promise<NewRoot | undefined> {
  if (own) {
    const isActive = idOfRoot(own.certPem) === active.id;
    if (isActive && own.privateKeyPem === '') return undefined;
    const taken = await takeRoot(own, clusterId, nowMs);
    return isActive ? undefined : taken;
  }
  // A configuration is given as a whole: one without the root that was brought goes back to one that is made here.
  const isOther = key.type !== active.privateKeyType || key.bits !== active.privateKeyBits || rootCertIn(given) !== '';
  return isOther ? makeRoot(clusterId, nowMs, rootTtlMs, key) : undefined;
}

async function signedBy(store: StateStore, active: CaRootRecord, made: NewRoot, nowMs: number): Promise<NewRoot> {
  const signer = store.view.get('ca-keys', active.id);
  if (!signer)
    throw new AppError(
      'corruptState',
      `the private key of CA root ${active.id} is missing: restore the state from a backup`,
    );
  const crossSigned = await crossSign(active, signer, made.root, nowMs);
  return { root: { ...made.root, intermediatePems: [crossSigned] }, key: made.key };
}

/**
 * Removes roots that were replaced so long ago that no leaf of theirs is left, and with the last of them the certificates that they
 * made of their successors (consul-behaviour.md 7.3). Returns how many.
 */
export async function pruneRoots(
  store: StateStore,
  clock: Clock,
  duty: Pick<Duty, 'transact'> = store,
): Promise<number> {
  const isDue = ({ active, rotatedOutAt }: Draft<CaRootRecord>, leafTtlMs: number): boolean =>
    !active && rotatedOutAt !== undefined && Date.parse(rotatedOutAt) + 2 * leafTtlMs < clock.now();
  const leafTtlMs = store.view.get('ca-config', 'config')?.leafTtlMs ?? 0;
  if (!store.view.range('ca-roots', 'all', []).some((root) => isDue(root, leafTtlMs))) return 0;
  const { result } = await duty.transact('ca-prune', (transaction) => {
    const roots = transaction.range('ca-roots', 'all', []);
    const due = roots.filter((root) => isDue(root, leafTtlMs));
    for (const { id } of due) {
      transaction.delete('ca-roots', id);
      transaction.delete('ca-keys', id);
    }
    const [only, ...others] = roots.filter((root) => !due.includes(root));
    if (due.length > 0 && only && others.length === 0 && only.intermediatePems.length > 0)
      transaction.put('ca-roots', { ...only, intermediatePems: [] });
    return due.length;
  });
  return result;
}
