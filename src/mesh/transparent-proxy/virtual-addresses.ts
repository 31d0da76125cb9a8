import { canonicalIp } from '../../core/index.js';
import type { Cell } from '../../model/index.js';

/** The tagged address of an instance that stands for its whole service, whoever gave it (Kubernetes: the cluster IP). */
const VIRTUAL_TAG = 'virtual';

/** Addresses that stand for a service as a whole. */
export interface VirtualAddresses {
  /** The automatic one and those that an operator gave; no other service has them. */
  readonly assigned: readonly string[];
  /** Those that instances claim to have, sorted; another service may claim the same. */
  readonly tagged: readonly string[];
}

/** The virtual addresses of a service (consul-behaviour 6.4). Key: its name. */
export const virtualAddressesCell: Cell<VirtualAddresses> = {
  kind: 'virtual-addresses',
  compute(view, service) {
    const record = view.get('virtual-ips', service);
    const assigned = record === undefined || service === '' ? [] : [record.ip, ...record.manualIps];
    const tagged = view
      .range('services', 'byConnect', [service])
      .map(({ taggedAddresses }) => canonicalIp(taggedAddresses[VIRTUAL_TAG]?.address ?? ''))
      .filter((address) => address !== undefined)
      .filter((address) => !assigned.includes(address));
    return { assigned, tagged: [...new Set(tagged)].sort() };
  },
};
