import { isDeepStrictEqual } from 'node:util';
import type { AgentConfig } from '../agent/config/index.js';

/** Options that a running agent cannot change, by their names in files. */
const NAMES = {
  devMode: '-dev',
  server: 'server',
  nodeName: 'node_name',
  nodeId: 'node_id',
  datacenter: 'datacenter',
  primaryDatacenter: 'primary_datacenter',
  dataDir: 'data_dir',
  locality: 'locality',
  ports: 'ports',
  advertiseAddress: 'advertise_addr',
  advertiseAddressWan: 'advertise_addr_wan',
  bindAddress: 'bind_addr',
  taggedAddresses: 'tagged_addresses',
  httpAddresses: 'addresses.http',
  httpsAddresses: 'addresses.https',
  dnsAddresses: 'addresses.dns',
  grpcAddresses: 'addresses.grpc',
  grpcTlsAddresses: 'addresses.grpc_tls',
  allowPlaintextSecrets: 'allow_plaintext_secrets',
  aclEnabled: 'acl.enabled',
  defaultAclPolicy: 'acl.default_policy',
  defaultIntentionPolicy: 'default_intention_policy',
  connectEnabled: 'connect.enabled',
  ca: 'connect.ca_config',
  telemetry: 'telemetry',
  state: 'state',
  backup: 'backup',
  cluster: 'encrypt, join, retry_join',
  autoEncrypt: 'auto_encrypt',
  checkOutputMaxSize: 'check_output_max_size',
  checkUpdateIntervalMs: 'check_update_interval',
  discardCheckOutput: 'discard_check_output',
  agentTlsForChecks: 'enable_agent_tls_for_checks',
  hostNodeId: 'disable_host_node_id',
  scriptChecks: 'enable_script_checks',
  pidFile: 'pid_file',
} as const satisfies Partial<Record<keyof AgentConfig, string>>;

/** Options that differ and take effect at the next start only, by their names in files. */
export function restartOnly(running: AgentConfig, next: AgentConfig): string[] {
  const changed = Object.entries(NAMES).filter(
    ([key]) => !isDeepStrictEqual(running[key as keyof typeof NAMES], next[key as keyof typeof NAMES]),
  );
  return [
    ...changed.map(([, name]) => name),
    ...(logTargetChanged(running, next) ? ['log_file', 'log_json', 'enable_syslog'] : []),
  ];
}

const logTargetChanged = (
  { log: { level: _before, ...before } }: AgentConfig,
  { log: { level: _now, ...now } }: AgentConfig,
) => !isDeepStrictEqual(before, now);

/** The new configuration with what takes a restart as it runs: what `agent/self` shows and rooms read is what is true. */
export function withoutRestart(running: AgentConfig, next: AgentConfig): AgentConfig {
  const kept = Object.fromEntries(Object.keys(NAMES).map((key) => [key, running[key as keyof AgentConfig]]));
  return { ...next, ...kept, log: { ...running.log, level: next.log.level } };
}
