import type { LocalCheck, LocalService } from './local-agent.js';

const NODE_MAINTENANCE = '_node_maintenance';
const SERVICE_MAINTENANCE = '_service_maintenance:';

/** The id of the check that stands for the maintenance of a service, or with an empty id of the node. */
export const maintenanceId = (serviceId: string): string =>
  serviceId === '' ? NODE_MAINTENANCE : `${SERVICE_MAINTENANCE}${serviceId}`;

/** Whether a check stands for maintenance. */
export const isMaintenance = (checkId: string): boolean =>
  checkId === NODE_MAINTENANCE || checkId.startsWith(SERVICE_MAINTENANCE);

/** The critical check that takes a node (or one service of it) out of answers (consul-behaviour 1.2). */
export function maintenanceCheck(node: string, service: LocalService | undefined, reason: string): LocalCheck {
  const subject = service === undefined ? 'node' : 'service';
  const notes =
    reason || `Maintenance mode is enabled for this ${subject}, but no reason was provided. This is a default message.`;
  return {
    node,
    checkId: maintenanceId(service?.id ?? ''),
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
