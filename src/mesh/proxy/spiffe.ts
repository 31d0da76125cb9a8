/** The SPIFFE id of a service (consul-behaviour 6.1); the namespace and partition there are. Its name is one part of a path. */
export function serviceSpiffeId(trustDomain: string, datacenter: string, service: string): string {
  return `spiffe://${trustDomain}/ns/default/dc/${datacenter}/svc/${encodeURIComponent(service)}`;
}
