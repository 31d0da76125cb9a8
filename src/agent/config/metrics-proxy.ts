import { AppError, isHeaderName, isHeaderValue } from '../../core/index.js';
import type { AgentOptions } from './options.js';

/** What the Prometheus provider of the user interface asks for. */
const PROMETHEUS_PATHS = ['/api/v1/query', '/api/v1/query_range'];

/** `ui_config.metrics_proxy`, checked. */
export interface MetricsProxy {
  readonly baseUrl: string;
  readonly pathAllowlist: readonly string[];
  readonly addHeaders: readonly { readonly name: string; readonly value: string }[];
}

/** The backend for metrics that the options name, if they do. Throws AppError('invalidArgument'). */
export function metricsProxyOf({ uiConfig }: AgentOptions): { readonly metricsProxy?: MetricsProxy } {
  const { baseUrl = '', pathAllowlist = [], addHeaders = [] } = uiConfig?.metricsProxy ?? {};
  if (baseUrl === '') return {};
  const url = URL.canParse(baseUrl) ? new URL(baseUrl) : undefined;
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:')
    throw new AppError('invalidArgument', 'ui_config.metrics_proxy.base_url must be an http or https URL');
  if (pathAllowlist.some((path) => !path.startsWith('/')))
    throw new AppError('invalidArgument', 'ui_config.metrics_proxy.path_allowlist: paths must start with /');
  if (addHeaders.some(({ name, value }) => !isHeaderName(name) || !isHeaderValue(value) || value.includes('\t')))
    throw new AppError('invalidArgument', 'ui_config.metrics_proxy.add_headers: a name or value is no header');
  const isPrometheus = uiConfig?.metricsProvider === 'prometheus';
  return {
    metricsProxy: {
      ...{ baseUrl, addHeaders },
      pathAllowlist: pathAllowlist.length === 0 && isPrometheus ? PROMETHEUS_PATHS : pathAllowlist,
    },
  };
}
