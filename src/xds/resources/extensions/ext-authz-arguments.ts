import { type Field, flag, integer, list, named, object, optional, text } from '../../../model/wire/index.js';
import { loadEnvoyApi } from '../../envoy-api/index.js';
import { mustBeOneOf } from './argument-rules.js';
import type { ArgumentProblem } from './extension.js';
import { type InsertOptions, insertOptionsField, insertOptionsProblems } from './insert-options.js';
import {
  type GrpcServiceArguments,
  grpcServiceField,
  type HeaderArgument,
  headerProblems,
  headersField,
  type ServerTarget,
  serverTargetField,
  targetProblems,
} from './server-target.js';
import { matcherProblems, type StringMatcherArgument, stringMatchersField } from './string-matchers.js';

/** Arguments of `builtin/ext-authz`. */
export interface ExtAuthzArguments {
  readonly proxyType: string;
  readonly listenerType: string;
  readonly insertOptions: InsertOptions;
  readonly config: ExtAuthzConfig;
}

export interface ExtAuthzConfig {
  readonly bootstrapMetadataLabelsKey: string;
  readonly clearRouteCache: boolean;
  readonly grpcService: GrpcServiceArguments | undefined;
  readonly httpService: HttpAuthzService | undefined;
  readonly includePeerCertificate: boolean;
  readonly metadataContextNamespaces: readonly string[];
  /** 0 = Envoy's default (403). */
  readonly statusOnError: number;
  readonly statPrefix: string;
  readonly withRequestBody: RequestBody | undefined;
}

export interface HttpAuthzService {
  readonly target: ServerTarget;
  readonly pathPrefix: string;
  readonly authorizationRequest: {
    readonly allowedHeaders: readonly StringMatcherArgument[];
    readonly headersToAdd: readonly HeaderArgument[];
  };
  readonly authorizationResponse: AuthorizationResponse;
}

export interface AuthorizationResponse {
  readonly allowedUpstreamHeaders: readonly StringMatcherArgument[];
  readonly allowedUpstreamHeadersToAppend: readonly StringMatcherArgument[];
  readonly allowedClientHeaders: readonly StringMatcherArgument[];
  readonly allowedClientHeadersOnSuccess: readonly StringMatcherArgument[];
  readonly dynamicMetadataFromHeaders: readonly StringMatcherArgument[];
}

interface RequestBody {
  readonly maxRequestBytes: number;
  readonly allowPartialMessage: boolean;
  readonly packAsBytes: boolean;
}

const httpServiceField: Field<HttpAuthzService | undefined> = named(
  'HttpService',
  optional(
    object<HttpAuthzService>({
      target: serverTargetField,
      pathPrefix: text(),
      authorizationRequest: object<HttpAuthzService['authorizationRequest']>({
        allowedHeaders: stringMatchersField,
        headersToAdd: headersField,
      }),
      authorizationResponse: object<AuthorizationResponse>({
        allowedUpstreamHeaders: stringMatchersField,
        allowedUpstreamHeadersToAppend: stringMatchersField,
        allowedClientHeaders: stringMatchersField,
        allowedClientHeadersOnSuccess: stringMatchersField,
        dynamicMetadataFromHeaders: stringMatchersField,
      }),
    }),
  ),
);

export const extAuthzSchema: Field<ExtAuthzArguments> = object<ExtAuthzArguments>({
  proxyType: text(),
  listenerType: text(),
  insertOptions: insertOptionsField,
  config: object<ExtAuthzConfig>({
    bootstrapMetadataLabelsKey: text(),
    clearRouteCache: flag(),
    grpcService: grpcServiceField,
    httpService: httpServiceField,
    includePeerCertificate: flag(),
    metadataContextNamespaces: list(text()),
    statusOnError: integer(),
    statPrefix: text(),
    withRequestBody: optional(
      object<RequestBody>({ maxRequestBytes: integer(), allowPartialMessage: flag(), packAsBytes: flag() }),
    ),
  }),
});

const MOST_BODY_BYTES = 2 ** 32 - 1;

/** What is wrong with arguments of the right form. */
export function extAuthzProblems(args: ExtAuthzArguments): readonly ArgumentProblem[] {
  const { grpcService, httpService, statusOnError, withRequestBody } = args.config;
  return [
    ...(args.proxyType === '' ? [] : mustBeOneOf('ProxyType', args.proxyType, ['connect-proxy'])),
    ...(args.listenerType === '' ? [] : mustBeOneOf('ListenerType', args.listenerType, ['inbound', 'outbound'])),
    ...insertOptionsProblems(args.insertOptions),
    ...((grpcService === undefined) === (httpService === undefined)
      ? [{ path: 'Config', problem: 'must have a GrpcService or an HttpService, and not both' }]
      : []),
    ...(grpcService ? grpcProblems(grpcService) : []),
    ...(httpService ? httpProblems(httpService) : []),
    ...(statusOnError === 0 || loadEnvoyApi().enumName('envoy.type.v3.StatusCode', statusOnError) !== undefined
      ? []
      : [{ path: 'Config.StatusOnError', problem: `must be an HTTP status such as 403, not ${statusOnError}` }]),
    ...(withRequestBody === undefined ||
    (withRequestBody.maxRequestBytes > 0 && withRequestBody.maxRequestBytes <= MOST_BODY_BYTES)
      ? []
      : [{ path: 'Config.WithRequestBody.MaxRequestBytes', problem: `must be from 1 to ${MOST_BODY_BYTES}` }]),
  ];
}

function grpcProblems({ target, initialMetadata }: GrpcServiceArguments): readonly ArgumentProblem[] {
  const path = 'Config.GrpcService';
  return [...targetProblems(`${path}.Target`, target), ...headerProblems(`${path}.InitialMetadata`, initialMetadata)];
}

function httpProblems(service: HttpAuthzService): readonly ArgumentProblem[] {
  const path = 'Config.HttpService';
  const { target, pathPrefix, authorizationRequest: request, authorizationResponse: response } = service;
  return [
    ...targetProblems(`${path}.Target`, target),
    ...(pathPrefix === '' || pathPrefix.startsWith('/')
      ? []
      : [{ path: `${path}.PathPrefix`, problem: 'must start with "/"' }]),
    ...matcherProblems(`${path}.AuthorizationRequest.AllowedHeaders`, request.allowedHeaders),
    ...headerProblems(`${path}.AuthorizationRequest.HeadersToAdd`, request.headersToAdd),
    ...Object.entries(response).flatMap(([name, matchers]) =>
      matcherProblems(
        `${path}.AuthorizationResponse.${name.charAt(0).toUpperCase()}${name.slice(1)}`,
        matchers as readonly StringMatcherArgument[],
      ),
    ),
  ];
}
