import { type Field, always, flag, integer, list, map, object, oneOf, opaque, text } from '../wire/index.js';
import type { StringMap } from '../records/common.js';
import type {
  AccessLogSettings,
  EnvoyExtension,
  ExposePath,
  ExposeSettings,
  MeshGatewayMode,
  ProxyMode,
} from '../records/proxy.js';

/** Names that every entry's body may carry: revisions of an earlier read, and the only namespace and partition there are. */
export const ignoredFields: readonly string[] = ['CreateIndex', 'ModifyIndex', 'Hash'];

/** The same for kinds whose conditions are shown with them: what a body says of them is not looked at. */
export const statusFields: readonly string[] = [...ignoredFields, 'Status'];

export const kindField = <Kind extends string>(kind: Kind): Field<Kind> => ({
  empty: kind,
  shown: 'always',
  isEmpty: () => false,
  decode: () => kind,
  encode: (value) => value,
});

export const nameField: Field<string> = always(text());
export const metaField: Field<StringMap> = map(text());

export const meshGatewayField: Field<{ readonly mode: MeshGatewayMode }> = object({
  mode: oneOf(['none', 'local', 'remote']),
});

export const proxyModeField: Field<ProxyMode> = oneOf(['direct', 'transparent']);
export const mutualTlsModeField: Field<MutualTlsMode> = text() as Field<MutualTlsMode>;

export type MutualTlsMode = '' | 'strict' | 'permissive';

/** Settings of transparent proxies that central configuration may give (consul-behaviour 4.1). */
export interface TransparentProxySettings {
  readonly outboundListenerPort: number;
  readonly dialedDirectly: boolean;
}

export const transparentProxyField: Field<TransparentProxySettings> = object<TransparentProxySettings>(
  {
    outboundListenerPort: integer(),
    dialedDirectly: flag(),
  },
  { exactNames: true },
);

export const exposeField: Field<ExposeSettings> = object<ExposeSettings>({
  checks: flag(),
  paths: list(
    object<ExposePath>({
      listenerPort: integer(),
      path: text(),
      localPathPort: integer(),
      protocol: text(),
      parsedFromCheck: flag(),
    }),
  ),
});

export const accessLogsField: Field<AccessLogSettings> = object<AccessLogSettings>({
  enabled: flag(),
  disableListenerLogs: flag(),
  type: text() as Field<AccessLogSettings['type']>,
  path: text(),
  jsonFormat: text(),
  textFormat: text(),
});

export const envoyExtensionsField: Field<readonly EnvoyExtension[]> = list(
  object<EnvoyExtension>({
    name: always(text()),
    required: always(flag()),
    arguments: always(opaque()),
    consulVersion: always(text()),
    envoyVersion: always(text()),
  }),
);

/** What to do with the headers of a request or an answer (consul-behaviour 4.3). Names and values as the user wrote them. */
export interface HeaderModifiers {
  readonly add: StringMap;
  readonly set: StringMap;
  readonly remove: readonly string[];
}

export const headerModifiersField: Field<HeaderModifiers> = object<HeaderModifiers>({
  add: map(text()),
  set: map(text()),
  remove: list(text()),
});
