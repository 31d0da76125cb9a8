import type { ProxySettings, Upstream } from '../records/proxy.js';
import {
  accessLogsField,
  envoyExtensionsField,
  exposeField,
  meshGatewayField,
  mutualTlsModeField,
  transparentProxyField,
} from '../config-entries/shared-fields.js';
import { always, type Field, flag, integer, list, named, object, opaque, optional, text } from '../wire/index.js';

/** An upstream of a registration (consul-behaviour 2.4). What is not checked here is checked by `validateService`. */
export const upstreamField: Field<Upstream> = object<Upstream>(
  {
    destinationType: { ...text(), empty: 'service', shown: 'always' } as Field<Upstream['destinationType']>,
    destinationName: text(),
    destinationPeer: text(),
    datacenter: text(),
    localBindAddress: text(),
    localBindPort: integer(),
    localBindSocketPath: text(),
    localBindSocketMode: text(),
    config: opaque(),
    meshGateway: meshGatewayField,
    centrallyConfigured: optional(flag()),
  },
  { ignored: ['DestinationNamespace', 'DestinationPartition'] },
);

/** The `Proxy` block. `mode` is shown even when empty where `shownMode` says so (the catalog does, the agent does not). */
export const proxyField = (options: { readonly showMode: boolean }): Field<ProxySettings> =>
  object<ProxySettings>({
    destinationServiceName: text(),
    destinationServiceId: text(),
    localServiceAddress: text(),
    localServicePort: integer(),
    localServiceSocketPath: text(),
    mode: (options.showMode ? always(text()) : text()) as Field<ProxySettings['mode']>,
    transparentProxy: optional(transparentProxyField),
    mutualTlsMode: named('MutualTLSMode', mutualTlsModeField),
    config: opaque(),
    upstreams: list(upstreamField),
    meshGateway: meshGatewayField,
    expose: exposeField,
    accessLogs: optional(accessLogsField),
    envoyExtensions: optional(envoyExtensionsField),
  });
