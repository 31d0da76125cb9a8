import { type Field, duration, flag, list, map, object, opaque, optional, text } from '../wire/index.js';
import type { StringMap } from '../records/common.js';
import type { OpaqueConfig } from '../records/proxy.js';
import { type LoadBalancer, loadBalancerField } from './load-balancer.js';
import { type FailoverPolicy, failoverPolicyField } from './proxy-defaults.js';
import { ignoredFields, kindField, metaField, nameField } from './shared-fields.js';

/** Which instances stand for a service, and which do when those are gone (consul-behaviour 4.5). */
export interface ServiceResolverEntry {
  readonly kind: 'service-resolver';
  readonly name: string;
  readonly defaultSubset: string;
  readonly subsets: Readonly<Record<string, ServiceResolverSubset>>;
  readonly redirect?: ServiceResolverRedirect;
  /** By subset name, or `*` for those without an entry of their own. */
  readonly failover: Readonly<Record<string, ServiceResolverFailover>>;
  /** 0 = 5 s. */
  readonly connectTimeoutMs: number;
  /** 0 = not given. */
  readonly requestTimeoutMs: number;
  readonly loadBalancer?: LoadBalancer;
  readonly prioritizeByLocality?: OpaqueConfig;
  readonly meta: StringMap;
}

export interface ServiceResolverSubset {
  /** Filter expression over `Node.*`, `Service.*` and `Checks`; empty = every instance. */
  readonly filter: string;
  readonly onlyPassing: boolean;
}

export interface ServiceResolverRedirect {
  readonly service: string;
  readonly serviceSubset: string;
  readonly namespace: string;
  readonly partition: string;
  readonly datacenter: string;
  readonly peer: string;
  readonly samenessGroup: string;
}

export interface ServiceResolverFailover {
  readonly service: string;
  readonly serviceSubset: string;
  readonly namespace: string;
  readonly datacenters: readonly string[];
  readonly targets: readonly ServiceResolverFailoverTarget[];
  readonly policy?: FailoverPolicy;
  readonly samenessGroup: string;
}

export interface ServiceResolverFailoverTarget {
  readonly service: string;
  readonly serviceSubset: string;
  readonly partition: string;
  readonly namespace: string;
  readonly datacenter: string;
  readonly peer: string;
}

export const schema: Field<ServiceResolverEntry> = object<ServiceResolverEntry>(
  {
    kind: kindField('service-resolver'),
    name: nameField,
    defaultSubset: text(),
    subsets: map(object<ServiceResolverSubset>({ filter: text(), onlyPassing: flag() })),
    redirect: optional(
      object<ServiceResolverRedirect>({
        service: text(),
        serviceSubset: text(),
        namespace: text(),
        partition: text(),
        datacenter: text(),
        peer: text(),
        samenessGroup: text(),
      }),
    ),
    failover: map(
      object<ServiceResolverFailover>({
        service: text(),
        serviceSubset: text(),
        namespace: text(),
        datacenters: list(text()),
        targets: list(
          object<ServiceResolverFailoverTarget>({
            service: text(),
            serviceSubset: text(),
            partition: text(),
            namespace: text(),
            datacenter: text(),
            peer: text(),
          }),
        ),
        policy: optional(failoverPolicyField),
        samenessGroup: text(),
      }),
    ),
    connectTimeoutMs: duration(),
    requestTimeoutMs: duration(),
    loadBalancer: optional(loadBalancerField),
    prioritizeByLocality: optional(opaque()),
    meta: metaField,
  },
  { ignored: ignoredFields },
);
