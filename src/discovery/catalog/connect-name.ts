import type { ServiceRecord } from '../../model/index.js';

/** The service name whose mesh endpoint an instance is: a proxy's destination, or a native service itself. */
export function connectName(
  service: Pick<ServiceRecord, 'kind' | 'service' | 'connect' | 'proxy'>,
): string | undefined {
  if (service.kind === 'connect-proxy') return service.proxy?.destinationServiceName;
  return service.connect.native ? service.service : undefined;
}
