import type {
  ApiGatewayEntry,
  Cell,
  IngressGatewayEntry,
  LinkedService,
  MeshView,
  TerminatingGatewayEntry,
} from '../../model/index.js';
import { entryOf, protocolOf } from '../discovery-chain/index.js';
import { boundGatewayCell } from './bound-gateway.js';
import { linkedServices } from './linked-gateways.js';
import { EVERY_SERVICE, plainServicesCell } from './plain-services.js';
import { type GatewayRouteKind, routeServices } from './route-acceptance.js';

/** One service that a gateway leads to, and how (consul-behaviour 1.3). What a kind of gateway does not have is empty. */
export interface GatewayService {
  readonly gateway: string;
  readonly service: string;
  readonly gatewayKind: 'ingress-gateway' | 'terminating-gateway' | 'api-gateway';
  /** Where the gateway listens for it; 0 = not said. */
  readonly port: number;
  readonly protocol: string;
  readonly hosts: readonly string[];
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
  readonly sni: string;
  readonly fromWildcard: boolean;
  /** `service`, `destination` (service-defaults with a destination), or '' for what is neither. */
  readonly serviceKind: '' | 'service' | 'destination';
  readonly autoHostRewrite: boolean;
}

/**
 * The services of every gateway entry of a name: wildcards resolved, what is named before what wildcards find, by service and port.
 * Key: the gateway's name.
 */
export const gatewayServicesCell: Cell<readonly GatewayService[]> = {
  kind: 'gateway-services',
  compute(view, name) {
    const ingress = entryOf(view, 'ingress-gateway', name);
    const terminating = entryOf(view, 'terminating-gateway', name);
    const api = entryOf(view, 'api-gateway', name);
    const rows = [
      ...(ingress ? ingressServices(view, ingress) : []),
      ...(terminating ? terminatingServices(view, terminating) : []),
      ...(api ? apiServices(view, api) : []),
    ];
    return rows.sort((left, right) => compare(left.service, right.service) || left.port - right.port);
  },
};

const NOTHING = { port: 0, protocol: '', hosts: [], caFile: '', certFile: '', keyFile: '', sni: '' } as const;

function ingressServices(view: MeshView, { name, listeners }: IngressGatewayEntry): readonly GatewayService[] {
  return (listeners ?? []).flatMap(({ port, protocol, services }) => {
    const row = (service: string, hosts: readonly string[], fromWildcard: boolean): GatewayService => ({
      ...NOTHING,
      gateway: name,
      service,
      gatewayKind: 'ingress-gateway',
      port,
      protocol,
      hosts,
      fromWildcard,
      serviceKind: serviceKindOf(view, service),
      autoHostRewrite: false,
    });
    const named = services.filter((service) => service.name !== EVERY_SERVICE);
    const known = new Set(named.map((service) => service.name));
    const others = services.length > named.length ? wildcardServices(view, protocol) : [];
    return [
      ...named.map((service) => row(service.name, service.hosts ?? [], false)),
      ...others.filter((service) => !known.has(service)).map((service) => row(service, [], true)),
    ];
  });
}

/** What a wildcard of an ingress gateway stands for at a listener of a protocol, sorted. */
function wildcardServices(view: MeshView, protocol: string): readonly string[] {
  return view.cell(plainServicesCell, '').filter((service) => protocolOf(view, service) === protocol);
}

function terminatingServices(view: MeshView, { name, services }: TerminatingGatewayEntry): readonly GatewayService[] {
  const settings = new Map((services ?? []).map((service) => [service.name, service]));
  const common = settings.get(EVERY_SERVICE);
  return linkedServices(view, name).flatMap((service) => {
    const own = settings.get(service);
    const link: LinkedService | undefined = own ?? common;
    if (link === undefined) return [];
    const { caFile, certFile, keyFile, sni, disableAutoHostRewrite } = link;
    return {
      ...NOTHING,
      gateway: name,
      service,
      gatewayKind: 'terminating-gateway',
      caFile,
      certFile,
      keyFile,
      sni,
      fromWildcard: own === undefined,
      serviceKind: serviceKindOf(view, service),
      autoHostRewrite: !disableAutoHostRewrite,
    };
  });
}

/** A service has one row for each listener that has a route to it. */
function apiServices(view: MeshView, gateway: ApiGatewayEntry): readonly GatewayService[] {
  const bound = view.cell(boundGatewayCell, gateway.name);
  return gateway.listeners.flatMap(({ name, port, protocol, hostname }) => {
    const routes = bound?.listeners.find((listener) => listener.name === name)?.routes ?? [];
    const services = routes.flatMap((route) => {
      const entry = entryOf(view, route.kind as GatewayRouteKind, route.name);
      return entry ? routeServices(entry) : [];
    });
    return [...new Set(services)].map((service) => ({
      ...NOTHING,
      gateway: gateway.name,
      service,
      gatewayKind: 'api-gateway',
      port,
      protocol,
      hosts: hostname === '' ? [] : [hostname],
      fromWildcard: false,
      serviceKind: serviceKindOf(view, service),
      autoHostRewrite: false,
    }));
  });
}

function serviceKindOf(view: MeshView, service: string): GatewayService['serviceKind'] {
  if (view.range('services', 'byName', [service]).length > 0) return 'service';
  return entryOf(view, 'service-defaults', service)?.destination === undefined ? '' : 'destination';
}

function compare(left: string, right: string): number {
  return left === right ? 0 : left < right ? -1 : 1;
}
