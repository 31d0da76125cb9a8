import { type Flag, type Flags, switchFlag, textFlag } from './flag.js';

/** The flags with which every command that talks to an agent finds it (consul-behaviour.md 3.3). */
export const agentFlags = {
  caFile: textFlag(
    'File with the CA certificate for TLS to the agent. Also CONSUL_CACERT in the environment.',
    'value',
  ),
  caPath: textFlag('Directory of CA certificates for TLS to the agent. Also CONSUL_CAPATH.', 'value'),
  clientCert: textFlag(
    "Client certificate file for TLS, when the agent has 'verify_incoming'. Also CONSUL_CLIENT_CERT.",
    'value',
  ),
  clientKey: textFlag(
    "Client key file for TLS, when the agent has 'verify_incoming'. Also CONSUL_CLIENT_KEY.",
    'value',
  ),
  datacenter: textFlag('Name of the datacenter to ask. The default is that of the agent.', 'value'),
  httpAddr: textFlag(
    'Address and port of the HTTP agent: an IP address or DNS name with its port, an http:// or https:// URL, or unix://PATH. ' +
      'Also CONSUL_HTTP_ADDR in the environment. The default is http://127.0.0.1:8500. CONSUL_HTTP_SSL=true makes it HTTPS.',
    'address',
  ),
  namespace: textFlag('Namespace to ask, where the agent has namespaces. Also CONSUL_NAMESPACE.', 'default'),
  partition: textFlag('Admin partition to ask, where the agent has partitions. Also CONSUL_PARTITION.', 'default'),
  stale: switchFlag(
    'Let any server answer, not only the leader: lower latency, but the data can be stale. No effect on writes.',
  ),
  tlsServerName: textFlag('Server name for SNI and certificate check with TLS. Also CONSUL_TLS_SERVER_NAME.', 'value'),
  token: textFlag("ACL token for the request. Also CONSUL_HTTP_TOKEN. The default is the agent's own token.", 'value'),
  tokenFile: textFlag(
    'File that contains the ACL token, instead of -token or CONSUL_HTTP_TOKEN. Also CONSUL_HTTP_TOKEN_FILE.',
    'value',
  ),
} satisfies Flags;

export type AgentFlagValues = {
  readonly [Name in keyof typeof agentFlags]: (typeof agentFlags)[Name] extends Flag<infer Value> ? Value : never;
};
