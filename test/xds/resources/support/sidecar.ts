import type { MeshView, ProxySettings, ServiceRecord } from '../../../../src/model/index.js';
import { type BuiltResource, type Builder } from '../../../../src/xds/resources/builder.js';
import { type ResolvedProxy, proxyKey, resolvedProxyCell } from '../../../../src/mesh/proxy/index.js';
import { decodeAnyDeep } from '../../../../src/xds/envoy-api/index.js';
import { viewOfEntries } from '../../../mesh/support/plain-view.js';

export const PROXY = { node: 'node-one', proxyId: 'front-proxy' };

export interface SidecarOptions {
  readonly settings?: Partial<ProxySettings>;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly address?: string;
  /** Bodies of config entries in wire spelling. */
  readonly entries?: readonly Record<string, unknown>[];
}

/** A mesh with one sidecar: `front-proxy` on `node-one` (10.1.0.1), speaking for `front` on 127.0.0.1:8080. */
export function sidecarView(options: SidecarOptions = {}): MeshView {
  const revisions = { createIndex: 1, modifyIndex: 1 };
  const proxy: ProxySettings = {
    destinationServiceName: 'front',
    destinationServiceId: 'front-1',
    localServiceAddress: '127.0.0.1',
    localServicePort: 8080,
    localServiceSocketPath: '',
    mode: '',
    mutualTlsMode: '',
    meshGateway: { mode: '' },
    expose: { checks: false, paths: [] },
    upstreams: [],
    ...options.settings,
    config: options.config ?? {},
  };
  const service: ServiceRecord = {
    node: PROXY.node,
    kind: 'connect-proxy',
    id: PROXY.proxyId,
    service: 'front-proxy',
    tags: [],
    address: options.address ?? '10.1.0.5',
    port: 21000,
    socketPath: '',
    taggedAddresses: {},
    meta: {},
    weights: { passing: 1, warning: 1 },
    enableTagOverride: false,
    connect: { native: false },
    proxy,
    ...revisions,
  };
  const node = {
    id: '',
    node: PROXY.node,
    address: '10.1.0.1',
    datacenter: 'dc1',
    taggedAddresses: {},
    meta: {},
    ...revisions,
  };
  return viewOfEntries(options.entries ?? [], { services: [service], nodes: [node] });
}

export function sidecarOf(view: MeshView): ResolvedProxy {
  const proxy = view.cell(resolvedProxyCell, proxyKey(PROXY));
  if (proxy === undefined) throw new Error('the view has no such sidecar');
  return proxy;
}

// oxlint-disable-next-line typescript/no-explicit-any -- decoded messages are looked at by path
export type Decoded = any;

/** What a builder makes, decoded with everything inside it. */
export function built<Input>(
  builder: Builder<Input>,
  view: MeshView,
  input: Input,
): BuiltResource & { readonly message: Decoded } {
  const resource = builder(view, input);
  if (resource === undefined) throw new Error('the builder made nothing');
  return { ...resource, message: decodeAnyDeep(resource.any) };
}
