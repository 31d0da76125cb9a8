/**
 * Agent configuration: flags and HCL or JSON files become one typed value.
 * In: argv, files. Out: AgentConfig, or one sentence with file and place. Must never: keep an option it does not know.
 */
export { AGENT_FLAGS, type AgentFlag, FILE_FLAGS } from './agent-flags.js';
export type { AgentConfig, TokenConfig } from './agent-config.js';
export type { ClusterConfig } from './cluster-config.js';
export type { DnsConfig } from './dns-config.js';
export { CIPHER_SUITES, type TlsConfig } from './resolve-tls.js';
export type { TelemetryConfig } from './resolve-telemetry.js';
export type { WatchDefinition, WatchHandler } from './watches.js';
export { type LoadedConfig, loadAgentConfig } from './load.js';
