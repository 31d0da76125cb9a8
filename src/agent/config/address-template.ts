import type { NetworkInterfaceInfo } from 'node:os';
import { AppError, isNetwork, withinNetworks } from '../../core/index.js';
import { compileRegex } from '../../lang/index.js';

/** What a template can ask about the host: its interfaces, and by which one other networks are reached. */
export interface HostNetwork {
  readonly interfaces: Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>;
  /** The name of the interface of the default route; undefined when nobody knows. */
  readonly defaultInterface?: string;
}

interface Row {
  readonly name: string;
  readonly info: NetworkInterfaceInfo;
}

type Value = readonly Row[] | string;
type Step = (input: Value | undefined, given: readonly string[], network: HostNetwork) => Value;

const SEPARATOR = ' ';

/**
 * Replaces `{{ … }}` in an address by what it means on this host: the templates of go-sockaddr in the forms that people use, a
 * function and a pipeline of filters. Text without templates is kept. Throws AppError('invalidArgument') for what is not known
 * or gives nothing.
 */
export function expandAddress(option: string, text: string, network: HostNetwork): string {
  return text
    .replace(/\{\{([\s\S]*?)\}\}/g, (_whole, body: string) => {
      try {
        const found = evaluate(body.trim(), network);
        if (found.trim() === '') throw new AppError('invalidArgument', 'no interface of this host fits');
        return found;
      } catch (thrown) {
        throw new AppError(
          'invalidArgument',
          `${option}: template "{{ ${body.trim()} }}": ${AppError.from(thrown).message}`,
        );
      }
    })
    .trim();
}

function evaluate(body: string, network: HostNetwork): string {
  let value: Value | undefined;
  for (const part of splitPipes(body)) {
    const [name = '', ...given] = words(part);
    const step = Object.hasOwn(STEPS, name) ? STEPS[name] : undefined;
    if (step === undefined)
      throw bad(`"${name}" is not one of the functions that are known: ${Object.keys(STEPS).join(', ')}`);
    value = step(value, given, network);
  }
  return typeof value === 'string' ? value : (value ?? []).map(({ info }) => info.address).join(SEPARATOR);
}

/** At the bars that do not stand in quotes: `"up|forwardable"` is one word. */
const splitPipes = (body: string): readonly string[] => body.match(/(?:"[^"]*"|`[^`]*`|[^|"`])+/g) ?? [];

const words = (part: string): readonly string[] =>
  (part.match(/"[^"]*"|`[^`]*`|[^\s"`]+/g) ?? []).map((word) => word.replace(/^["`]|["`]$/g, ''));

const bad = (message: string): AppError => new AppError('invalidArgument', message);

function rowsOf(input: Value | undefined): readonly Row[] {
  if (Array.isArray(input)) return input as readonly Row[];
  throw bad('a filter needs a list of interfaces before it, as in GetAllInterfaces | include "type" "IPv4"');
}

const allRows = ({ interfaces }: HostNetwork): Row[] =>
  Object.entries(interfaces).flatMap(([name, all]) => (all ?? []).map((info) => ({ name, info })));

const is4 = ({ info }: Row): boolean => info.family === 'IPv4';
const isLinkLocal = ({ info }: Row): boolean => /^169\.254\.|^fe80:/i.test(info.address);
/** Addresses that packets from elsewhere can reach. */
const isForwardable = (row: Row): boolean => !row.info.internal && !isLinkLocal(row);

type InNetwork = (address: string) => boolean;

const networksOf = (text: string): InNetwork => {
  const networks = text.split(' ');
  const wrong = networks.find((one) => !isNetwork(one));
  if (wrong !== undefined) throw bad(`"${wrong}" is not a network such as 10.0.0.0/8`);
  return withinNetworks(networks);
};
const isIn = (isWithin: InNetwork, row: Row): boolean => isWithin(row.info.address);

const RFC1918 = '10.0.0.0/8 172.16.0.0/12 192.168.0.0/16';
const RFCS: Readonly<Record<string, string>> = {
  '1918': RFC1918,
  '3927': '169.254.0.0/16',
  '4193': 'fc00::/7',
  '6598': '100.64.0.0/10',
  '6890': `${RFC1918} 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 192.0.0.0/24 192.0.2.0/24 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 ::1/128 fc00::/7 fe80::/10`,
};

/** The network by which this host reaches others comes first. */
function byDefaultRoute(network: HostNetwork): Row[] {
  const rows = allRows(network).filter(isForwardable);
  const own = rows.filter(({ name }) => name === network.defaultInterface);
  return own.length > 0 ? own : rows;
}
const privateRows = (network: HostNetwork): Row[] => {
  const list = networksOf(`${RFCS['1918']} ${RFCS['6598']} ${RFCS['4193']}`);
  return byDefaultRoute(network).filter((row) => isIn(list, row));
};
const publicRows = (network: HostNetwork): Row[] => {
  const list = networksOf(RFCS['6890'] as string);
  return byDefaultRoute(network).filter((row) => !isIn(list, row));
};
/** IPv4 goes before IPv6. */
const first = (rows: readonly Row[]): string => (rows.find(is4) ?? rows[0])?.info.address ?? '';
const addresses = (rows: readonly Row[]): string => rows.map(({ info }) => info.address).join(SEPARATOR);

function named(network: HostNetwork, [name]: readonly string[]): Row[] {
  if (name === undefined) throw bad('GetInterfaceIP needs the name of an interface, as in GetInterfaceIP "eth0"');
  const rows = allRows(network).filter((row) => row.name === name);
  if (rows.length === 0) throw bad(`this host has no interface "${name}" with an address`);
  return rows;
}

function predicate([kind = '', value = '']: readonly string[]): (row: Row) => boolean {
  switch (kind) {
    case 'type': {
      const wanted = value.toLowerCase();
      if (!['ip', 'ipv4', 'ipv6'].includes(wanted)) throw bad(`type is IP, IPv4 or IPv6, not "${value}"`);
      return (row) => wanted === 'ip' || row.info.family.toLowerCase() === wanted;
    }
    case 'name': {
      const pattern = compileRegex(value);
      return ({ name }) => pattern.test(name);
    }
    case 'address': {
      const pattern = compileRegex(value);
      return ({ info }) => pattern.test(info.address);
    }
    case 'network': {
      const list = networksOf(value.replaceAll('|', ' '));
      return (row) => isIn(list, row);
    }
    case 'rfc': {
      const found = value.split('|').map((one) => RFCS[one] ?? '');
      if (found.includes('')) throw bad(`rfc is one of ${Object.keys(RFCS).join(', ')}, not "${value}"`);
      const list = networksOf(found.join(' '));
      return (row) => isIn(list, row);
    }
    case 'flag':
    case 'flags': {
      const tests = value.split('|').map((flag) => FLAGS[flag] ?? flag);
      const unknown = tests.find((test) => typeof test === 'string');
      if (unknown !== undefined) throw bad(`flags are ${Object.keys(FLAGS).join(', ')}, not "${String(unknown)}"`);
      return (row) => tests.every((test) => typeof test === 'function' && test(row));
    }
    default:
      throw bad(`interfaces are filtered by type, name, address, network, rfc or flags, not by "${kind}"`);
  }
}

const FLAGS: Readonly<Record<string, (row: Row) => boolean>> = {
  // Only interfaces that are up have addresses to show.
  up: () => true,
  loopback: ({ info }) => info.internal,
  forwardable: isForwardable,
  'link-local unicast': isLinkLocal,
};

function attribute({ name, info }: Row, wanted: string): string {
  if (wanted === 'address' || wanted === 'host') return info.address;
  if (wanted === 'name') return name;
  if (wanted === 'network') return info.cidr ?? '';
  if (wanted === 'type') return info.family;
  throw bad(`an attribute is address, name, network or type, not "${wanted}"`);
}

function sorted(rows: readonly Row[], by: string): Row[] {
  const keys = by.split(',').map((key) => key.trim());
  const sign = (key: string): number => (key.startsWith('-') ? -1 : 1);
  const compare = (left: Row, right: Row, key: string): number => {
    const plain = key.replace(/^[+-]/, '');
    if (plain === 'default') return 0;
    if (plain === 'size')
      return Number((left.info.cidr ?? '').split('/')[1]) - Number((right.info.cidr ?? '').split('/')[1]);
    if (plain === 'private') return Number(isIn(networksOf(RFC1918), right)) - Number(isIn(networksOf(RFC1918), left));
    const [a, b] = [attribute(left, plain), attribute(right, plain)];
    return a < b ? -1 : a > b ? 1 : 0;
  };
  return [...rows].sort((left, right) => {
    for (const key of keys) {
      const order = sign(key) * compare(left, right, key);
      if (order !== 0) return order;
    }
    return 0;
  });
}

function count([text = '']: readonly string[]): number {
  if (!/^\d{1,6}$/.test(text)) throw bad(`limit and offset take a number, not "${text}"`);
  return Number(text);
}

const unique = (rows: readonly Row[], by: string): Row[] =>
  [...new Map(rows.toReversed().map((row) => [attribute(row, by), row])).values()].toReversed();

const STEPS: Readonly<Record<string, Step>> = {
  GetPrivateIP: (_input, _given, network) => first(privateRows(network)),
  GetPrivateIPs: (_input, _given, network) => addresses(privateRows(network)),
  GetPublicIP: (_input, _given, network) => first(publicRows(network)),
  GetPublicIPs: (_input, _given, network) => addresses(publicRows(network)),
  GetInterfaceIP: (_input, given, network) => first(named(network, given)),
  GetInterfaceIPs: (_input, given, network) => addresses(named(network, given)),
  GetAllInterfaces: (_input, _given, network) => allRows(network),
  GetDefaultInterfaces: (_input, _given, network) => byDefaultRoute(network),
  GetPrivateInterfaces: (_input, _given, network) => privateRows(network),
  GetPublicInterfaces: (_input, _given, network) => publicRows(network),
  include: (input, given) => rowsOf(input).filter(predicate(given)),
  exclude: (input, given) => {
    const matches = predicate(given);
    return rowsOf(input).filter((row) => !matches(row));
  },
  sort: (input, [by = 'address']) => sorted(rowsOf(input), by),
  unique: (input, [by = 'address']) => unique(rowsOf(input), by),
  limit: (input, given) => rowsOf(input).slice(0, count(given)),
  offset: (input, given) => rowsOf(input).slice(count(given)),
  attr: (input, [wanted = 'address']) => {
    const [row] = rowsOf(input);
    return row === undefined ? '' : attribute(row, wanted);
  },
  join: (input, [wanted = 'address', separator = SEPARATOR]) =>
    rowsOf(input)
      .map((row) => attribute(row, wanted))
      .join(separator),
};
