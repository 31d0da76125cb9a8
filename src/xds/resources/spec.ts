/** The resource types a sidecar is sent, in our words; `xds/envoy-api` has their type URLs. */
export type ResourceType = 'cluster' | 'endpoint' | 'secret' | 'extension' | 'listener' | 'route';

/**
 * Which resource cell: `name` is the name on the wire, `variant` everything its content depends on besides the name, as the
 * canonical JSON of a builder's input (`{"builder":"service-cluster", …}`). Two proxies whose variants are equal share one
 * encoded resource; no map is keyed by name alone (DESIGN, "Cells of resources").
 */
export interface ResourceSpec {
  readonly type: ResourceType;
  readonly name: string;
  readonly variant: string;
}

/** A resource, encoded once and shared by all its subscribers. */
export interface EncodedResource {
  readonly type: ResourceType;
  readonly name: string;
  /** Content hash of `bytes`; the same on every server and after a restart. */
  readonly version: string;
  /** The encoded `google.protobuf.Any` that goes into `Resource.resource`. */
  readonly bytes: Buffer;
  /**
   * Clusters, listeners: names of resources of other types this one makes Envoy ask for (EDS, SDS, RDS, ECDS). Aggregate
   * clusters: their members. Filters: the clusters they use.
   */
  readonly references: readonly { readonly type: ResourceType; readonly name: string }[];
  /** Routes: names of the clusters that requests are sent to; it must not reach a client before them. */
  readonly leadsTo?: readonly string[] | undefined;
  /** The entries it came from, `kind/name`, for a refusal's record. */
  readonly entries: readonly string[];
  /** Listeners: the greatest chain epoch in it (index of the last write that took access away); absent = none. */
  readonly chainEpoch?: number | undefined;
  /** Filters: what this one finds out for those behind it. */
  readonly provides?: readonly string[] | undefined;
  /** Filters: what `unite` of another content of the same filter wants to know of this one. */
  readonly parts?: unknown;
  /** Filters: one that finds out all that this one and another content of it do, for the moment between the two. */
  readonly unite?: ((others: unknown) => EncodedResource) | undefined;
  /** Filters: another one in front of it, and what that must find out so that this one refuses nobody who is entitled. */
  readonly reliesOn?: FilterReliance | undefined;
}

/** What one filter needs of another one. */
export interface FilterReliance {
  readonly filter: string;
  readonly findings: readonly string[];
}

/** Who a proxy is: (node, service id) is its identity, the rest follows from its registration. */
export interface ProxyIdentity {
  readonly node: string;
  readonly proxyId: string;
  /** The service it speaks for; `spiffeId` is its certificate's only URI SAN. */
  readonly service: string;
  readonly datacenter: string;
  readonly trustDomain: string;
  readonly spiffeId: string;
}

/** Everything one proxy needs to know. Leaf secrets (`leaf`) are not cells: the xDS server asks the CA for them. */
export interface ProxyNeeds {
  readonly identity: ProxyIdentity;
  /** type -> name on the wire -> key of the resource cell (`resourceCellKey`). */
  readonly resources: ReadonlyMap<ResourceType, ReadonlyMap<string, string>>;
  /**
   * A part does not compile now, so that names may be missing: what the proxy has and is not named here stays. Absent = what is
   * not named here is taken away.
   */
  readonly keepsOthers?: true;
  /** Sentences for an operator: a chain that does not compile, an escape hatch that is ignored. */
  readonly problems: readonly string[];
}

/** Names of the secrets of a sidecar: constants, so that clusters and outbound listeners are byte-equal across proxies. */
export const LEAF_SECRET = 'leaf';
export const ROOTS_SECRET = 'roots';

/** The public authorities, for servers outside of the mesh. */
export const PUBLIC_ROOTS_SECRET = 'public-roots';
