/** The resource types an Envoy asks for, in the order in which they are shown. */
export const kinds = ['clusters', 'endpoints', 'listeners', 'routes', 'secrets', 'extensions'] as const;
export type Kind = (typeof kinds)[number];

const prefix = 'type.googleapis.com/envoy.';

/** The type URL of each kind; `extensions` are the configurations of filters that a listener names but does not hold (ECDS). */
export const typeUrls: Readonly<Record<Kind, string>> = {
  clusters: `${prefix}config.cluster.v3.Cluster`,
  endpoints: `${prefix}config.endpoint.v3.ClusterLoadAssignment`,
  listeners: `${prefix}config.listener.v3.Listener`,
  routes: `${prefix}config.route.v3.RouteConfiguration`,
  secrets: `${prefix}extensions.transport_sockets.tls.v3.Secret`,
  extensions: `${prefix}config.core.v3.TypedExtensionConfig`,
};

/** The kind of a type URL, or undefined. */
export const kindOf = (url: string): Kind | undefined => kinds.find((kind) => typeUrls[kind] === url);

/** A value for each kind. */
export const perKind = <T>(make: () => T): Record<Kind, T> => ({
  clusters: make(),
  endpoints: make(),
  listeners: make(),
  routes: make(),
  secrets: make(),
  extensions: make(),
});
