import { connectHealthCell, ingressHealthCell, serviceHealthCell } from '../../../discovery/health/index.js';
import type { InstanceHealth } from '../../../discovery/catalog/index.js';
import type { Cell } from '../../../model/index.js';
import { type DnsInstance, readInstance } from './instance.js';

const usable = (instances: readonly InstanceHealth[]): readonly DnsInstance[] =>
  instances.flatMap(({ node, service, checks }) => readInstance(node, service, checks) ?? []);

/** The instances of a service that are not critical, as DNS shows them. Key: the service's name, in lower case. */
export const serviceInstancesForDns: Cell<readonly DnsInstance[]> = {
  kind: 'dns-service',
  compute: (view, name) => usable(view.cell(serviceHealthCell, name)),
};

/** The mesh endpoints of a service that are not critical, as DNS shows them. Key: the service's name. */
export const connectInstancesForDns: Cell<readonly DnsInstance[]> = {
  kind: 'dns-connect',
  compute: (view, name) => usable(view.cell(connectHealthCell, name)),
};

/** The ingress gateways of a service that are not critical, as DNS shows them. Key: the service's name. */
export const ingressInstancesForDns: Cell<readonly DnsInstance[]> = {
  kind: 'dns-ingress',
  compute: (view, name) => usable(view.cell(ingressHealthCell, name)),
};
