import { loadBalancerField } from '../../model/config-entries/load-balancer.js';
import { prioritizeByLocalityField } from '../../model/config-entries/traffic/index.js';
import { serviceRouteField } from '../../model/config-entries/service-router.js';
import { serviceSplitField } from '../../model/config-entries/service-splitter.js';
import { envoyExtensionsField, meshGatewayField } from '../../model/config-entries/shared-fields.js';
import {
  type Field,
  always,
  decimal,
  duration,
  encode,
  flag,
  list,
  map,
  object,
  optional,
  text,
} from '../../model/wire/index.js';
import type { ChainTarget, CompiledChain } from './compiled-chain.js';

/** Virtual IPs of the chain's service; absent when it has none at all. */
export interface ChainVirtualIps {
  readonly ip: string;
  readonly manualIps: readonly string[];
}

/** One form for all types of nodes: what a type does not have is absent. */
interface WireNode {
  readonly type: string;
  readonly name: string;
  readonly routes?: readonly {
    readonly definition: object;
    readonly nextNode: string;
    readonly mirrorNodes?: readonly string[];
  }[];
  readonly splits?: readonly { readonly definition: object; readonly weight: number; readonly nextNode: string }[];
  readonly resolver?: object;
  readonly loadBalancer?: object;
}

const nodeField = object<WireNode>({
  type: text(),
  name: text(),
  routes: optional(
    list(
      object<NonNullable<WireNode['routes']>[number]>({
        definition: serviceRouteField,
        nextNode: text(),
        mirrorNodes: optional(list(text())),
      }),
    ),
  ),
  splits: optional(
    list(
      object<NonNullable<WireNode['splits']>[number]>({
        definition: serviceSplitField,
        weight: decimal(),
        nextNode: text(),
      }),
    ),
  ),
  resolver: optional(
    object<{
      readonly default: boolean;
      readonly connectTimeoutMs: number;
      readonly requestTimeoutMs: number;
      readonly target: string;
      readonly failover?: { readonly targets: readonly string[] };
    }>({
      connectTimeoutMs: duration(),
      requestTimeoutMs: duration({ shownAs: 'nanoseconds' }),
      default: flag(),
      target: text(),
      failover: optional(object<{ readonly targets: readonly string[] }>({ targets: list(text()) })),
    }) as unknown as Field<object>,
  ),
  loadBalancer: optional(loadBalancerField as Field<object>),
});

const targetField = object<ChainTarget>({
  connectTimeoutMs: duration(),
  id: text(),
  service: text(),
  serviceSubset: text(),
  namespace: text(),
  partition: text(),
  datacenter: text(),
  peer: text(),
  meshGateway: meshGatewayField,
  subset: object<ChainTarget['subset']>({ filter: text(), onlyPassing: flag() }),
  transparentProxy: object<ChainTarget['transparentProxy']>({ dialedDirectly: flag() }),
  external: flag(),
  sni: text(),
  name: text(),
  prioritizeByLocality: optional(prioritizeByLocalityField),
});

const chainField = object<CompiledChain>({
  serviceName: text(),
  namespace: text(),
  partition: text(),
  datacenter: text(),
  customizationHash: text(),
  default: flag(),
  protocol: text(),
  serviceMeta: map(text()),
  envoyExtensions: envoyExtensionsField,
  startNode: text(),
  nodes: always(map(nodeField)) as unknown as Field<CompiledChain['nodes']>,
  targets: always(map(targetField)),
});

/** A chain as `/v1/discovery-chain` shows it under `Chain` (consul-behaviour 5.1), with its service's virtual IPs. */
export function encodeCompiledChain(chain: CompiledChain, virtualIps?: ChainVirtualIps): Record<string, unknown> {
  return {
    ...(encode(chainField, chain) as Record<string, unknown>),
    AutoVirtualIPs: virtualIps ? [virtualIps.ip] : null,
    ManualVirtualIPs: virtualIps ? virtualIps.manualIps : null,
  };
}
