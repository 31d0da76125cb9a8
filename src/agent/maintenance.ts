import type { LocalCheck, LocalService } from './local-agent.js';

export const NODE_MAINTENANCE = '_node_maintenance';

/** The id of the check that stands for a service's maintenance. */
export const serviceMaintenanceId = (serviceId: string): string => `_service_maintenance:${serviceId}`;

/** The critical check that takes a node (or one service of it) out of answers (consul-behaviour 1.2). */
export function maintenanceCheck(node: string, service: LocalService | undefined, reason: string): LocalCheck {
  const subject = service === undefined ? 'node' : 'service';
  const notes =
    reason || `Maintenance mode is enabled for this ${subject}, but no reason was provided. This is a default message.`;
  return {
    node,
    checkId: service === undefined ? NODE_MAINTENANCE : serviceMaintenanceId(service.id),
    name: service === undefined ? 'Node Maintenance Mode' : 'Service Maintenance Mode',
    status: 'critical',
    notes,
    output: '',
    serviceId: service?.id ?? '',
    serviceName: service?.service ?? '',
    serviceTags: service?.tags ?? [],
    type: 'maintenance',
    interval: '',
    timeout: '',
    exposedPort: 0,
    definition: {},
  };
}
