import { type Field, list, nullable, object, opaque, optional, text } from '../wire/index.js';
import type { StringMap } from '../records/common.js';
import type {
  AccessLogSettings,
  EnvoyExtension,
  ExposeSettings,
  MeshGatewayMode,
  OpaqueConfig,
  ProxyMode,
} from '../records/proxy.js';
import {
  type MutualTlsMode,
  type TransparentProxySettings,
  accessLogsField,
  envoyExtensionsField,
  exposeField,
  ignoredFields,
  kindField,
  meshGatewayField,
  metaField,
  mutualTlsModeField,
  nameField,
  proxyModeField,
  transparentProxyField,
} from './shared-fields.js';
import type { EntryKind } from './entry-kind.js';
import { extensionProblems } from './rules/extensions.js';
import { accessLogsProblem } from './rules/access-logs.js';
import { metaProblem } from './rules/meta.js';
import { exposeProblem, mutualTlsModeProblem, outboundPortProblem } from './rules/modes.js';
import { type Problem, listedProblems } from './rules/problems.js';
import { type EntryAccess, type Requirement, meshRights } from './rules/requirement.js';
import { type PrioritizeByLocality, prioritizeByLocalityField, prioritizeByLocalityProblem } from './traffic/index.js';

/** Defaults for every proxy (consul-behaviour 4.2); its only name is `global`. */
export interface ProxyDefaultsEntry {
  readonly kind: 'proxy-defaults';
  readonly name: string;
  /** Opaque keys (consul-behaviour 6.13); `protocol` here is the protocol of services that name none. Null when never given. */
  readonly config: OpaqueConfig | null;
  readonly mode: ProxyMode;
  readonly transparentProxy: TransparentProxySettings;
  readonly mutualTlsMode: MutualTlsMode;
  readonly meshGateway: { readonly mode: MeshGatewayMode };
  readonly expose: ExposeSettings;
  readonly accessLogs: AccessLogSettings;
  readonly envoyExtensions: readonly EnvoyExtension[];
  readonly failoverPolicy?: FailoverPolicy;
  readonly prioritizeByLocality?: PrioritizeByLocality;
  readonly meta: StringMap;
}

/** In which order failover goes through its targets. */
export interface FailoverPolicy {
  readonly mode: string;
  readonly regions: readonly string[];
}

export const failoverPolicyField: Field<FailoverPolicy> = object<FailoverPolicy>({
  mode: text(),
  regions: list(text()),
});

const schema: Field<ProxyDefaultsEntry> = object<ProxyDefaultsEntry>(
  {
    kind: kindField('proxy-defaults'),
    name: nameField,
    config: nullable(opaque()),
    mode: proxyModeField,
    transparentProxy: transparentProxyField,
    mutualTlsMode: mutualTlsModeField,
    meshGateway: meshGatewayField,
    expose: exposeField,
    accessLogs: accessLogsField,
    envoyExtensions: envoyExtensionsField,
    failoverPolicy: optional(failoverPolicyField),
    prioritizeByLocality: optional(prioritizeByLocalityField),
    meta: metaField,
  },
  { ignored: ignoredFields },
);

/** There is one, so that its name may be left out. */
function normalize(entry: ProxyDefaultsEntry): ProxyDefaultsEntry {
  return entry.name === '' ? { ...entry, name: 'global' } : entry;
}

/** The first thing wrong with a normalised entry. */
function validate(entry: ProxyDefaultsEntry): Problem {
  if (entry.name !== 'global') return `Name: invalid name ("${entry.name}"), only "global" is supported`;
  return (
    mutualTlsModeProblem(entry.mutualTlsMode) ??
    accessLogsProblem(entry.accessLogs) ??
    outboundPortProblem(entry.transparentProxy) ??
    exposeProblem(entry.expose) ??
    listedProblems(extensionProblems(entry.envoyExtensions)) ??
    prioritizeByLocalityProblem(entry.prioritizeByLocality) ??
    metaProblem(entry.meta)
  );
}

function requires(_entry: ProxyDefaultsEntry, access: EntryAccess): readonly Requirement[] {
  return meshRights(access);
}

/** Names of the services this entry speaks of. */
function references(_entry: ProxyDefaultsEntry): readonly string[] {
  return [];
}

export const proxyDefaults: EntryKind<ProxyDefaultsEntry> = { schema, normalize, validate, requires, references };
