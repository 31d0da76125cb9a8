/**
 * Agent configuration: flags and HCL or JSON files become one typed value.
 * In: argv, files. Out: AgentConfig, or one sentence with file and place. Must never: keep an option it does not know.
 */
export type { AgentConfig } from './agent-config.js';
export type { DnsConfig } from './dns-config.js';
export { type LoadedConfig, loadAgentConfig } from './load.js';
