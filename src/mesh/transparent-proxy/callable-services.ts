import type { Cell, ServiceIntentionsEntry } from '../../model/index.js';
import {
  type Intention,
  type IntentionPolicy,
  applicableIntention,
  defaultIntentionPolicy,
  intentionsOf,
  sortIntentions,
} from '../intentions/index.js';
import { virtualNamesCell } from './virtual-names.js';

const EVERYBODY = '*';

/**
 * The services that a service may call: what a transparent sidecar has as upstreams besides those of its registration
 * (consul-behaviour 6.15, intention upstreams). A service is among them when the intention that decides about the pair allows
 * it, or looks at requests; without one the default decides. Never the service itself. Sorted. Key: the caller's name.
 *
 * Reads the entries that name the caller or everybody, and the names of all services only where anybody not named may be called:
 * an intention of others changes nothing here.
 */
export const callableServicesCell: Cell<readonly string[]> = {
  kind: 'callable-services',
  compute(view, caller) {
    const records = [caller, EVERYBODY].flatMap((source) =>
      view.range('config-entries', 'byIntentionSource', [source]),
    );
    const entries = new Map<string, ServiceIntentionsEntry>();
    for (const { entry } of records) if (entry.kind === 'service-intentions') entries.set(entry.name, entry);
    const general = rulesFor(entries.get(EVERYBODY), caller);
    const byDefault = permits(general, defaultIntentionPolicy(view), caller);
    const callable = new Set(byDefault ? view.cell(virtualNamesCell, '') : []);
    for (const [destination, entry] of entries) {
      if (destination === EVERYBODY) continue;
      const rules = sortIntentions([...rulesFor(entry, caller), ...general]);
      if (permits(rules, defaultIntentionPolicy(view), caller)) callable.add(destination);
      else callable.delete(destination);
    }
    callable.delete(caller);
    return [...callable].sort();
  },
};

/** What of an entry is about the caller, without looking at its other sources again. */
function rulesFor(entry: ServiceIntentionsEntry | undefined, caller: string): readonly Intention[] {
  if (entry === undefined) return [];
  const sources = entry.sources.filter(({ name, peer }) => peer === '' && (name === caller || name === EVERYBODY));
  return intentionsOf({ ...entry, sources });
}

/** Whether a caller has use for an upstream: everything, or some requests, are let through. `rules` best first. */
function permits(rules: readonly Intention[], defaultPolicy: IntentionPolicy, caller: string): boolean {
  const deciding = applicableIntention(rules, { name: caller });
  if (deciding === undefined) return defaultPolicy === 'allow';
  return deciding.source.permissions.length > 0 || deciding.source.action === 'allow';
}
