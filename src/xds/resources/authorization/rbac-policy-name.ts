import type { Intention } from '../../../mesh/intentions/index.js';

/** Connections that are decided alike, whoever calls. */
export const SHARED_CONNECTIONS = 'consul-intentions-layer4';

/** Digits of a permission's position: Envoy tries policies in the order of their names. */
const MIN_POSITION_DIGITS = 2;

/** `consul-intentions-layer4-<destination>/<source>`: the rule about everything that the callers of an intention do. */
export function connectionPolicyName(intention: Intention): string {
  return `${SHARED_CONNECTIONS}-${intentionId(intention)}`;
}

/**
 * `consul-intentions-layer7-<destination>/<source>/<position>`: the rule about the requests of one permission, counted from 00
 * as in the entry. Begins as Consul's names do, says where to look (destination = the entry, which may be `*`), and is the same
 * whatever other intentions there are (docs/authorization.md).
 */
export function requestPolicyName(intention: Intention, position: number): string {
  const digits = Math.max(MIN_POSITION_DIGITS, String(intention.source.permissions.length - 1).length);
  return `consul-intentions-layer7-${intentionId(intention)}/${String(position).padStart(digits, '0')}`;
}

function intentionId({ destination, source }: Intention): string {
  return `${plain(destination)}/${plain(source.name)}`;
}

/** Access logs put the name into brackets and make spaces underscores: what is not plain is percent-encoded. */
function plain(name: string): string {
  return name.replace(/[^\w.~*-]/gu, percent);
}

function percent(character: string): string {
  return [...new TextEncoder().encode(character)]
    .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)
    .join('');
}
