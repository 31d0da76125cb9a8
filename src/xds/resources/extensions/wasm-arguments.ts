import { type Field, duration, list, map, named, object, optional, text } from '../../../model/wire/index.js';
import { mustBeGiven, mustBeOneOf } from './argument-rules.js';
import type { ArgumentProblem } from './extension.js';
import { type RetryPolicy, retryPolicyField, retryPolicyProblems } from './retry-policy.js';
import { type ServiceName, serviceNameField, serviceNameProblems } from './server-target.js';

/** Arguments of `builtin/wasm`. */
export interface WasmArguments {
  readonly proxyType: string;
  readonly protocol: string;
  readonly listenerType: string;
  readonly pluginConfig: WasmPlugin;
}

export interface WasmPlugin {
  readonly name: string;
  readonly rootId: string;
  readonly vmConfig: WasmVm;
  /** Handed to the plugin when it starts. */
  readonly configuration: string;
  readonly capabilityRestrictionConfiguration:
    | { readonly allowedCapabilities: Readonly<Record<string, object>> }
    | undefined;
}

export interface WasmVm {
  readonly vmId: string;
  readonly runtime: string;
  readonly code: { readonly local: { readonly filename: string } | undefined; readonly remote: RemoteCode | undefined };
  /** Handed to the machine when it starts. */
  readonly configuration: string;
  readonly environmentVariables:
    | { readonly hostEnvKeys: readonly string[]; readonly keyValues: Readonly<Record<string, string>> }
    | undefined;
}

export interface RemoteCode {
  readonly httpUri: { readonly service: ServiceName; readonly uri: string; readonly timeoutMs: number };
  readonly sha256: string;
  readonly retryPolicy: RetryPolicy | undefined;
}

/** Text for a plugin; an object is handed over as JSON, as plugins expect it. */
const configurationField: Field<string> = {
  ...text(),
  decode(input, path, context) {
    const isObject = typeof input === 'object' && input !== null;
    return isObject ? JSON.stringify(input) : text().decode(input, path, context);
  },
};

const remoteField: Field<RemoteCode | undefined> = optional(
  object<RemoteCode>({
    httpUri: named(
      'HttpURI',
      object<RemoteCode['httpUri']>({ service: serviceNameField, uri: text(), timeoutMs: duration() }),
    ),
    sha256: named('SHA256', text({ lowerCase: true })),
    retryPolicy: retryPolicyField,
  }),
);

export const wasmSchema: Field<WasmArguments> = object<WasmArguments>({
  proxyType: text(),
  protocol: text(),
  listenerType: text(),
  pluginConfig: object<WasmPlugin>({
    name: text(),
    rootId: text(),
    vmConfig: named(
      'VmConfig',
      object<WasmVm>({
        vmId: named('VmID', text()),
        runtime: text(),
        code: object<WasmVm['code']>({
          local: optional(object<{ readonly filename: string }>({ filename: text() })),
          remote: remoteField,
        }),
        configuration: configurationField,
        environmentVariables: optional(
          object<NonNullable<WasmVm['environmentVariables']>>({ hostEnvKeys: list(text()), keyValues: map(text()) }),
        ),
      }),
    ),
    configuration: configurationField,
    capabilityRestrictionConfiguration: optional(
      object<NonNullable<WasmPlugin['capabilityRestrictionConfiguration']>>({
        allowedCapabilities: map(object<object>({})),
      }),
    ),
  }),
});

const RUNTIMES = ['v8', 'wamr', 'wasmtime', 'wavm'];

/** What is wrong with arguments of the right form. */
export function wasmProblems({
  proxyType,
  protocol,
  listenerType,
  pluginConfig,
}: WasmArguments): readonly ArgumentProblem[] {
  const path = 'PluginConfig.VmConfig';
  const { runtime, code, environmentVariables } = pluginConfig.vmConfig;
  const twice = environmentVariables?.hostEnvKeys.find((key) => Object.hasOwn(environmentVariables.keyValues, key));
  return [
    ...(proxyType === '' ? [] : mustBeOneOf('ProxyType', proxyType, ['connect-proxy'])),
    ...mustBeOneOf('Protocol', protocol, ['tcp', 'http']),
    ...mustBeOneOf('ListenerType', listenerType, ['inbound', 'outbound']),
    ...(runtime === '' ? [] : mustBeOneOf(`${path}.Runtime`, runtime, RUNTIMES)),
    ...((code.local === undefined) === (code.remote === undefined)
      ? [{ path: `${path}.Code`, problem: 'must have a Local file or a Remote one, and not both' }]
      : []),
    ...(code.local ? mustBeGiven(`${path}.Code.Local.Filename`, code.local.filename) : []),
    ...(code.remote ? remoteProblems(`${path}.Code.Remote`, code.remote) : []),
    ...(twice === undefined
      ? []
      : [{ path: `${path}.EnvironmentVariables`, problem: `has "${twice}" in HostEnvKeys and in KeyValues` }]),
  ];
}

function remoteProblems(path: string, { httpUri, sha256, retryPolicy }: RemoteCode): readonly ArgumentProblem[] {
  return [
    ...serviceNameProblems(`${path}.HttpURI.Service`, httpUri.service),
    ...(/^https?:\/\/[^/\s]+\S*$/.test(httpUri.uri)
      ? []
      : [{ path: `${path}.HttpURI.URI`, problem: `must be a whole URL such as "http://files/plugin.wasm"` }]),
    ...(httpUri.timeoutMs < 0 ? [{ path: `${path}.HttpURI.Timeout`, problem: 'must not be negative' }] : []),
    ...(/^[0-9a-f]{64}$/.test(sha256)
      ? []
      : [{ path: `${path}.SHA256`, problem: 'must be the 64 hexadecimal digits of the file’s SHA-256' }]),
    ...(retryPolicy ? retryPolicyProblems(`${path}.RetryPolicy`, retryPolicy) : []),
  ];
}
