import type { ResourceType } from '../resources/spec.js';

const PREFIX = 'type.googleapis.com/envoy.';

export const typeUrls: Readonly<Record<ResourceType, string>> = {
  cluster: `${PREFIX}config.cluster.v3.Cluster`,
  endpoint: `${PREFIX}config.endpoint.v3.ClusterLoadAssignment`,
  secret: `${PREFIX}extensions.transport_sockets.tls.v3.Secret`,
  extension: `${PREFIX}config.core.v3.TypedExtensionConfig`,
  listener: `${PREFIX}config.listener.v3.Listener`,
  route: `${PREFIX}config.route.v3.RouteConfiguration`,
};

const byUrl = new Map(Object.entries(typeUrls).map(([type, url]) => [url, type as ResourceType]));

/** undefined for types we do not serve. */
export const typeOfUrl = (url: string): ResourceType | undefined => byUrl.get(url);
