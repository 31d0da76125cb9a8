import { type DnsRecord, RECORD_TYPES, isSendable } from '../message/index.js';
import type { Address } from './instance.js';
import { textPieces } from './node-meta.js';

/** The record that says an IP address; none for a host elsewhere. */
export function addressRecord(name: string, ttlSeconds: number, address: Address): DnsRecord | undefined {
  if (address.type === 'host') return undefined;
  return { name, ttlSeconds, data: { type: address.type, address: address.address } };
}

/** Whether an address answers a question. TXT is answered as ANY is, as in Consul. */
export function isWanted(address: Address, questionType: number): boolean {
  switch (questionType) {
    case RECORD_TYPES.A:
      return address.type !== 'AAAA';
    case RECORD_TYPES.AAAA:
      return address.type !== 'A';
    case RECORD_TYPES.ANY:
    case RECORD_TYPES.TXT:
      return true;
    case RECORD_TYPES.CNAME:
      return address.type === 'host';
    default:
      return false;
  }
}

/** `<node>.node.<dc>.<domain>`; undefined when it cannot be sent. */
export function nodeName(nodeLabels: string, datacenter: string, domain: string): string | undefined {
  const name = `${nodeLabels}node.${datacenter}.${domain}`;
  return nodeLabels !== '' && isSendable(name) ? name : undefined;
}

/** The TXT records of a node's metadata. */
export const textRecords = (name: string, ttlSeconds: number, texts: readonly string[]): readonly DnsRecord[] =>
  texts.map((text) => ({ name, ttlSeconds, data: { type: 'TXT', texts: textPieces(text) } }));
