import { canonicalJson } from '../../../core/index.js';
import type { ConfigEntry, IntentionPermission } from '../../../model/index.js';
import { capabilities, hasCapability } from './capabilities.js';

/** Something in an entry that an Envoy cannot hold callers to. */
export interface Unenforceable {
  /** What it is about, wherever it stands in the entry. */
  readonly subject: string;
  /** A sentence that names the field. */
  readonly problem: string;
}

/**
 * What of an entry an Envoy of some version cannot hold callers to: such an entry must not be carried out half. Empty when it can
 * all be enforced.
 */
export function unenforceable(entry: ConfigEntry, envoyVersion: string): readonly Unenforceable[] {
  if (entry.kind !== 'service-intentions' || hasCapability(envoyVersion, 'regexOverBytes')) return [];
  return entry.sources.flatMap(({ name, peer, permissions }, at) =>
    permissions.flatMap((permission, position) =>
      headersThatMustBeSeen(permission).map((header) => ({
        subject: canonicalJson([name, peer, permission, header]),
        problem:
          `Sources[${at}].Permissions[${position}].HTTP.Header[${header}]: Envoy ${envoyVersion} ${capabilities.regexOverBytes.without}; ` +
          'use another kind of match, or Envoy 1.39.1 or newer',
      })),
    ),
  );
}

/** Headers whose pattern makes a request refused, or whose absence lets it through. */
function headersThatMustBeSeen({ action, http }: IntentionPermission): readonly number[] {
  const denies = action !== 'allow';
  return (http?.header ?? []).flatMap(({ regex, invert }, position) =>
    regex !== '' && denies !== invert ? [position] : [],
  );
}
