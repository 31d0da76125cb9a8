import type { ProxyRegistration } from '../envoy/find-proxy.js';
import { asList, asRecord, asText } from '../json.js';

/** What a proxy's registration says about the redirection of its traffic. */
export interface RedirectedProxy {
  readonly inboundPort: number;
  readonly outboundPort: number;
  /** Ports of listeners that are reached from outside as they are: metrics, readiness, exposed paths and checks. */
  readonly openPorts: readonly string[];
  readonly isTransparent: boolean;
}

const DEFAULT_OUTBOUND_PORT = 15_001;

/** Listeners of the bootstrap, `ADDRESS:PORT`. */
const ADDRESS_KEYS = ['envoy_prometheus_bind_addr', 'envoy_stats_bind_addr', 'envoy_ready_bind_address'];

/** Reads a registration, and the checks that it exposes, as the agent tells them. */
export function redirectedProxy(
  { config, port, proxy }: Pick<ProxyRegistration, 'config' | 'port' | 'proxy'>,
  checks: readonly unknown[],
): RedirectedProxy {
  const settings = asRecord(proxy['TransparentProxy']);
  const expose = asRecord(proxy['Expose']);
  const addresses = ADDRESS_KEYS.map((key) => /:(\d{1,5})$/.exec(asText(config[key]))?.[1] ?? '');
  const paths = asList(expose['Paths']).map((path) => asText(asRecord(path)['ListenerPort']));
  const exposed = checks.map((check) => asText(asRecord(check)['ExposedPort']));
  const open = [...addresses, ...paths, ...exposed].filter((text) => Number(text) > 0);
  return {
    inboundPort: Number(asText(config['bind_port'])) || port,
    outboundPort: Number(asText(settings['OutboundListenerPort'])) || DEFAULT_OUTBOUND_PORT,
    openPorts: [...new Set(open)],
    isTransparent: asText(proxy['Mode']) === 'transparent',
  };
}
