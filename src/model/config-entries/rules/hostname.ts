import { breaksLine } from './header-modifiers.js';

/** One label of a DNS name; underscores are in use. */
const LABEL = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/i;
/** Of a DNS name, in characters. */
export const LONGEST_HOSTNAME = 253;

/** Whether this can be the name of a host. */
export function isHostname(name: string): boolean {
  return name.length <= LONGEST_HOSTNAME && name.split('.').every((label) => LABEL.test(label));
}

/** Whether this is `*.` and the name of a host, or `*` alone. */
export function isWildcardHostname(name: string): boolean {
  return name === '*' || (name.startsWith('*.') && isHostname(name.slice(2)));
}

/** A text as it can stand in an answer: what breaks lines is written out. */
export function quoted(value: string): string {
  return breaksLine(value) ? JSON.stringify(value) : `"${value}"`;
}
