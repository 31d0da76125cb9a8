import type { CheckRecord, NodeRecord, ProxySettings, ServiceRecord, Upstream } from '../../../../src/model/index.js';

const revisions = { createIndex: 1, modifyIndex: 1 };

export const node = (name: string, more: Partial<NodeRecord> = {}): NodeRecord => ({
  id: '',
  node: name,
  address: '10.0.0.1',
  datacenter: 'dc1',
  taggedAddresses: {},
  meta: {},
  ...revisions,
  ...more,
});

export const upstream = (destinationName: string, more: Partial<Upstream> = {}): Upstream => ({
  destinationType: 'service',
  destinationName,
  destinationPeer: '',
  datacenter: '',
  localBindAddress: '',
  localBindPort: 9191,
  localBindSocketPath: '',
  localBindSocketMode: '',
  config: {},
  meshGateway: { mode: '' },
  ...more,
});

export const proxySettings = (more: Partial<ProxySettings> = {}): ProxySettings => ({
  destinationServiceName: 'web',
  destinationServiceId: 'web',
  localServiceAddress: '127.0.0.1',
  localServicePort: 8080,
  localServiceSocketPath: '',
  mode: '',
  mutualTlsMode: '',
  meshGateway: { mode: '' },
  expose: { checks: false, paths: [] },
  config: {},
  upstreams: [],
  ...more,
});

export const service = (name: string, more: Partial<ServiceRecord> = {}): ServiceRecord => ({
  node: 'n1',
  kind: '',
  id: name,
  service: name,
  tags: [],
  address: '',
  port: 8080,
  socketPath: '',
  taggedAddresses: {},
  meta: {},
  weights: { passing: 1, warning: 1 },
  enableTagOverride: false,
  connect: { native: false },
  ...revisions,
  ...more,
});

export const sidecar = (destination: string, more: Partial<ServiceRecord> = {}): ServiceRecord =>
  service(`${destination}-proxy`, {
    kind: 'connect-proxy',
    port: 21_000,
    proxy: proxySettings({ destinationServiceName: destination }),
    ...more,
  });

export const check = (
  status: CheckRecord['status'],
  serviceId: string,
  more: Partial<CheckRecord> = {},
): CheckRecord => ({
  node: 'n1',
  checkId: `check:${serviceId}:${status}`,
  name: 'check',
  status,
  notes: '',
  output: '',
  serviceId,
  serviceName: serviceId,
  serviceTags: [],
  type: '',
  interval: '',
  timeout: '',
  exposedPort: 0,
  definition: {},
  ...revisions,
  ...more,
});
