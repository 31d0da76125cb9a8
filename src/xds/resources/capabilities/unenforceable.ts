import type { ConfigEntry, IntentionPermission } from '../../../model/index.js';
import { capabilities, hasCapability } from './capabilities.js';

/**
 * What of an entry an Envoy of some version cannot hold callers to, each as a sentence that names the field: such an entry must not
 * be carried out half. Empty when it can all be enforced.
 */
export function unenforceable(entry: ConfigEntry, envoyVersion: string): readonly string[] {
  if (entry.kind !== 'service-intentions' || hasCapability(envoyVersion, 'regexOverBytes')) return [];
  return entry.sources.flatMap(({ permissions }, at) =>
    permissions.flatMap((permission, position) =>
      headersThatMustBeSeen(permission).map(
        (header) =>
          `Sources[${at}].Permissions[${position}].HTTP.Header[${header}]: Envoy ${envoyVersion} ${capabilities.regexOverBytes.without}; ` +
          'use another kind of match, or Envoy 1.39.1 or newer',
      ),
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
