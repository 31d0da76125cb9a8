import { nodeKey } from '../../../model/index.js';
import type { DnsRecord } from '../message/index.js';
import { addressRecord } from './address-records.js';
import { serviceInstancesForDns } from './cells.js';
import { relativeName } from './domain.js';
import { type Address, readAddress } from './instance.js';
import { isHere } from './place.js';
import type { LookupContext } from './reply.js';
import { readTarget } from './target.js';
import { serviceTtl } from './ttl.js';

/** How far one name may lead to another. */
const MOST_STEPS = 3;

/**
 * The addresses of a host whose name is one of ours, of both families; undefined when it is a name of others. Names that lead to
 * further names are followed three steps.
 */
export function hostAddresses(
  context: LookupContext,
  host: string,
  steps = MOST_STEPS,
): readonly DnsRecord[] | undefined {
  const relative = relativeName(host.toLowerCase(), context.settings)?.relative;
  if (relative === undefined) return undefined;
  return addressesOf(context, relative).flatMap(({ address, ttlSeconds }) => {
    if (address.type !== 'host') return addressRecord(host, ttlSeconds, address) ?? [];
    const alias: DnsRecord = { name: host, ttlSeconds, data: { type: 'CNAME', target: address.name } };
    return [alias, ...(steps > 1 ? (hostAddresses(context, address.name, steps - 1) ?? []) : [])];
  });
}

interface Found {
  readonly address: Address;
  readonly ttlSeconds: number;
}

function addressesOf({ view, settings }: LookupContext, relative: string): readonly Found[] {
  const target = readTarget(relative, 0);
  if (target.type === 'node' && isHere(target.place, settings)) {
    const node = view.get('nodes', nodeKey(target.node));
    const address = node && readAddress(node.address);
    return address ? [{ address, ttlSeconds: settings.nodeTtlSeconds }] : [];
  }
  if (target.type !== 'service' || !isHere(target.place, settings)) return [];
  const ttlSeconds = serviceTtl(settings, target.service);
  const instances = view.cell(serviceInstancesForDns, target.service);
  const [host, ...ips] = [
    instances.find(({ address }) => address.type === 'host')?.address,
    ...instances.map(({ address }) => address).filter(({ type }) => type !== 'host'),
  ];
  const addresses = ips.length > 0 || host === undefined ? ips : [host];
  return addresses.flatMap((address) => (address ? [{ address, ttlSeconds }] : []));
}
