import { AppError, ipVersion } from '../../core/index.js';
import type { StringMap } from '../../model/index.js';
import { expandAddress, type HostNetwork } from './address-template.js';
import type { AgentOptions } from './options.js';

/** Where the agent listens and by which addresses others reach it. */
export interface AgentAddresses {
  readonly advertiseAddress: string;
  readonly advertiseAddressWan: string;
  readonly bindAddress: string;
  readonly taggedAddresses: StringMap;
  /** IP addresses, or `unix:///path` for HTTP and HTTPS. */
  readonly httpAddresses: readonly string[];
  readonly httpsAddresses: readonly string[];
  readonly dnsAddresses: readonly string[];
  readonly grpcAddresses: readonly string[];
  readonly grpcTlsAddresses: readonly string[];
}

const LOOPBACK = '127.0.0.1';
const EVERYWHERE: ReadonlySet<string> = new Set(['0.0.0.0', '::', '[::]']);
const UNIX = 'unix://';

const invalid = (message: string): AppError => new AppError('invalidArgument', message);

/** The addresses of the options, templates expanded (consul-behaviour 3.2). Throws AppError('invalidArgument'). */
export function resolveAddresses(options: AgentOptions, network: HostNetwork): AgentAddresses {
  const expand = (option: string, text: string | undefined): string | undefined =>
    text === undefined || text === '' ? undefined : expandAddress(option, text, network);
  const single = (option: string, text: string | undefined): string | undefined => {
    const expanded = expand(option, text);
    if (expanded !== undefined && !ipVersion(unbracketed(expanded)))
      throw invalid(
        expanded.includes(' ')
          ? `${option} must be one IP address, but it gives several: ${expanded}`
          : `${option} must be an IP address, not "${expanded}"`,
      );
    return expanded === undefined ? undefined : unbracketed(expanded);
  };
  const advertised = (option: string, text: string | undefined): string | undefined => {
    const address = single(option, text);
    if (address !== undefined && EVERYWHERE.has(address))
      throw invalid(`${option} cannot be 0.0.0.0, :: or [::]: others are told to connect there`);
    return address;
  };
  const several = (option: string, text: string | undefined, sockets: boolean): readonly string[] | undefined =>
    expand(option, text)
      ?.split(/\s+/)
      .map((one) => listening(option, one, sockets));

  const bindAddress = single('bind_addr', options.bindAddr) ?? LOOPBACK;
  const v4 = advertised('advertise_addr_ipv4', options.advertiseAddrIpv4);
  const v6 = advertised('advertise_addr_ipv6', options.advertiseAddrIpv6);
  const advertiseAddress =
    advertised('advertise_addr', options.advertiseAddr) ?? v4 ?? v6 ?? ownAddress(bindAddress, network);
  const wanV4 = advertised('advertise_addr_wan_ipv4', options.advertiseAddrWanIpv4);
  const wanV6 = advertised('advertise_addr_wan_ipv6', options.advertiseAddrWanIpv6);
  const advertiseAddressWan =
    advertised('advertise_addr_wan', options.advertiseAddrWan) ?? wanV4 ?? wanV6 ?? advertiseAddress;
  const clients = several('client_addr', options.clientAddr, true) ?? [LOOPBACK];
  const inet = clients.filter((address) => !address.startsWith(UNIX));
  const { addresses = {} } = options;
  return {
    bindAddress,
    advertiseAddress,
    advertiseAddressWan,
    taggedAddresses: {
      lan: advertiseAddress,
      ...families('lan', advertiseAddress, v4, v6),
      wan: advertiseAddressWan,
      ...families('wan', advertiseAddressWan, wanV4, wanV6),
      ...options.taggedAddresses,
    },
    httpAddresses: several('addresses.http', addresses.http, true) ?? clients,
    httpsAddresses: several('addresses.https', addresses.https, true) ?? inet,
    dnsAddresses: several('addresses.dns', addresses.dns, false) ?? inet,
    grpcAddresses: several('addresses.grpc', addresses.grpc, false) ?? inet,
    grpcTlsAddresses: several('addresses.grpc_tls', addresses.grpcTls, false) ?? inet,
  };
}

const unbracketed = (address: string): string => address.replace(/^\[(.*)\]$/, '$1');

function listening(option: string, address: string, sockets: boolean): string {
  if (address.startsWith(UNIX)) {
    if (!sockets) throw invalid(`${option} cannot be a unix socket: give IP addresses`);
    if (!address.slice(UNIX.length).startsWith('/')) throw invalid(`${option}: "${address}" needs an absolute path`);
    return address;
  }
  const plain = unbracketed(address);
  if (!ipVersion(plain))
    throw invalid(
      `${option} must be an IP address${sockets ? ' or unix:///path' : ''}, not "${address}"; several are separated by spaces`,
    );
  return plain;
}

/** Bound to all interfaces, others are told a private address of this host. */
function ownAddress(bindAddress: string, network: HostNetwork): string {
  if (!EVERYWHERE.has(bindAddress)) return bindAddress;
  try {
    return expandAddress('advertise_addr', '{{ GetPrivateIP }}', network);
  } catch {
    throw invalid(
      `bind_addr is ${bindAddress} and this host has no private address: say with advertise_addr how others reach it`,
    );
  }
}

function families(scope: string, address: string, v4: string | undefined, v6: string | undefined): StringMap {
  const own = ipVersion(address) === 6 ? 'ipv6' : 'ipv4';
  return {
    [`${scope}_${own}`]: address,
    ...(v4 === undefined ? {} : { [`${scope}_ipv4`]: v4 }),
    ...(v6 === undefined ? {} : { [`${scope}_ipv6`]: v6 }),
  };
}
