import type { ProxySettings } from './proxy.js';
import type { Locality, Revisions, ServiceAddress, StringMap } from './common.js';

/** A machine. Key: `nodeKey(node)` (lower case). */
export interface NodeRecord extends Revisions {
  readonly id: string;
  readonly node: string;
  readonly address: string;
  readonly datacenter: string;
  readonly taggedAddresses: StringMap;
  readonly meta: StringMap;
  readonly locality?: Locality;
  /** Of a renamed node: its createIndex under its first name. */
  readonly firstCreateIndex?: number;
}

export type ServiceKind =
  | ''
  | 'connect-proxy'
  | 'mesh-gateway'
  | 'terminating-gateway'
  | 'ingress-gateway'
  | 'api-gateway';

/** A service instance on a node. Key: `serviceKey(node, id)`. */
export interface ServiceRecord extends Revisions {
  readonly node: string;
  readonly kind: ServiceKind;
  readonly id: string;
  readonly service: string;
  readonly tags: readonly string[];
  readonly address: string;
  readonly port: number;
  readonly socketPath: string;
  readonly taggedAddresses: Readonly<Record<string, ServiceAddress>>;
  readonly meta: StringMap;
  readonly weights: { readonly passing: number; readonly warning: number };
  readonly enableTagOverride: boolean;
  readonly proxy?: ProxySettings;
  readonly connect: { readonly native: boolean };
  readonly locality?: Locality;
}

export type CheckStatus = 'passing' | 'warning' | 'critical';

/** The id of the check by which an agent says of its node that it is alive. */
export const SERF_HEALTH = 'serfHealth';

/** What a proxy has to let through for a check: a path at a port of the application. */
export interface ExposedCheck {
  readonly path: string;
  readonly port: number;
  readonly protocol: 'http' | 'http2';
}

/** A health check's last result. `serviceId` is empty for a node check. Key: `checkKey(node, checkId)`. */
export interface CheckRecord extends Revisions {
  readonly node: string;
  readonly checkId: string;
  readonly name: string;
  readonly status: CheckStatus;
  readonly notes: string;
  readonly output: string;
  readonly serviceId: string;
  readonly serviceName: string;
  readonly serviceTags: readonly string[];
  readonly type: string;
  readonly interval: string;
  readonly timeout: string;
  /** Where a proxy of the service lets the check through; 0 = it does not. */
  readonly exposedPort: number;
  /** What of the application the check looks at, while it goes through a proxy. */
  readonly exposed?: ExposedCheck;
  /** The definition as registered, in wire spelling; shown, never run from here. */
  readonly definition: Readonly<Record<string, unknown>>;
}

/** The virtual IP of a service name (240.0.0.0/4), and the last one handed out (`service` empty). Key: service name. */
export interface VirtualIpRecord extends Revisions {
  readonly service: string;
  readonly ip: string;
  readonly manualIps: readonly string[];
}

/** Handed back virtual IPs, and under the key `next` the next fresh one. */
export interface FreeVirtualIpRecord extends Revisions {
  readonly ip: string;
}
