import { ipVersion } from '../../core/index.js';
import { UsageError } from '../usage-error.js';

/** The two families of addresses that have rules of their own. */
export type Family = 4 | 6;

/** What is redirected and what is left alone, as given. */
export interface RedirectOptions {
  /** User whose connections are the proxy's own: a number, or a name of this host. */
  readonly proxyUid: string;
  readonly inboundPort: number;
  readonly outboundPort: number;
  /** Ports, or ranges such as `8000-8100`. */
  readonly excludeInboundPorts: readonly string[];
  readonly excludeOutboundPorts: readonly string[];
  /** Addresses, with or without a prefix length. */
  readonly excludeOutboundCidrs: readonly string[];
  readonly excludeUids: readonly string[];
  /** Where DNS queries go; empty = they stay as they are, or go to this host when only the port is given. */
  readonly dnsIp: string;
  readonly dnsPort: number;
  /** Rules for IPv6, too. */
  readonly ipv6: boolean;
}

export interface PortRange {
  readonly from: number;
  readonly to: number;
}

/** What is redirected and what is left alone, checked: everything in it can stand in a rule as it is. */
export interface RedirectPlan {
  readonly inboundPort: number;
  readonly outboundPort: number;
  /** Connections of these users are left alone: the proxy's first. */
  readonly uids: readonly string[];
  readonly excludeInbound: readonly PortRange[];
  readonly excludeOutbound: readonly PortRange[];
  readonly excludeAddresses: Readonly<Record<Family, readonly string[]>>;
  readonly dns?: { readonly family: Family; readonly address: string; readonly port: number };
  readonly families: readonly Family[];
}

/** Consul's names of the chains, in both tools. */
export const CHAINS = {
  inbound: 'CONSUL_PROXY_INBOUND',
  inboundRedirect: 'CONSUL_PROXY_IN_REDIRECT',
  outbound: 'CONSUL_PROXY_OUTPUT',
  outboundRedirect: 'CONSUL_PROXY_REDIRECT',
  dns: 'CONSUL_DNS_REDIRECT',
} as const;

/** The address of this host itself, where an application talks to itself and the proxy to it. */
export const LOOPBACK: Readonly<Record<Family, string>> = { 4: '127.0.0.1/32', 6: '::1/128' };

const DNS_PORT = 53;

/** Checks what was given. Throws UsageError with the flag and what is wrong with its value. */
export function redirectPlan(options: RedirectOptions): RedirectPlan {
  const cidrs = options.excludeOutboundCidrs.map((text) => ({ text, family: cidrFamily(text) }));
  const dns = dnsServer(options);
  return {
    inboundPort: port(options.inboundPort, '-proxy-inbound-port'),
    outboundPort: port(options.outboundPort, '-proxy-outbound-port'),
    uids: [uid(options.proxyUid, '-proxy-uid'), ...options.excludeUids.map((text) => uid(text, '-exclude-uid'))],
    excludeInbound: options.excludeInboundPorts.map((text) => portRange(text, '-exclude-inbound-port')),
    excludeOutbound: options.excludeOutboundPorts.map((text) => portRange(text, '-exclude-outbound-port')),
    excludeAddresses: { 4: addressesOf(cidrs, 4), 6: addressesOf(cidrs, 6) },
    ...(dns === undefined ? {} : { dns }),
    families: options.ipv6 ? [4, 6] : [4],
  };
}

const addressesOf = (cidrs: readonly { readonly text: string; readonly family: Family }[], wanted: Family) =>
  cidrs.filter(({ family }) => family === wanted).map(({ text }) => text);

function port(value: number, flag: string): number {
  if (Number.isInteger(value) && value >= 1 && value <= 65_535) return value;
  throw new UsageError(`${flag}: ${value} is not a port; give one from 1 to 65535`);
}

function portRange(text: string, flag: string): PortRange {
  const [, first = '', last = first] = /^(\d{1,5})(?:[-:](\d{1,5}))?$/.exec(text.trim()) ?? [];
  const range = { from: Number(first), to: Number(last) };
  if (first !== '' && range.from >= 1 && range.to <= 65_535 && range.from <= range.to) return range;
  throw new UsageError(`${flag}: "${text}" is not a port; give one from 1 to 65535, or a range such as 8000-8100`);
}

/** Names as useradd makes them, so that nothing in them means something to a tool. */
function uid(text: string, flag: string): string {
  if (/^(?:\d{1,10}|[a-z_][a-z0-9_-]{0,31})$/.test(text)) return text;
  throw new UsageError(`${flag}: "${text}" is not a user; give a number or a name`);
}

function cidrFamily(text: string): Family {
  const [address = '', length, ...more] = text.split('/');
  const family = ipVersion(address);
  const longest = family === 6 ? 128 : 32;
  const fits = length === undefined || (/^\d{1,3}$/.test(length) && Number(length) <= longest);
  if (family !== undefined && fits && more.length === 0) return family;
  throw new UsageError(`-exclude-outbound-cidr: "${text}" is not an address range such as 10.0.0.0/8 or fd00::/8`);
}

function dnsServer({ dnsIp, dnsPort }: RedirectOptions): RedirectPlan['dns'] {
  if (dnsIp === '' && dnsPort === 0) return undefined;
  const address = dnsIp || '127.0.0.1';
  const family = ipVersion(address);
  if (family === undefined) throw new UsageError(`-consul-dns-ip: "${dnsIp}" is not an IP address`);
  return { family, address, port: dnsPort === 0 ? DNS_PORT : port(dnsPort, '-consul-dns-port') };
}
