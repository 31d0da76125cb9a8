import { RECORD_TYPES, labelTexts } from '../message/index.js';

/** What a name of the domain stands for (consul-behaviour 9). Texts are in lower case. */
export type Target =
  | { readonly type: 'apex' }
  | { readonly type: 'node'; readonly node: string; readonly place: Place }
  | { readonly type: 'service' | 'connect'; readonly service: string; readonly tag: string; readonly place: Place }
  | { readonly type: 'virtual' | 'ingress'; readonly service: string; readonly place: Place }
  | { readonly type: 'query'; readonly query: string; readonly place: Place }
  | { readonly type: 'address'; readonly hex: string }
  | { readonly type: 'unknown' };

/** Where to look; neither = here. `either` is a datacenter, or a peer where none has that name. */
export interface Place {
  readonly datacenter?: string;
  readonly peer?: string;
}

const KINDS = new Set(['service', 'connect', 'virtual', 'ingress', 'node', 'query', 'addr']);
const UNKNOWN: Target = { type: 'unknown' };

/**
 * Reads a name of the domain. `relative` is the name without the domain and the dot before it, in presentation form and lower
 * case. The kind is the last label that names one; for SRV a label with an underscore ends the name of a service as well.
 */
export function readTarget(relative: string, questionType: number): Target {
  const labels = labelTexts(relative);
  if (labels.length === 0) return { type: 'apex' };
  for (let at = labels.length - 1; at >= 0; at--) {
    const label = labels[at] as string;
    if (KINDS.has(label)) return targetOf(label, labels.slice(0, at), labels.slice(at + 1));
    if (questionType === RECORD_TYPES.SRV && label.startsWith('_'))
      return targetOf('service', labels.slice(0, at + 1), labels.slice(at + 1));
  }
  return UNKNOWN;
}

function targetOf(kind: string, parts: readonly string[], suffix: readonly string[]): Target {
  const [only, ...more] = parts;
  if (only === undefined) return UNKNOWN;
  if (kind === 'addr') return more.length === 0 ? { type: 'address', hex: only } : UNKNOWN;
  const place = placeOf(suffix, kind === 'virtual');
  if (place === undefined) return UNKNOWN;
  switch (kind) {
    case 'node':
      return { type: 'node', node: parts.join('.'), place };
    case 'query':
      return { type: 'query', query: rfc2782(parts)?.name ?? parts.join('.'), place };
    case 'virtual':
    case 'ingress':
      return { type: kind, service: parts.at(-1) as string, place };
    case 'connect':
      return { type: 'connect', service: parts.at(-1) as string, tag: parts.slice(0, -1).join('.'), place };
    default: {
      const { name, tag } = rfc2782(parts) ?? { name: parts.at(-1) as string, tag: parts.slice(0, -1).join('.') };
      return { type: 'service', service: name, tag: tag === 'tcp' && parts[0]?.startsWith('_') ? '' : tag, place };
    }
  }
}

/** `_name._tag`, and `_name._tcp` for all tags (RFC 2782). */
function rfc2782(parts: readonly string[]): { readonly name: string; readonly tag: string } | undefined {
  const [name = '', tag = ''] = parts;
  if (parts.length !== 2 || !name.startsWith('_') || !tag.startsWith('_')) return undefined;
  return { name: name.slice(1), tag: tag.slice(1) };
}

/** What stands between the kind and the domain; undefined when it means nothing. */
function placeOf(suffix: readonly string[], isVirtual: boolean): Place | undefined {
  const [name, kind] = suffix;
  if (name === undefined) return {};
  if (suffix.length === 1) return isVirtual ? { peer: name } : { datacenter: name };
  if (suffix.length > 2) return undefined;
  if (kind === 'peer') return { peer: name };
  return kind === 'dc' ? { datacenter: name } : undefined;
}
