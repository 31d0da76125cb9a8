import { type Field, always, flag, integer, list, map, nullable, object, optional, text } from '../wire/index.js';
import type { StringMap } from '../records/common.js';
import type { EntryKind } from './entry-kind.js';
import { ingressListenersProblem } from './rules/ingress-listeners.js';
import { metaProblem } from './rules/meta.js';
import { type Problem, firstProblem } from './rules/problems.js';
import { countProblem } from './rules/range.js';
import { type EntryAccess, type Requirement, meshRights, serviceRight } from './rules/requirement.js';
import { tlsParametersProblem } from './rules/tls.js';
import {
  type HeaderModifiers,
  headerModifiersField,
  ignoredFields,
  kindField,
  metaField,
  nameField,
} from './shared-fields.js';
import { type PassiveHealthCheck, passiveHealthCheckField, passiveHealthCheckProblems } from './traffic/index.js';

/** Where the ingress gateways of this name listen, and for which services (consul-behaviour 4.7). */
export interface IngressGatewayEntry {
  readonly kind: 'ingress-gateway';
  readonly name: string;
  readonly tls: IngressTls;
  /** Null when never given: shown so, and the same as none. */
  readonly listeners: readonly IngressListener[] | null;
  readonly defaults?: IngressDefaults;
  readonly meta: StringMap;
}

/** Versions `TLS_AUTO`, `TLSv1_0` … `TLSv1_3` or ''; cipher suites in Consul's (IANA) names. */
export interface IngressTls {
  /** The gateway serves TLS with a certificate of the mesh. */
  readonly enabled: boolean;
  readonly sds?: IngressSds;
  readonly tlsMinVersion: string;
  readonly tlsMaxVersion: string;
  readonly cipherSuites: readonly string[];
}

/** A certificate that the gateway's Envoy gets from a cluster of its own bootstrap. '' = that of the level above. */
export interface IngressSds {
  readonly clusterName: string;
  readonly certResource: string;
}

export interface IngressListener {
  readonly port: number;
  /** `tcp`, `http`, `http2` or `grpc`. */
  readonly protocol: string;
  readonly tls?: IngressTls;
  readonly services: readonly IngressService[];
}

/** Limits of 0 are not given. */
export interface IngressService {
  /** `*` = every service with the protocol of the listener. */
  readonly name: string;
  /** None = `<service>.ingress.*`. */
  readonly hosts: readonly string[] | null;
  readonly tls?: { readonly sds?: IngressSds };
  readonly meta: StringMap;
  readonly requestHeaders?: HeaderModifiers;
  readonly responseHeaders?: HeaderModifiers;
  readonly maxConnections: number;
  readonly maxPendingRequests: number;
  readonly maxConcurrentRequests: number;
  readonly passiveHealthCheck?: PassiveHealthCheck;
}

/** For every service of the gateway that has no limits of its own. */
export interface IngressDefaults {
  readonly maxConnections: number;
  readonly maxPendingRequests: number;
  readonly maxConcurrentRequests: number;
  readonly passiveHealthCheck?: PassiveHealthCheck;
}

const sdsField = optional(object<IngressSds>({ clusterName: text(), certResource: text() }));

const tlsField = object<IngressTls>({
  enabled: always(flag()),
  sds: sdsField,
  tlsMinVersion: text(),
  tlsMaxVersion: text(),
  cipherSuites: list(text()),
});

const schema: Field<IngressGatewayEntry> = object<IngressGatewayEntry>(
  {
    kind: kindField('ingress-gateway'),
    name: nameField,
    tls: tlsField,
    listeners: nullable(
      list(
        object<IngressListener>({
          port: always(integer()),
          protocol: always(text({ lowerCase: true })),
          tls: optional(tlsField),
          services: always(
            list(
              object<IngressService>({
                name: always(text()),
                hosts: nullable(list(text())),
                tls: optional(object<{ readonly sds?: IngressSds }>({ sds: sdsField })),
                meta: map(text()),
                requestHeaders: optional(headerModifiersField),
                responseHeaders: optional(headerModifiersField),
                maxConnections: integer(),
                maxPendingRequests: integer(),
                maxConcurrentRequests: integer(),
                passiveHealthCheck: optional(passiveHealthCheckField),
              }),
            ),
          ),
        }),
      ),
    ),
    defaults: optional(
      object<IngressDefaults>({
        maxConnections: always(integer()),
        maxPendingRequests: always(integer()),
        maxConcurrentRequests: always(integer()),
        passiveHealthCheck: optional(passiveHealthCheckField),
      }),
    ),
    meta: metaField,
  },
  { ignored: ignoredFields },
);

/** Listeners without a protocol speak tcp. */
function normalize(entry: IngressGatewayEntry): IngressGatewayEntry {
  const listeners = entry.listeners?.map((listener) => ({ ...listener, protocol: listener.protocol || 'tcp' }));
  return { ...entry, listeners: listeners ?? null };
}

/** The first thing wrong with a normalised entry. */
function validate(entry: IngressGatewayEntry): Problem {
  if (entry.name === '') return 'Name is required';
  return (
    tlsParametersProblem('TLS', entry.tls) ??
    limitsProblem('Defaults', entry.defaults) ??
    ingressListenersProblem(entry) ??
    firstProblem(entry.listeners ?? [], ({ tls, services }, position) => {
      const at = `Listeners[${position}]`;
      const problem = tls && tlsParametersProblem(`${at}.TLS`, tls);
      if (problem !== undefined) return problem;
      return firstProblem(services, (service, index) => limitsProblem(`${at}.Services[${index}]`, service));
    }) ??
    metaProblem(entry.meta)
  );
}

function limitsProblem(at: string, limits: IngressDefaults | undefined): Problem {
  if (limits === undefined) return undefined;
  const health = passiveHealthCheckProblems(limits.passiveHealthCheck).find((problem) => problem !== undefined);
  return (
    countProblem(`${at}.MaxConnections`, limits.maxConnections, 0) ??
    countProblem(`${at}.MaxPendingRequests`, limits.maxPendingRequests, 0) ??
    countProblem(`${at}.MaxConcurrentRequests`, limits.maxConcurrentRequests, 0) ??
    (health === undefined ? undefined : `${at}.${health}`)
  );
}

function requires(entry: IngressGatewayEntry, access: EntryAccess): readonly Requirement[] {
  return access === 'read' ? [serviceRight(entry.name, 'read')] : meshRights('write');
}

/** Names of the services it exposes. */
function references(entry: IngressGatewayEntry): readonly string[] {
  const named = (entry.listeners ?? []).flatMap(({ services }) => services.map(({ name }) => name));
  return [...new Set(named)].filter((name) => name !== '*').sort();
}

export const ingressGateway: EntryKind<IngressGatewayEntry> = { schema, normalize, validate, requires, references };
