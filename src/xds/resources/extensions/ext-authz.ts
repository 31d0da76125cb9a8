import { AppError } from '../../../core/index.js';
import { isHttpLike } from '../../../mesh/discovery-chain/index.js';
import { type EnvoyMessages, loadEnvoyApi, type PackedAny, packAny } from '../../envoy-api/index.js';
import { durationOf } from '../config-sources.js';
import {
  type ExtAuthzArguments,
  type ExtAuthzConfig,
  extAuthzProblems,
  extAuthzSchema,
  type HttpAuthzService,
} from './ext-authz-arguments.js';
import type { ExtensionKind, ExtensionTarget, PatchContext } from './extension.js';
import { insertWhere } from './insert-options.js';
import { grpcServiceOf, headerOf, toExtensionTarget } from './server-target.js';
import { stringMatchers } from './string-matchers.js';

type HttpFilterConfig = EnvoyMessages['envoy.extensions.filters.http.ext_authz.v3.ExtAuthz'];
type StatusCode = NonNullable<NonNullable<HttpFilterConfig['status_on_error']>['code']>;

const LOCAL_CLUSTER = 'local_ext_authz';
const ROUTER = 'envoy.filters.http.router';
const TCP_PROXY = 'envoy.filters.network.tcp_proxy';

/** Envoy refuses a call over HTTP without a time limit. */
const DEFAULT_HTTP_TIMEOUT_MS = 1000;

/** `builtin/ext-authz`: a server decides about every request, or every connection (consul-behaviour 6.12). */
export const extAuthz: ExtensionKind<ExtAuthzArguments> = {
  name: 'builtin/ext-authz',
  schema: extAuthzSchema,
  check: extAuthzProblems,
  changes: 'own',
  proxyType: ({ proxyType }) => proxyType || 'connect-proxy',
  order: {
    position: 'before-last',
    reason:
      'the server is asked only about what intentions let through, and is told who calls; `InsertOptions` puts it elsewhere',
  },
  concerns: ({ listenerType }, place) =>
    place.resource === 'listener' && place.direction === (listenerType || 'inbound'),
  target: ({ config }): ExtensionTarget | undefined => {
    if (config.grpcService) return toExtensionTarget(config.grpcService.target, LOCAL_CLUSTER, true);
    return config.httpService && toExtensionTarget(config.httpService.target, LOCAL_CLUSTER, false);
  },
  patches: {
    httpFilters: (filters, { config, insertOptions }, context) =>
      insertWhere(filters, insertOptions, ROUTER, {
        name: 'envoy.filters.http.ext_authz',
        typed_config: requestFilter(config, context),
      }),
    networkFilters: (filters, { config, insertOptions }, context) => {
      if (isHttpLike(context.place.protocol)) return filters;
      return insertWhere(filters, insertOptions, TCP_PROXY, {
        name: 'envoy.filters.network.ext_authz',
        typed_config: connectionFilter(config, context),
      });
    },
  },
};

function requestFilter(config: ExtAuthzConfig, { required, targetCluster }: PatchContext): PackedAny {
  const { grpcService, httpService, bootstrapMetadataLabelsKey, statusOnError, withRequestBody } = config;
  const allowedHeaders = stringMatchers(httpService?.authorizationRequest.allowedHeaders ?? []);
  const code = loadEnvoyApi().enumName('envoy.type.v3.StatusCode', statusOnError);
  return packAny('envoy.extensions.filters.http.ext_authz.v3.ExtAuthz', {
    stat_prefix: config.statPrefix || 'response',
    transport_api_version: 'V3',
    failure_mode_allow: !required,
    ...(grpcService ? { grpc_service: grpcServiceOf(grpcService, targetCluster) } : {}),
    ...(httpService ? { http_service: httpServiceOf(httpService, targetCluster) } : {}),
    ...(allowedHeaders ? { allowed_headers: allowedHeaders } : {}),
    metadata_context_namespaces: [...config.metadataContextNamespaces, 'consul'],
    ...(bootstrapMetadataLabelsKey === '' ? {} : { bootstrap_metadata_labels_key: bootstrapMetadataLabelsKey }),
    ...(config.clearRouteCache ? { clear_route_cache: true } : {}),
    ...(config.includePeerCertificate ? { include_peer_certificate: true } : {}),
    ...(statusOnError === 0 || code === undefined ? {} : { status_on_error: { code: code as StatusCode } }),
    ...(withRequestBody
      ? {
          with_request_body: {
            max_request_bytes: withRequestBody.maxRequestBytes,
            allow_partial_message: withRequestBody.allowPartialMessage,
            pack_as_bytes: withRequestBody.packAsBytes,
          },
        }
      : {}),
  });
}

function httpServiceOf(
  { target, pathPrefix, authorizationRequest, authorizationResponse }: HttpAuthzService,
  cluster: string,
) {
  const added = authorizationRequest.headersToAdd;
  const answer = authorizationResponse;
  const matchers = {
    allowed_upstream_headers: stringMatchers(answer.allowedUpstreamHeaders),
    allowed_upstream_headers_to_append: stringMatchers(answer.allowedUpstreamHeadersToAppend),
    allowed_client_headers: stringMatchers(answer.allowedClientHeaders),
    allowed_client_headers_on_success: stringMatchers(answer.allowedClientHeadersOnSuccess),
    dynamic_metadata_from_headers: stringMatchers(answer.dynamicMetadataFromHeaders),
  };
  const given = Object.fromEntries(Object.entries(matchers).filter(([, matcher]) => matcher !== undefined));
  return {
    server_uri: { uri: cluster, cluster, timeout: durationOf(target.timeoutMs || DEFAULT_HTTP_TIMEOUT_MS) },
    ...(pathPrefix === '' ? {} : { path_prefix: pathPrefix }),
    ...(added.length === 0 ? {} : { authorization_request: { headers_to_add: added.map(headerOf) } }),
    ...(Object.keys(given).length === 0 ? {} : { authorization_response: given }),
  };
}

function connectionFilter(config: ExtAuthzConfig, { required, targetCluster }: PatchContext): PackedAny {
  const { grpcService, bootstrapMetadataLabelsKey } = config;
  if (grpcService === undefined) {
    throw new AppError('invalidArgument', 'connections are decided about over gRPC only: use a GrpcService');
  }
  return packAny('envoy.extensions.filters.network.ext_authz.v3.ExtAuthz', {
    stat_prefix: config.statPrefix || 'response',
    transport_api_version: 'V3',
    failure_mode_allow: !required,
    grpc_service: grpcServiceOf(grpcService, targetCluster),
    ...(bootstrapMetadataLabelsKey === '' ? {} : { bootstrap_metadata_labels_key: bootstrapMetadataLabelsKey }),
    ...(config.includePeerCertificate ? { include_peer_certificate: true } : {}),
  });
}
