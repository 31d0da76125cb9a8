import type { LocalService } from '../../../agent/index.js';
import { encodeLocality } from '../../../discovery/catalog/index.js';
import { proxyField } from '../../../model/definitions/index.js';
import type { ProxySettings } from '../../../model/index.js';
import { encode } from '../../../model/wire/index.js';

const agentProxyField = proxyField('agent');
/** What a gateway without a proxy block of its own shows. */
const EMPTY_PROXY: Readonly<Record<string, unknown>> = { MeshGateway: {}, Expose: {} };

/** A local service as the agent endpoints show it (consul-behaviour.md 1.2). */
export function encodeAgentService(service: LocalService, datacenter: string): Record<string, unknown> {
  const addresses = Object.entries(service.taggedAddresses);
  return {
    ...(service.kind === '' ? {} : { Kind: service.kind }),
    ID: service.id,
    Service: service.service,
    Tags: service.tags,
    Meta: service.meta,
    Port: service.port,
    Address: service.address,
    ...(service.socketPath === '' ? {} : { SocketPath: service.socketPath }),
    ...(addresses.length === 0
      ? {}
      : {
          TaggedAddresses: Object.fromEntries(
            addresses.map(([tag, { address, port }]) => [tag, { Address: address, Port: port }]),
          ),
        }),
    Weights: { Passing: service.weights.passing, Warning: service.weights.warning },
    EnableTagOverride: service.enableTagOverride,
    ...(service.kind === '' ? {} : { Proxy: service.proxy === undefined ? EMPTY_PROXY : encodeProxy(service.proxy) }),
    ...(service.connect.native ? { Connect: { Native: true } } : {}),
    Datacenter: datacenter,
    ...(service.locality === undefined ? {} : { Locality: encodeLocality(service.locality) }),
  };
}

/** The agent says of every exposed path whether it was made for a check. */
function encodeProxy(proxy: ProxySettings): unknown {
  const encoded = encode(agentProxyField, proxy) as Record<string, unknown>;
  if (proxy.expose.paths.length === 0) return encoded;
  const expose = encoded['Expose'] as Record<string, unknown>;
  const paths = expose['Paths'] as readonly Record<string, unknown>[];
  return {
    ...encoded,
    Expose: { ...expose, Paths: paths.map((path) => ({ ...path, ParsedFromCheck: path['ParsedFromCheck'] ?? false })) },
  };
}
