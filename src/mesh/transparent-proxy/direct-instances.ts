import { canonicalIp, jsonKeyInput } from '../../core/index.js';
import type { Cell, MeshView, ServiceRecord } from '../../model/index.js';
import { entryOf } from '../discovery-chain/index.js';
import { type TargetSelection, selectedInstances } from '../proxy/index.js';

/** An instance that may be called by its own address. */
export interface DirectInstance {
  readonly address: string;
  /** Of its registration: an address that two services have is that of the one registered last. */
  readonly modifyIndex: number;
}

/**
 * The instances of a target that transparent proxies may dial directly (consul-behaviour 6.4, passthrough), in order of node and
 * id. Key: `targetEndpointsKey`.
 */
export const directInstancesCell: Cell<readonly DirectInstance[]> = {
  kind: 'direct-instances',
  compute(view, key) {
    const selection = jsonKeyInput<TargetSelection>(key);
    const allOfThem = isDialedDirectly(view, selection.service);
    return selectedInstances(view, selection).flatMap(({ node, service }) => {
      const address = canonicalIp(service.address || node.address);
      if (address === undefined || !(allOfThem || registeredDirect(service))) return [];
      return [{ address, modifyIndex: service.modifyIndex }];
    });
  },
};

const registeredDirect = ({ proxy }: ServiceRecord): boolean => proxy?.transparentProxy?.dialedDirectly === true;

function isDialedDirectly(view: MeshView, service: string): boolean {
  const own = entryOf(view, 'service-defaults', service);
  const common = entryOf(view, 'proxy-defaults', 'global');
  return Boolean(own?.transparentProxy.dialedDirectly || common?.transparentProxy.dialedDirectly);
}
