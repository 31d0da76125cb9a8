import type { AgentConfig } from '../agent/config/index.js';
import type { ApiPlace } from '../agent/watches/index.js';
import { formatHostPort } from '../core/index.js';

const UNIX = 'unix://';
const LOOPBACK: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

/** Where this agent reaches its own API: its first HTTP address, else its first HTTPS address; undefined when it has neither. */
export function ownApiPlace(
  { httpAddresses, httpsAddresses }: Pick<AgentConfig, 'httpAddresses' | 'httpsAddresses'>,
  ports: Pick<AgentConfig['ports'], 'http' | 'https'>,
): ApiPlace | undefined {
  const places = [
    { scheme: 'http', addresses: httpAddresses, port: ports.http },
    { scheme: 'https', addresses: httpsAddresses, port: ports.https },
  ];
  const { scheme, addresses, port } = places.find((place) => place.port >= 0 && place.addresses.length > 0) ?? {};
  const [address] = addresses ?? [];
  if (scheme === undefined || port === undefined || address === undefined) return undefined;
  if (address.startsWith(UNIX)) return { origin: `${scheme}://localhost`, socketPath: address.slice(UNIX.length) };
  return { origin: `${scheme}://${formatHostPort({ host: LOOPBACK[address] ?? address, port })}` };
}
