const words = (text: string): readonly string[] => text.trim().split(/\s+/);

/**
 * Options that Consul's configuration files have and that mean nothing here (or nothing yet): accepted, named once in the log.
 * By section; `''` is the top level.
 */
export const OPTIONS_WITHOUT_EFFECT = {
  '': words(`
    advertise_addr_ipv4 advertise_addr_ipv6 advertise_addr_wan advertise_addr_wan_ipv4 advertise_addr_wan_ipv6
    advertise_reconnect_timeout audit auto_config auto_encrypt auto_reload_config autopilot bootstrap
    bootstrap_expect ca_file ca_path cache cert_file cloud default_intention_policy_override disable_anonymous_signature
    disable_host_node_id disable_keyring_file disable_remote_exec disable_update_check
    discard_check_output enable_acl_replication enable_agent_tls_for_checks enable_central_service_config
    enable_debug enable_local_script_checks enable_script_checks enable_syslog encrypt encrypt_verify_incoming
    encrypt_verify_outgoing experiments gossip_lan gossip_wan key_file leave_on_terminate license_path log_file
    log_rotate_bytes log_rotate_duration log_rotate_max_files partition peering performance pid_file primary_gateways
    primary_gateways_interval protocol raft_boltdb raft_logstore raft_prevote_disabled raft_protocol
    raft_snapshot_interval raft_snapshot_threshold raft_trailing_logs read_replica reconnect_timeout reconnect_timeout_wan
    rejoin_after_leave reporting retry_interval retry_interval_wan retry_join retry_join_wan retry_max
    retry_max_wan rpc segment segments serf_lan serf_lan_allowed_cidrs serf_wan serf_wan_allowed_cidrs server_name
    server_rejoin_age_max skip_leave_on_interrupt start_join start_join_wan syslog_facility telemetry tls
    tls_cipher_suites tls_min_version tls_prefer_server_cipher_suites translate_wan_addrs ui ui_config ui_content_path
    ui_dir unix_sockets use_streaming_backend verify_incoming verify_incoming_https verify_incoming_rpc verify_outgoing
    verify_server_hostname version version_metadata watches xds`),
  acl: words(`
    down_policy enable_key_list_policy enable_token_persistence enable_token_replication policy_ttl role_ttl token_ttl tokens`),
  addresses: words('https'),
  connect: words('enable_mesh_gateway_wan_federation enable_serverless_plugin'),
  'connect.ca_config': words(`
    csr_max_concurrent csr_max_per_second intermediate_cert_ttl private_key root_cert rotation_period skip_validate
    disable_cross_signing address token root_pki_path intermediate_pki_path existing_arn delete_on_exit namespace
    root_pki_namespace intermediate_pki_namespace ca_path ca_file cert_file key_file tls_server_name tls_skip_verify auth_method`),
  // Answers are never older than the state itself, so that nothing is kept that could go stale.
  dns_config: words('cache_max_age max_stale prefer_namespace use_cache'),
  http_config: words('max_header_bytes use_cache'),
  limits: words(`
    https_handshake_timeout request_limits rpc_client_timeout rpc_handshake_timeout rpc_max_burst rpc_max_conns_per_client
    rpc_rate kv_max_value_size_bytes`),
  ports: words('proxy_max_port proxy_min_port'),
} as const;

const fold = (name: string): string => name.replaceAll('_', '').toLowerCase();

/** Names of given options that have no effect, `section.name`, for one log line. */
export function optionsWithoutEffect(source: Readonly<Record<string, unknown>>): string[] {
  return Object.keys(OPTIONS_WITHOUT_EFFECT).flatMap((section) => {
    const names = new Set(OPTIONS_WITHOUT_EFFECT[section as keyof typeof OPTIONS_WITHOUT_EFFECT].map(fold));
    const given = section
      .split('.')
      .reduce<unknown>((value, part) => (part === '' ? value : child(value, part)), source);
    if (typeof given !== 'object' || given === null || Array.isArray(given)) return [];
    return Object.keys(given)
      .filter((name) => names.has(fold(name)))
      .map((name) => (section === '' ? name : `${section}.${name}`));
  });
}

function child(value: unknown, name: string): unknown {
  const object = Array.isArray(value) ? (value[0] as unknown) : value;
  if (typeof object !== 'object' || object === null) return undefined;
  const found = Object.entries(object).find(([key]) => fold(key) === fold(name))?.[1] as unknown;
  return Array.isArray(found) && found.length === 1 ? (found[0] as unknown) : found;
}
