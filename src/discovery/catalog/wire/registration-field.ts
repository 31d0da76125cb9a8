import { proxyField } from '../../../model/definitions/index.js';
import type { Locality, ProxySettings, ServiceAddress, StringMap } from '../../../model/index.js';
import {
  type Field,
  flag,
  integer,
  list,
  map,
  named,
  object,
  opaque,
  optional,
  text,
} from '../../../model/wire/index.js';

/** A service in the body of `catalog/register`. */
export interface ServiceBody {
  readonly kind: string;
  readonly id: string;
  readonly service: string;
  readonly tags: readonly string[];
  readonly address: string;
  readonly port: number;
  readonly socketPath: string;
  readonly taggedAddresses: Readonly<Record<string, ServiceAddress>>;
  readonly meta: StringMap;
  readonly weights?: { readonly passing: number; readonly warning: number };
  readonly enableTagOverride: boolean;
  readonly proxy?: ProxySettings;
  readonly connect?: { readonly native: boolean };
  readonly locality?: Locality;
}

/** What a proxy has to let through for a check. */
export interface ExposedBody {
  readonly path: string;
  readonly port: number;
  readonly protocol: string;
}

/** A check in the body of `catalog/register`. */
export interface CheckBody {
  readonly node: string;
  readonly checkId: string;
  readonly name: string;
  readonly status: string;
  readonly notes: string;
  readonly output: string;
  readonly serviceId: string;
  readonly type: string;
  readonly interval: string;
  readonly timeout: string;
  readonly exposedPort: number;
  /** Told by client agents only: what the proxy has to let through. */
  readonly exposed?: ExposedBody;
  readonly definition: Readonly<Record<string, unknown>>;
}

/** The body of `catalog/register` (consul-behaviour.md 1.3). */
export interface RegistrationBody {
  readonly id: string;
  readonly node: string;
  readonly address: string;
  readonly datacenter: string;
  readonly taggedAddresses: StringMap;
  readonly nodeMeta: StringMap;
  readonly locality?: Locality;
  readonly service?: ServiceBody;
  readonly check?: CheckBody;
  readonly checks: readonly CheckBody[];
  readonly skipNodeUpdate: boolean;
}

/** What clients send back because they were once given it; it is ours to say. */
const REVISIONS = ['CreateIndex', 'ModifyIndex'];
/** Tenancy and peers are not stored; clients of the default ones may name them. */
const TENANCY = ['Namespace', 'Partition', 'PeerName'];

/** Reads where a node or service is. */
export const localityField: Field<Locality> = object<Locality>({ region: text(), zone: text() });

/** Reads a service of a registration. */
export const serviceField: Field<ServiceBody> = object<ServiceBody>(
  {
    kind: text(),
    id: text(),
    service: text(),
    tags: list(text()),
    address: text(),
    port: integer(),
    socketPath: text(),
    taggedAddresses: map(object<ServiceAddress>({ address: text(), port: integer() })),
    meta: map(text()),
    weights: optional(object<{ passing: number; warning: number }>({ passing: integer(), warning: integer() })),
    enableTagOverride: flag(),
    proxy: optional(proxyField('catalog')),
    connect: optional(object<{ native: boolean }>({ native: flag() }, { ignored: ['SidecarService', 'PeerMeta'] })),
    locality: optional(localityField),
  },
  { ignored: [...REVISIONS, ...TENANCY, 'ContentHash', 'Datacenter'] },
);

const exposedField: Field<ExposedBody> = object<ExposedBody>({ path: text(), port: integer(), protocol: text() });

/** Reads a check of a registration. */
export const checkField: Field<CheckBody> = object<CheckBody>(
  {
    node: text(),
    checkId: named('CheckID', text()),
    name: text(),
    status: text(),
    notes: text(),
    output: text(),
    serviceId: named('ServiceID', text()),
    type: text(),
    interval: text(),
    timeout: text(),
    exposedPort: integer(),
    exposed: named('MeshwrightExposed', optional(exposedField)),
    definition: opaque(),
  },
  { ignored: [...REVISIONS, ...TENANCY, 'ServiceName', 'ServiceTags'] },
);

/** Reads the body of `catalog/register`. */
export const registrationField: Field<RegistrationBody> = object<RegistrationBody>(
  {
    id: text(),
    node: text(),
    address: text(),
    datacenter: text(),
    taggedAddresses: map(text()),
    nodeMeta: map(text()),
    locality: optional(localityField),
    service: optional(serviceField),
    check: optional(checkField),
    checks: list(checkField),
    skipNodeUpdate: flag(),
  },
  { ignored: [...TENANCY, 'WriteRequest'] },
);

/** The body of `catalog/deregister`. */
export interface DeregistrationBody {
  readonly node: string;
  readonly serviceId: string;
  readonly checkId: string;
  readonly datacenter: string;
}

/** Reads the body of `catalog/deregister`. */
export const deregistrationField: Field<DeregistrationBody> = object<DeregistrationBody>(
  { node: text(), serviceId: named('ServiceID', text()), checkId: named('CheckID', text()), datacenter: text() },
  { ignored: ['Address', ...TENANCY] },
);
