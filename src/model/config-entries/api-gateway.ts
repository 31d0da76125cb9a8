import { type Field, always, integer, list, nullable, object, optional, text } from '../wire/index.js';
import type { StringMap } from '../records/common.js';
import type { EntryKind } from './entry-kind.js';
import { type ResourceReference, resourceReferenceField } from './resource-reference.js';
import { isHostname, isWildcardHostname, quoted } from './rules/hostname.js';
import { metaProblem } from './rules/meta.js';
import { type Problem, firstProblem } from './rules/problems.js';
import { type EntryAccess, type Requirement, meshRights, serviceRight } from './rules/requirement.js';
import { tlsParametersProblem } from './rules/tls.js';
import { kindField, metaField, nameField, statusFields } from './shared-fields.js';

/** Where the API gateways of this name listen (consul-behaviour 4.9); what they lead to is said by routes. */
export interface ApiGatewayEntry {
  readonly kind: 'api-gateway';
  readonly name: string;
  readonly listeners: readonly ApiGatewayListener[];
  readonly meta: StringMap;
}

export interface ApiGatewayListener {
  readonly name: string;
  /** '' = every host; `*.` may begin it. */
  readonly hostname: string;
  readonly port: number;
  /** `http` or `tcp`. */
  readonly protocol: string;
  readonly tls: ApiGatewayTls;
  /** Policies; what they can hold is not part of this edition of the API. */
  readonly override?: ApiGatewayPolicy;
  readonly default?: ApiGatewayPolicy;
}

/** `certificates` is null when never given: the listener speaks no TLS. */
export interface ApiGatewayTls {
  readonly certificates: readonly ResourceReference[] | null;
  readonly maxVersion: string;
  readonly minVersion: string;
  readonly cipherSuites: readonly string[] | null;
}

export interface ApiGatewayPolicy {
  readonly jwt?: Readonly<Record<string, never>>;
}

const policyField = optional(object<ApiGatewayPolicy>({ jwt: optional(object<Readonly<Record<string, never>>>({})) }));

const schema: Field<ApiGatewayEntry> = object<ApiGatewayEntry>(
  {
    kind: kindField('api-gateway'),
    name: nameField,
    listeners: always(
      list(
        object<ApiGatewayListener>({
          name: always(text()),
          hostname: always(text()),
          port: always(integer()),
          protocol: always(text({ lowerCase: true })),
          tls: object<ApiGatewayTls>({
            certificates: nullable(list(resourceReferenceField)),
            maxVersion: always(text()),
            minVersion: always(text()),
            cipherSuites: nullable(list(text())),
          }),
          override: policyField,
          default: policyField,
        }),
      ),
    ),
    meta: metaField,
  },
  { ignored: statusFields },
);

const INLINE = 'inline-certificate';
const CERTIFICATE_KINDS = [INLINE, 'file-system-certificate'];
const LISTENER_NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const LONGEST_LISTENER_NAME = 253;

/** References to certificates with their kind. */
function normalize(entry: ApiGatewayEntry): ApiGatewayEntry {
  return { ...entry, listeners: entry.listeners.map(normalizeListener) };
}

function normalizeListener(listener: ApiGatewayListener): ApiGatewayListener {
  const { certificates } = listener.tls;
  const withKinds = certificates && certificates.map((one) => ({ ...one, kind: one.kind === '' ? INLINE : one.kind }));
  return { ...listener, tls: { ...listener.tls, certificates: withKinds } };
}

/** The first thing wrong with a normalised entry. What it refers to need not be there yet: its conditions tell. */
function validate({ name, listeners, meta }: ApiGatewayEntry): Problem {
  if (name === '') return 'Name is required';
  if (listeners.length === 0) return 'Listeners: api gateway must have at least one listener';
  return (
    firstProblem(listeners, (listener, position) => listenerProblem(`Listeners[${position}]`, listener)) ??
    firstProblem(listeners, (listener, position) => togetherProblem(listeners, listener, position)) ??
    metaProblem(meta)
  );
}

function listenerProblem(at: string, { name, hostname, port, protocol, tls }: ApiGatewayListener): Problem {
  if (name.length > LONGEST_LISTENER_NAME || !LISTENER_NAME.test(name))
    return (
      `${at}.Name: listener name ${quoted(name)} must only contain lowercase letters, digits, "-" and ".", ` +
      'and begin and end with a letter or digit'
    );
  if (protocol !== 'http' && protocol !== 'tcp')
    return `${at}.Protocol: unsupported listener protocol "${protocol}", must be one of 'tcp', or 'http'`;
  if (port < 1 || port > 65_535) return `${at}.Port: port ${port} not in the range 1-65535`;
  return hostnameProblem(`${at}.Hostname`, hostname, protocol) ?? tlsProblem(`${at}.TLS`, tls);
}

function hostnameProblem(at: string, hostname: string, protocol: string): Problem {
  if (hostname === '') return undefined;
  if (protocol === 'tcp') return `${at}: hostname specification is not supported when using TCP`;
  if (isHostname(hostname) || isWildcardHostname(hostname)) return undefined;
  return (
    `${at}: host ${quoted(hostname)} is not valid, it must be a DNS hostname; ` +
    'a wildcard specifier is only allowed as the leftmost label'
  );
}

function tlsProblem(at: string, { certificates, minVersion, maxVersion, cipherSuites }: ApiGatewayTls): Problem {
  const parameters = { tlsMinVersion: minVersion, tlsMaxVersion: maxVersion, cipherSuites: cipherSuites ?? [] };
  return (
    tlsParametersProblem(at, parameters)?.replace(`${at}.TLS`, `${at}.`) ??
    firstProblem(certificates ?? [], ({ kind, name }, position) => {
      const where = `${at}.Certificates[${position}]`;
      if (!CERTIFICATE_KINDS.includes(kind))
        return `${where}: unsupported certificate kind: "${kind}", must be 'inline-certificate' or 'file-system-certificate'`;
      return name === '' ? `${where}: certificate reference must have a name` : undefined;
    })
  );
}

/** Names are unique; a port has one protocol and, for one protocol, one listener of each hostname is enough. */
function togetherProblem(
  listeners: readonly ApiGatewayListener[],
  { name, port, protocol, hostname }: ApiGatewayListener,
  position: number,
): Problem {
  const earlier = listeners.slice(0, position);
  if (earlier.some((other) => other.name === name))
    return `Listeners[${position}].Name: found multiple listeners with the name "${name}"`;
  const samePort = earlier.find((other) => other.port === port);
  if (samePort === undefined || (samePort.protocol === protocol && samePort.hostname === hostname)) return undefined;
  return (
    `Listeners[${position}].Port: port ${port} is also that of listener "${samePort.name}": ` +
    'listeners on one port must have the same protocol and hostname'
  );
}

function requires(entry: ApiGatewayEntry, access: EntryAccess): readonly Requirement[] {
  return access === 'read' ? [serviceRight(entry.name, 'read')] : meshRights('write');
}

/** What it leads to is said by routes. */
function references(_entry: ApiGatewayEntry): readonly string[] {
  return [];
}

export const apiGateway: EntryKind<ApiGatewayEntry> = { schema, normalize, validate, requires, references };
