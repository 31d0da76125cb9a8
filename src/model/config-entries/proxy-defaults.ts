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
  readonly prioritizeByLocality?: OpaqueConfig;
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

export const schema: Field<ProxyDefaultsEntry> = object<ProxyDefaultsEntry>(
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
    prioritizeByLocality: optional(opaque()),
    meta: metaField,
  },
  { ignored: ignoredFields },
);
