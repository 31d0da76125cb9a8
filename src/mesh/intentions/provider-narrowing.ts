import { deepEqual } from '../../core/index.js';
import type { JsonWebKeySet, JwtProviderEntry, MeshView } from '../../model/index.js';
import { requiredToken } from './token-requirement.js';

/** A caller whose intention about a destination asks for a provider's token; either may be `*`. */
export interface TokenBearer {
  readonly destination: string;
  readonly source: string;
}

/**
 * Whether a change of a provider may refuse tokens that it accepted before. Errs on the safe side: false only when issuer and keys
 * are there as before, and audiences, places to look in and tolerance have lost nothing.
 */
export function acceptsFewerTokens(before: JwtProviderEntry, after: JwtProviderEntry): boolean {
  return !(
    before.issuer === after.issuer &&
    after.clockSkewSeconds >= before.clockSkewSeconds &&
    includesAll(before.audiences, after.audiences, after.audiences.length === 0) &&
    includesAll(before.locations, after.locations, false) &&
    keepsKeys(before.jsonWebKeySet, after.jsonWebKeySet)
  );
}

/** Everybody whose intention asks for a provider's token: a change of the provider may take access away from them. */
export function tokenBearers(view: MeshView, provider: string): readonly TokenBearer[] {
  return view.range('config-entries', 'byKind', ['service-intentions']).flatMap(({ entry }) => {
    if (entry.kind !== 'service-intentions') return [];
    const names = (jwt: typeof entry.jwt): boolean =>
      requiredToken(jwt)?.providers.some(({ name }) => name === provider) ?? false;
    return entry.sources
      .filter(({ permissions }) => names(entry.jwt) || permissions.some(({ jwt }) => names(jwt)))
      .map(({ name, peer }) => ({ destination: entry.name, source: peer === '' ? name : `peer:${peer}/${name}` }));
  });
}

/** Whether a list has kept all its members; an empty one stands for a default of its own, or for everything (`open`). */
function includesAll(before: readonly unknown[], after: readonly unknown[], open: boolean): boolean {
  if (open) return true;
  if (before.length === 0) return after.length === 0;
  return before.every((member) => after.some((other) => deepEqual(member, other)));
}

/** Keys that are fetched are the same while they are fetched from the same place, and the server is trusted alike. */
function keepsKeys(before: JsonWebKeySet | undefined, after: JsonWebKeySet | undefined): boolean {
  if (before?.remote && after?.remote)
    return (
      before.remote.uri === after.remote.uri &&
      deepEqual(before.remote.jwksCluster?.tlsCertificates, after.remote.jwksCluster?.tlsCertificates)
    );
  if (deepEqual(before, after)) return true;
  const [old, keys] = [localKeys(before), localKeys(after)];
  return old !== undefined && keys !== undefined && includesAll(old, keys, false);
}

function localKeys(set: JsonWebKeySet | undefined): readonly unknown[] | undefined {
  if (!set?.local || set.local.jwks === '') return undefined;
  const { keys } = JSON.parse(Buffer.from(set.local.jwks, 'base64').toString()) as {
    readonly keys: readonly unknown[];
  };
  return keys;
}
