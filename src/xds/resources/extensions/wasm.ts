import { isHttpLike } from '../../../mesh/discovery-chain/index.js';
import { packAny } from '../../envoy-api/index.js';
import { durationOf } from '../config-sources.js';
import type { ExtensionKind, PatchContext } from './extension.js';
import { insertHttpFilter, insertNetworkFilter } from './filter-position.js';
import { retryPolicyOf } from './retry-policy.js';
import { type RemoteCode, type WasmArguments, type WasmVm, wasmProblems, wasmSchema } from './wasm-arguments.js';

const POSITION = 'before-last';
const DEFAULT_FETCH_TIMEOUT_MS = 1000;

/** `builtin/wasm`: a WebAssembly plugin sees requests, or connections (consul-behaviour 6.12). */
export const wasm: ExtensionKind<WasmArguments> = {
  name: 'builtin/wasm',
  schema: wasmSchema,
  check: wasmProblems,
  changes: 'own',
  proxyType: ({ proxyType }) => proxyType || 'connect-proxy',
  order: { position: POSITION, reason: 'a plugin sees only what intentions let through, right before it is passed on' },
  concerns: ({ protocol, listenerType }, place) =>
    place.resource === 'listener' &&
    place.direction === listenerType &&
    isHttpLike(place.protocol) === (protocol === 'http'),
  target: ({ pluginConfig }) => {
    const { remote } = pluginConfig.vmConfig.code;
    return remote && { type: 'upstream', service: remote.httpUri.service.name, http2: false };
  },
  patches: {
    httpFilters: (filters, args, context) =>
      args.protocol === 'http'
        ? insertHttpFilter(filters, POSITION, {
            name: 'envoy.filters.http.wasm',
            typed_config: packAny('envoy.extensions.filters.http.wasm.v3.Wasm', { config: plugin(args, context) }),
          })
        : filters,
    networkFilters: (filters, args, context) =>
      args.protocol === 'tcp'
        ? insertNetworkFilter(filters, POSITION, {
            name: 'envoy.filters.network.wasm',
            typed_config: packAny('envoy.extensions.filters.network.wasm.v3.Wasm', { config: plugin(args, context) }),
          })
        : filters,
  },
};

function plugin({ pluginConfig }: WasmArguments, { required, targetCluster }: PatchContext) {
  const { name, rootId, vmConfig, configuration, capabilityRestrictionConfiguration: restriction } = pluginConfig;
  return {
    ...(name === '' ? {} : { name }),
    ...(rootId === '' ? {} : { root_id: rootId }),
    vm_config: machine(vmConfig, targetCluster),
    ...(configuration === '' ? {} : { configuration: textValue(configuration) }),
    // What came after it (`failure_policy`) is not known to the oldest Envoys that are served.
    ...(required ? {} : { fail_open: true }),
    ...(restriction
      ? {
          capability_restriction_config: {
            allowed_capabilities: sorted(restriction.allowedCapabilities, () => ({})),
          },
        }
      : {}),
  };
}

function machine({ vmId, runtime, code, configuration, environmentVariables }: WasmVm, cluster: string) {
  return {
    ...(vmId === '' ? {} : { vm_id: vmId }),
    runtime: `envoy.wasm.runtime.${runtime || 'v8'}`,
    code: code.remote
      ? { remote: remoteSource(code.remote, cluster) }
      : { local: { filename: code.local?.filename ?? '' } },
    ...(configuration === '' ? {} : { configuration: textValue(configuration) }),
    ...(environmentVariables
      ? {
          environment_variables: {
            host_env_keys: [...environmentVariables.hostEnvKeys],
            key_values: sorted(environmentVariables.keyValues, (value) => value),
          },
        }
      : {}),
  };
}

function remoteSource({ httpUri, sha256, retryPolicy }: RemoteCode, cluster: string) {
  return {
    http_uri: { uri: httpUri.uri, cluster, timeout: durationOf(httpUri.timeoutMs || DEFAULT_FETCH_TIMEOUT_MS) },
    sha256,
    ...(retryPolicy ? { retry_policy: retryPolicyOf(retryPolicy) } : {}),
  };
}

const textValue = (value: string) => packAny('google.protobuf.StringValue', { value });

/** A map in the order of its keys: the same arguments are the same bytes. */
function sorted<Item, Value>(map: Readonly<Record<string, Item>>, toValue: (item: Item) => Value) {
  const entries = Object.entries(map).sort(([left], [right]) => (left < right ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, toValue(item)]));
}
