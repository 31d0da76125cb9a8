import {
  type Field,
  duration,
  integer,
  list,
  named,
  object,
  opaque,
  optional,
  text,
} from '../../../model/wire/index.js';
import { decodePlain, type EnvoyMessages, type PackedAny, packAny, typeNameOf } from '../../envoy-api/index.js';
import { durationOf } from '../config-sources.js';
import { mustBeOneOf } from './argument-rules.js';
import type { ArgumentProblem, ExtensionKind, NetworkFilter, PatchContext } from './extension.js';
import { type LogValue, logValueField, logValueProblems, otelKeyValues, otelValue } from './log-value.js';
import { type RetryPolicy, retryPolicyField, retryPolicyOf, retryPolicyProblems } from './retry-policy.js';
import {
  type GrpcServiceArguments,
  grpcServiceField,
  grpcServiceOf,
  headerProblems,
  targetProblems,
  toExtensionTarget,
} from './server-target.js';

interface OtelArguments {
  readonly proxyType: string;
  readonly listenerType: string;
  readonly config: OtelConfig;
}

interface OtelConfig {
  readonly logName: string;
  readonly grpcService: GrpcServiceArguments | undefined;
  /** 0 = Envoy's default (1 s). */
  readonly bufferFlushIntervalMs: number;
  /** Absent = Envoy's default (16 KiB); 0 = every line at once. */
  readonly bufferSizeBytes: number | undefined;
  readonly filterStateObjectsToLog: readonly string[];
  readonly retryPolicy: RetryPolicy | undefined;
  readonly body: LogValue | undefined;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly resourceAttributes: Readonly<Record<string, unknown>>;
}

const schema: Field<OtelArguments> = object<OtelArguments>({
  proxyType: text(),
  listenerType: text(),
  config: object<OtelConfig>({
    logName: text(),
    grpcService: grpcServiceField,
    bufferFlushIntervalMs: duration(),
    bufferSizeBytes: optional(integer()),
    filterStateObjectsToLog: list(text()),
    retryPolicy: named('RetryPolicy', retryPolicyField),
    body: logValueField,
    attributes: opaque(),
    resourceAttributes: opaque(),
  }),
});

const LOCAL_CLUSTER = 'local_access_log';
const LOGGER = 'envoy.access_loggers.open_telemetry';
const TCP_PROXY = 'envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy';

type Attributes = Readonly<Record<string, LogValue>>;
type AccessLog = EnvoyMessages['envoy.config.accesslog.v3.AccessLog'];

/** `builtin/otel-access-logging`: access logs go to an OpenTelemetry collector over gRPC (consul-behaviour 6.12). */
export const otelAccessLogging: ExtensionKind<OtelArguments> = {
  name: 'builtin/otel-access-logging',
  schema,
  check,
  changes: 'own',
  proxyType: ({ proxyType }) => proxyType || 'connect-proxy',
  order: {
    position: 'no-filter',
    reason:
      'it is one more access log beside those of AccessLogs; logs are written when a request or connection is over',
  },
  concerns: ({ listenerType }, place) =>
    place.resource === 'listener' && place.direction === (listenerType || 'inbound'),
  target: ({ config }) => config.grpcService && toExtensionTarget(config.grpcService.target, LOCAL_CLUSTER, true),
  patches: {
    manager: (manager, args, context) => ({
      ...manager,
      access_log: [...(manager.access_log ?? []), accessLog(args, context)],
    }),
    networkFilters: (filters, args, context) =>
      filters.some(isTcpProxy) ? filters.map((filter) => withAccessLog(filter, args, context)) : filters,
  },
};

function check({ proxyType, listenerType, config }: OtelArguments): readonly ArgumentProblem[] {
  const { grpcService, bufferFlushIntervalMs, bufferSizeBytes = 0 } = config;
  return [
    ...(proxyType === '' ? [] : mustBeOneOf('ProxyType', proxyType, ['connect-proxy'])),
    ...(listenerType === '' ? [] : mustBeOneOf('ListenerType', listenerType, ['inbound', 'outbound'])),
    ...(grpcService
      ? [
          ...targetProblems('Config.GrpcService.Target', grpcService.target),
          ...headerProblems('Config.GrpcService.InitialMetadata', grpcService.initialMetadata),
        ]
      : [{ path: 'Config.GrpcService', problem: 'is missing: it names the collector' }]),
    ...(bufferFlushIntervalMs < 0 ? [{ path: 'Config.BufferFlushInterval', problem: 'must not be negative' }] : []),
    ...(bufferSizeBytes < 0 || bufferSizeBytes >= 2 ** 32
      ? [{ path: 'Config.BufferSizeBytes', problem: 'must be from 0 to 4294967295' }]
      : []),
    ...(config.retryPolicy ? retryPolicyProblems('Config.RetryPolicy', config.retryPolicy) : []),
    ...Object.entries(config.attributes).flatMap(([key, value]) => logValueProblems(`Config.Attributes.${key}`, value)),
    ...Object.entries(config.resourceAttributes).flatMap(([key, value]) =>
      logValueProblems(`Config.ResourceAttributes.${key}`, value),
    ),
  ];
}

const isTcpProxy = ({ typed_config: config }: NetworkFilter): boolean =>
  config != null && typeNameOf((config as PackedAny).type_url) === TCP_PROXY;

/** TCP proxies write access logs of their own; other filters do not. */
function withAccessLog(filter: NetworkFilter, args: OtelArguments, context: PatchContext): NetworkFilter {
  if (!isTcpProxy(filter)) return filter;
  const proxy = decodePlain(TCP_PROXY, (filter.typed_config as PackedAny).value);
  const access_log = [...(proxy.access_log ?? []), accessLog(args, context)];
  return { ...filter, typed_config: packAny(TCP_PROXY, { ...proxy, access_log }) };
}

function accessLog({ listenerType, config }: OtelArguments, { targetCluster }: PatchContext): AccessLog {
  const { grpcService, bufferFlushIntervalMs, bufferSizeBytes, filterStateObjectsToLog, retryPolicy, body } = config;
  return {
    name: LOGGER,
    typed_config: packAny('envoy.extensions.access_loggers.open_telemetry.v3.OpenTelemetryAccessLogConfig', {
      common_config: {
        log_name: config.logName || listenerType || 'inbound',
        ...(grpcService ? { grpc_service: grpcServiceOf(grpcService, targetCluster) } : {}),
        transport_api_version: 'V3',
        ...(bufferFlushIntervalMs > 0 ? { buffer_flush_interval: durationOf(bufferFlushIntervalMs) } : {}),
        ...(bufferSizeBytes === undefined ? {} : { buffer_size_bytes: { value: bufferSizeBytes } }),
        filter_state_objects_to_log: [...filterStateObjectsToLog],
        ...(retryPolicy ? { grpc_stream_retry_policy: retryPolicyOf(retryPolicy) } : {}),
      },
      ...(body === undefined ? {} : { body: otelValue(body) }),
      attributes: otelKeyValues(config.attributes as Attributes),
      resource_attributes: otelKeyValues(config.resourceAttributes as Attributes),
    }),
  };
}
