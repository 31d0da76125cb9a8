import type { CheckRecord, NodeRecord, ServiceRecord } from '../../../model/index.js';
import { addressBytes, addressText, hexOf, labelFromText, nameFromText } from '../message/index.js';
import { metaTexts } from './node-meta.js';

/** Where something is: an IP address, or the name of a host elsewhere (with a dot at its end). */
export type Address = IpAddress | { readonly type: 'host'; readonly name: string };

export interface IpAddress {
  readonly type: 'A' | 'AAAA';
  readonly address: string;
  readonly hex: string;
}

/** An instance of a service as DNS shows it. */
export interface DnsInstance {
  readonly node: string;
  /** The node's labels in presentation form with a dot at their end; empty when they cannot be sent. */
  readonly nodeLabels: string;
  readonly address: Address;
  /** Whether the address is the node's: SRV records name the node then. */
  readonly isAtNode: boolean;
  readonly port: number;
  readonly weight: number;
  readonly isWarning: boolean;
  /** In lower case. */
  readonly tags: readonly string[];
  readonly nodeTexts: readonly string[];
}

const MAX_WEIGHT = 65_535;

/** An address of the catalog; undefined when it is none that DNS can say. */
export function readAddress(text: string): Address | undefined {
  const bytes = addressBytes(text);
  if (bytes) return { type: bytes.length === 4 ? 'A' : 'AAAA', address: addressText(bytes), hex: hexOf(bytes) };
  const name = text === '' ? undefined : nameFromText(text);
  return name === undefined ? undefined : { type: 'host', name };
}

/** The labels of a node's name in presentation form, with a dot at their end; empty when they cannot be sent. */
export function nodeLabels(node: string): string {
  const name = nameFromText(node);
  return name === undefined || name === '.' ? '' : name;
}

/** An instance with its checks as DNS shows it; undefined when it is critical, or nowhere that DNS can say. */
export function readInstance(
  node: NodeRecord,
  service: ServiceRecord,
  checks: readonly Pick<CheckRecord, 'status'>[],
): DnsInstance | undefined {
  if (checks.some(({ status }) => status === 'critical')) return undefined;
  const address = readAddress(service.address || node.address);
  if (address === undefined) return undefined;
  const isWarning = checks.some(({ status }) => status === 'warning');
  const weight = isWarning ? service.weights.warning : service.weights.passing;
  return {
    node: node.node,
    nodeLabels: nodeLabels(node.node),
    address,
    isAtNode: service.address === '',
    port: service.port,
    weight: Math.min(Math.max(weight, 0), MAX_WEIGHT),
    isWarning,
    tags: service.tags.map((tag) => tag.toLowerCase()),
    nodeTexts: metaTexts(node.meta),
  };
}

/** A label of a service's name in presentation form; undefined when it cannot be sent. */
export const serviceLabels = (service: string): string | undefined => nameFromText(labelFromText(service));
