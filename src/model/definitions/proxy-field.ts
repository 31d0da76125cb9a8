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

type DestinationType = Upstream['destinationType'];

const destinationTypeField = (empty: DestinationType): Field<DestinationType> => ({
  ...(always(text()) as Field<DestinationType>),
  empty,
  decode: (input, path, context) => (text().decode(input, path, context) || empty) as DestinationType,
});

/** An upstream of a registration (consul-behaviour 2.4). What is not checked here is checked by `validateService`. */
const upstreamField = (emptyType: DestinationType): Field<Upstream> =>
  object<Upstream>(
    {
      destinationType: destinationTypeField(emptyType),
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

/**
 * The `Proxy` block. The agent leaves an empty `mode` out and says that an upstream is a service; the catalog shows the one, and keeps
 * the type of an upstream as it came.
 */
export const proxyField = (place: 'agent' | 'catalog'): Field<ProxySettings> =>
  object<ProxySettings>({
    destinationServiceName: text(),
    destinationServiceId: text(),
    localServiceAddress: text(),
    localServicePort: integer(),
    localServiceSocketPath: text(),
    mode: (place === 'catalog' ? always(text()) : text()) as Field<ProxySettings['mode']>,
    transparentProxy: optional(transparentProxyField),
    mutualTlsMode: named('MutualTLSMode', mutualTlsModeField),
    config: opaque(),
    upstreams: list(upstreamField(place === 'catalog' ? '' : 'service')),
    meshGateway: meshGatewayField,
    expose: exposeField,
    accessLogs: optional(accessLogsField),
    envoyExtensions: optional(envoyExtensionsField),
  });
