/** Where requests can go: what names a target, before anything is looked up about it. */
export interface TargetName {
  readonly service: string;
  readonly serviceSubset: string;
  readonly namespace: string;
  readonly partition: string;
  /** Empty for targets at a peer. */
  readonly datacenter: string;
  readonly peer: string;
}

/** What a redirect or failover changes about a target; empty = nothing. */
export type TargetChange = Partial<TargetName>;

export const DEFAULT_NAMESPACE = 'default';
export const DEFAULT_PARTITION = 'default';

/** Target id (consul-behaviour 5.1): `[subset.]service.namespace.partition.datacenter`, or `….external.peer`. */
export function targetId(target: TargetName): string {
  const place = target.peer === '' ? target.datacenter : `external.${target.peer}`;
  const subset = target.serviceSubset === '' ? '' : `${target.serviceSubset}.`;
  return `${subset}${target.service}.${target.namespace}.${target.partition}.${place}`;
}

/** The SNI of a target within the mesh (consul-behaviour 6.1); empty for peers, whose SNI their own side knows. */
export function targetSni(target: TargetName, trustDomain: string): string {
  if (target.peer !== '') return '';
  const subset = target.serviceSubset === '' ? '' : `${target.serviceSubset}.`;
  const { service, namespace, partition, datacenter } = target;
  if (partition === DEFAULT_PARTITION) return `${subset}${service}.${namespace}.${datacenter}.internal.${trustDomain}`;
  return `${subset}${service}.${namespace}.${partition}.${datacenter}.internal-v1.${trustDomain}`;
}

/** The longest name that TLS has room for. */
export const MAX_SERVER_NAME_BYTES = 255;

/** Whether a name can be sent as TLS server name. */
export const fitsServerName = (name: string): boolean => Buffer.byteLength(name) <= MAX_SERVER_NAME_BYTES;

/**
 * A target with changes (consul-behaviour 5.2, rewriting): another service drops the subset, the peer is always replaced, and at a
 * peer there is no datacenter.
 */
export function rewriteTarget(target: TargetName, change: TargetChange): TargetName {
  const service = change.service || target.service;
  const kept = service === target.service ? target.serviceSubset : '';
  const peer = change.peer ?? '';
  if (peer !== '')
    return {
      service,
      serviceSubset: '',
      namespace: change.namespace || DEFAULT_NAMESPACE,
      partition: target.partition,
      datacenter: '',
      peer,
    };
  return {
    service,
    serviceSubset: change.serviceSubset || kept,
    namespace: change.namespace || target.namespace,
    partition: change.partition || target.partition,
    datacenter: change.datacenter || target.datacenter,
    peer,
  };
}
