import { type DnsRecord, RCODES, addressText } from '../message/index.js';
import { nodeName } from './address-records.js';
import { nameError } from './authority.js';
import { nodeLabels, serviceLabels } from './instance.js';
import type { LookupContext, Reply } from './reply.js';

const IPV4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.in-addr\.arpa\.$/;
const IPV6 = /^((?:[0-9a-f]\.){32})ip6\.arpa\.$/;

/** Whether a name (lower case) is a reverse one. */
export const isReverseName = (name: string): boolean => name.endsWith('.in-addr.arpa.') || name.endsWith('.ip6.arpa.');

/** The answer to a reverse name, whatever type is asked for: the node at that address, else the service. */
export function reverseReply(context: LookupContext): Reply {
  const { question, settings, reverse } = context;
  const ip = addressOf(question.name.toLowerCase());
  const target = ip === undefined ? undefined : nameAt(context, ip, reverse);
  if (target === undefined) return nameError(context);
  const record: DnsRecord = { name: question.name, ttlSeconds: settings.nodeTtlSeconds, data: { type: 'PTR', target } };
  return { rcode: RCODES.noError, answers: [record], authorities: [], additionals: [] };
}

function nameAt({ settings }: LookupContext, ip: string, reverse: LookupContext['reverse']): string | undefined {
  const domain = `${settings.domain}.`;
  for (const { node } of reverse.nodes(ip)) {
    const name = nodeName(nodeLabels(node), settings.datacenter, domain);
    if (name !== undefined) return name;
  }
  for (const { service } of reverse.services(ip)) {
    const labels = serviceLabels(service);
    if (labels !== undefined) return `${labels}service.${settings.datacenter}.${domain}`;
  }
  return undefined;
}

/** The address that a reverse name spells, in canonical form. */
function addressOf(name: string): string | undefined {
  const octets = IPV4.exec(name)?.slice(1).map(Number);
  if (octets) return octets.every((octet) => octet < 256) ? octets.reverse().join('.') : undefined;
  const nibbles = IPV6.exec(name)?.[1]?.slice(0, -1).split('.');
  return nibbles && addressText(Buffer.from(nibbles.reverse().join(''), 'hex'));
}
