import { encode, flag, integer, map, object, text, tryDecode, type Field } from '../../model/wire/index.js';
import type { DnsSettings } from './dns-deps.js';

/** How a client agent wants its queries answered: its own `dns_config`, but for recursors, which it asks itself. */
type RelayedSettings = Pick<
  DnsSettings,
  | 'nodeName'
  | 'domain'
  | 'altDomain'
  | 'allowStale'
  | 'nodeTtlSeconds'
  | 'serviceTtlSeconds'
  | 'onlyPassing'
  | 'udpAnswerLimit'
  | 'aRecordLimit'
  | 'enableTruncate'
  | 'disableCompression'
  | 'nodeMetaTxt'
  | 'soa'
>;

const field: Field<RelayedSettings> = object<RelayedSettings>({
  nodeName: text(),
  domain: text(),
  altDomain: text(),
  allowStale: flag(),
  nodeTtlSeconds: integer(),
  serviceTtlSeconds: map(integer()),
  onlyPassing: flag(),
  udpAnswerLimit: integer(),
  aRecordLimit: integer(),
  enableTruncate: flag(),
  disableCompression: flag(),
  nodeMetaTxt: flag(),
  soa: object<DnsSettings['soa']>({
    refreshSeconds: integer(),
    retrySeconds: integer(),
    expireSeconds: integer(),
    minTtlSeconds: integer(),
  }),
});

const MOST_BYTES = 65_536;
/** Agents with the same settings send the same text. */
const MOST_REMEMBERED = 256;
const LARGEST = 2 ** 31 - 1;

/** The settings of a client agent as they go to a server with each query. */
export const encodeDnsSettings = (settings: DnsSettings): string => JSON.stringify(encode(field, settings));

/**
 * Reads what client agents send: this server's settings, with what the agent's say. What cannot be read counts as not said, so that
 * agents of another version are answered.
 */
export function createSettingsReader(): (sent: string, own: DnsSettings) => DnsSettings {
  const known = new Map<string, RelayedSettings | undefined>();
  return (sent, own) => {
    if (sent === '') return own;
    if (!known.has(sent)) {
      if (known.size >= MOST_REMEMBERED) known.clear();
      known.set(sent, read(sent));
    }
    return { ...own, ...known.get(sent) };
  };
}

function read(sent: string): RelayedSettings | undefined {
  if (sent.length > MOST_BYTES) return undefined;
  try {
    const decoded = tryDecode(field, JSON.parse(sent));
    return decoded.ok && isUsable(decoded.value) ? decoded.value : undefined;
  } catch {
    return undefined;
  }
}

function isUsable({ domain, soa, serviceTtlSeconds, ...rest }: RelayedSettings): boolean {
  const numbers = [rest.nodeTtlSeconds, rest.udpAnswerLimit, rest.aRecordLimit];
  return (
    domain !== '' &&
    [...numbers, ...Object.values(soa), ...Object.values(serviceTtlSeconds)].every((n) => n >= 0 && n <= LARGEST)
  );
}
