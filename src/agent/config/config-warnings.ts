import type { AgentConfig } from './agent-config.js';
import type { AgentOptions } from './options.js';

const TOP_LEVEL_TLS = [
  'caFile',
  'caPath',
  'certFile',
  'keyFile',
  'tlsCipherSuites',
  'tlsMinVersion',
  'verifyIncoming',
  'verifyIncomingHttps',
] as const;

/** Said where `auto_config` is given. */
export const INSTEAD_OF_AUTO_CONFIG =
  'auto_config has no effect here: a client agent joins with retry_join and a join token ("meshwright operator join-token"), gets certificates of its TLS ports by auto_encrypt, and has its other settings in its own files';

/** What a configuration says that is accepted and had better be otherwise, a sentence each. */
export function configWarnings(options: AgentOptions, config: AgentConfig): string[] {
  const warnings: string[] = [];
  if (TOP_LEVEL_TLS.some((key) => options[key] !== undefined))
    warnings.push(
      'ca_file, cert_file, key_file, verify_incoming and tls_… at the top are old: write them in tls { defaults { } }',
    );
  if (!/^[A-Za-z0-9.-]+$/.test(config.nodeName))
    warnings.push(
      `node name "${config.nodeName}" cannot be found by DNS: it has characters other than letters, digits and dashes`,
    );
  if (config.aclEnabled)
    warnings.push(
      'acl.enabled: access control is not implemented yet, tokens are not checked and default_policy is that of intentions only; keep others from the HTTP API',
    );
  if (config.scriptChecks.remote && config.http.allowWriteFrom.length === 0)
    warnings.push(
      'enable_script_checks without access control lets everybody who reaches the HTTP API run commands here: use enable_local_script_checks',
    );
  if (config.tls.https.verifyIncoming && config.ports.https < 0)
    warnings.push('tls.https.verify_incoming has no effect while ports.https is closed');
  if (config.log.file === '' && (options.logRotateBytes !== undefined || options.logRotateDurationMs !== undefined))
    warnings.push('log_rotate_… has no effect without log_file');
  return warnings;
}
