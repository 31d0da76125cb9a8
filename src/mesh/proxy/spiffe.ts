/** The SPIFFE id of a service (consul-behaviour 6.1); the namespace and partition there are. Its name is one part of a path. */
export function serviceSpiffeId(trustDomain: string, datacenter: string, service: string): string {
  return `spiffe://${trustDomain}/ns/default/dc/${datacenter}/svc/${encodeURIComponent(service)}`;
}

/**
 * The SPIFFE id that a target's instances must have. A peer's trust domain is its own to say: until it has, nobody is taken for its
 * services, least of all somebody of this mesh.
 */
export function targetSpiffeId(
  trustDomain: string,
  target: { readonly service: string; readonly datacenter: string; readonly peer: string },
): string {
  if (target.peer === '') return serviceSpiffeId(trustDomain, target.datacenter, target.service);
  return serviceSpiffeId(`${target.peer}.peer.invalid`, 'unknown', target.service);
}
