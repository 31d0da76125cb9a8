import { ipVersion } from '../../../core/index.js';
import { entryOf } from '../../../mesh/discovery-chain/index.js';
import { tokenDemandCell } from '../../../mesh/intentions/index.js';
import type { Cell, JwtProviderEntry } from '../../../model/index.js';
import { capabilities, hasCapability } from '../capabilities/index.js';
import { keyServer, needsPublicRoots } from './jwks-cluster.js';
import { JWT_FILTER, jwksClusterName } from './jwt-filter.js';
import { type NeededResource, needed } from '../resource-cell.js';
import { PUBLIC_ROOTS_SECRET } from '../spec.js';

/** What the sidecars of a service need because its intentions ask for tokens. */
export interface TokenNeeds {
  /** Whose tokens are asked for. */
  readonly providers: readonly string[];
  /** Those of them whose keys are fetched. */
  readonly fetches: readonly string[];
  readonly resources: readonly NeededResource[];
  /** Sentences about providers that cannot be followed as they are. */
  readonly problems: readonly string[];
}

/** The filter's configuration, and for keys that are fetched the servers that have them. Key: the service. */
export const tokenNeedsCell: Cell<TokenNeeds> = {
  kind: 'token-needs',
  compute(view, service) {
    const { hasFilter, providers } = view.cell(tokenDemandCell, service);
    const entries = providers.flatMap((name) => entryOf(view, 'jwt-provider', name) ?? []);
    const remotes = entries.flatMap(({ name, jsonWebKeySet }) =>
      jsonWebKeySet?.remote ? [{ name, remote: jsonWebKeySet.remote }] : [],
    );
    return {
      providers,
      fetches: remotes.map(({ name }) => name),
      resources: [
        ...(hasFilter ? [needed('jwt', { providers, name: JWT_FILTER })] : []),
        ...remotes.map(({ name }) => needed('jwks-cluster', { provider: name, name: jwksClusterName(name) })),
        ...(remotes.some(({ remote }) => needsPublicRoots(remote))
          ? [needed('public-roots', { name: PUBLIC_ROOTS_SECRET })]
          : []),
      ],
      problems: entries.flatMap(providerProblems),
    };
  },
};

/** Why the callers of a service that knows no requests are all refused; nothing when no token is asked of them. */
export function unverifiedTokens(service: string, protocol: string, { providers }: TokenNeeds): readonly string[] {
  if (providers.length === 0) return [];
  return [
    `intentions for "${service}" ask for tokens (${providers.join(', ')}), which only requests carry: with protocol "${protocol || 'tcp'}" ` +
      'the callers concerned are all refused; set its protocol to http, http2 or grpc, or ask for no tokens',
  ];
}

/** What callers can do to an Envoy that fetches keys; nothing for one that is up to date. */
export function fetchingProblems(envoyVersion: string, { fetches }: TokenNeeds): readonly string[] {
  if (fetches.length === 0 || hasCapability(envoyVersion, 'failedKeyFetch')) return [];
  return [
    `Envoy ${envoyVersion} ${capabilities.failedKeyFetch.without}: upgrade it, or give the keys in the jwt-provider (${fetches.join(', ')})`,
  ];
}

function providerProblems({ name, issuer, jsonWebKeySet }: JwtProviderEntry): string[] {
  const remote = jsonWebKeySet?.remote;
  const discovery = remote?.jwksCluster?.discoveryType ?? '';
  const used = remote && keyServer(remote);
  return [
    ...(issuer === ''
      ? [
          `jwt-provider "${name}" has no Issuer, so that no token is one of its; set it to what the tokens have in "iss"`,
        ]
      : []),
    ...(used && discovery !== '' && discovery !== used.discovery
      ? [
          `jwt-provider "${name}": DiscoveryType "${discovery}" is of no use for ${ipVersion(used.host) ? 'an address' : 'a host name'}, ${used.discovery} is used`,
        ]
      : []),
    ...(remote?.jwksCluster?.tlsCertificates?.caCertificateProviderInstance
      ? [
          `jwt-provider "${name}": Envoy has no certificate provider instances; the server of the keys is held to the public authorities, name another one in TrustedCA`,
        ]
      : []),
  ];
}
