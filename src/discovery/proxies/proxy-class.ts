import { canonicalJson } from '../../core/index.js';
import type { ServiceRecord } from '../../model/index.js';

const known = new WeakMap<ServiceRecord, string>();

/**
 * What decides whether a sidecar's configuration can be made: two sidecars of one class differ in their places only. Worked out
 * once for each record.
 */
export function proxyClass(record: ServiceRecord): string {
  const found = known.get(record);
  if (found !== undefined) return found;
  const made = canonicalJson(record.proxy ?? {});
  known.set(record, made);
  return made;
}
