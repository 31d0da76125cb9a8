import { gatewayServicesCell, linkedGatewaysCell } from '../../mesh/gateways/index.js';
import {
  type Cell,
  type CheckRecord,
  type MeshView,
  type ServiceKind,
  type ServiceRecord,
  nodeKey,
} from '../../model/index.js';
import { mergeCentralConfig } from '../catalog/index.js';

/** A service in one line: all its instances summed up (consul-behaviour.md 1.14). */
export interface ServiceSummary {
  readonly kind: ServiceKind;
  readonly name: string;
  /** Of any instance, sorted; so are the next two. */
  readonly tags: readonly string[];
  readonly nodes: readonly string[];
  /** Who put it there (`external-source` of its metadata), e.g. `kubernetes`. */
  readonly externalSources: readonly string[];
  readonly instanceCount: number;
  /** How many checks, those of the nodes counted for each instance. */
  readonly checksPassing: number;
  readonly checksWarning: number;
  readonly checksCritical: number;
  /** Of a gateway: how many services it leads to. */
  readonly linkedServiceCount: number;
  /** A sidecar of it catches all outgoing connections. */
  readonly transparentProxy: boolean;
  readonly connectNative: boolean;
  readonly connectedWithProxy: boolean;
  readonly connectedWithGateway: boolean;
}

/** All services, by name. Key: ''. */
export const serviceSummariesCell: Cell<readonly ServiceSummary[]> = {
  kind: 'ui-services',
  compute(view) {
    const names = new Set(view.range('services', 'all', []).map(({ service }) => service));
    return [...names].sort().flatMap((name) => view.cell(serviceSummaryCell, name) ?? []);
  },
};

/** One service, or undefined where it has no instance. Key: its name. */
export const serviceSummaryCell: Cell<ServiceSummary | undefined> = {
  kind: 'ui-service',
  compute(view, name) {
    const instances = view.range('services', 'byName', [name]);
    const [first] = instances;
    if (first === undefined) return undefined;
    const proxies = view.range('services', 'byConnect', [name]).filter(({ kind }) => kind === 'connect-proxy');
    const checks = instances.flatMap((instance) => checksOf(view, instance));
    const count = (status: CheckRecord['status']): number => checks.filter((check) => check.status === status).length;
    return {
      kind: first.kind,
      name,
      tags: unique(instances.flatMap(({ tags }) => tags)),
      nodes: unique(instances.map(({ node }) => node)),
      externalSources: unique(instances.flatMap(({ meta }) => meta['external-source'] || [])),
      instanceCount: instances.length,
      checksPassing: count('passing'),
      checksWarning: count('warning'),
      checksCritical: count('critical'),
      linkedServiceCount: GATEWAYS.has(first.kind) ? servicesBehind(view, name).length : 0,
      transparentProxy: view.cell(transparentProxyCell, name),
      connectNative: instances.some(({ connect }) => connect.native),
      connectedWithProxy: proxies.length > 0,
      connectedWithGateway: view.cell(linkedGatewaysCell, name).length > 0,
    };
  },
};

const GATEWAYS: ReadonlySet<ServiceKind> = new Set(['ingress-gateway', 'terminating-gateway', 'api-gateway']);

/** The services that a gateway leads to, each once. */
export const servicesBehind = (view: MeshView, gateway: string): readonly string[] => [
  ...new Set(view.cell(gatewayServicesCell, gateway).map(({ service }) => service)),
];

/** Whether a sidecar of a service catches all outgoing connections, with central configuration. Key: the service's name. */
export const transparentProxyCell: Cell<boolean> = {
  kind: 'ui-transparent-proxy',
  compute: (view, name) =>
    view
      .range('services', 'byConnect', [name])
      .some((proxy) => mergeCentralConfig(view, proxy).proxy?.mode === 'transparent'),
};

const checksOf = (view: MeshView, { node, id }: ServiceRecord): readonly CheckRecord[] =>
  ['', id].flatMap((serviceId) => view.range('checks', 'byInstance', [nodeKey(node), serviceId]));

const unique = (values: readonly string[]): readonly string[] => [...new Set(values)].sort();
