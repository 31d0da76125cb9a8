import { type Field, foldedName, object } from '../../model/wire/index.js';

const words = (text: string): readonly string[] => text.trim().split(/\s+/);

const GOSSIP = words('gossip_interval gossip_nodes probe_interval probe_timeout retransmit_mult suspicion_mult');

/**
 * Options that Consul's configuration files have and that mean nothing here (or nothing yet): accepted, named once in the log.
 * By section; `''` is the top level. Sections that mean nothing as a whole are in `SECTIONS_WITHOUT_EFFECT`.
 */
export const OPTIONS_WITHOUT_EFFECT = {
  '': words(`
    check_deregister_interval_min check_reap_interval
    default_intention_policy_override disable_anonymous_signature disable_keyring_file
    disable_remote_exec disable_update_check enable_acl_replication enable_central_service_config
    encrypt_verify_incoming encrypt_verify_outgoing experiments license_path partition
    primary_gateways primary_gateways_interval protocol raft_prevote_disabled raft_protocol raft_snapshot_interval
    raft_snapshot_threshold raft_trailing_logs read_replica reconnect_timeout_wan rejoin_after_leave
    retry_interval_wan retry_join_wan retry_max_wan segment segments serf_lan
    serf_wan serf_wan_allowed_cidrs server_name server_rejoin_age_max
    start_join_wan tls_prefer_server_cipher_suites translate_wan_addrs ui
    ui_content_path ui_dir use_streaming_backend verify_incoming_rpc verify_outgoing verify_server_hostname
    version version_metadata version_prerelease`),
  acl: words(`
    enable_key_list_policy enable_token_replication policy_ttl role_ttl token_ttl msp_disable_bootstrap`),
  'acl.tokens': words('managed_service_provider'),
  addresses: [],
  connect: words('enable_mesh_gateway_wan_federation enable_serverless_plugin test_ca_leaf_root_change_spread'),
  'connect.ca_config': words(`
    csr_max_concurrent csr_max_per_second rotation_period skip_validate
    disable_cross_signing address token root_pki_path intermediate_pki_path existing_arn delete_on_exit namespace
    root_pki_namespace intermediate_pki_namespace ca_path ca_file cert_file key_file tls_server_name tls_skip_verify auth_method`),
  dns_config: words('prefer_namespace'),
  http_config: [],
  limits: words('rpc_client_timeout rpc_max_burst rpc_rate kv_max_value_size_bytes'),
  performance: words(`
    enable_xds_load_balancing grpc_keepalive_interval grpc_keepalive_timeout raft_multiplier rpc_hold_timeout`),
  ports: words('proxy_max_port proxy_min_port'),
  telemetry: words(`
    circonus_api_app circonus_api_token circonus_api_url circonus_broker_id circonus_broker_select_tag
    circonus_check_display_name circonus_check_force_metric_activation circonus_check_id circonus_check_instance_id
    circonus_check_search_tag circonus_check_tags circonus_submission_interval circonus_submission_url
    disable_per_tenancy_usage_metrics retry_failed_connection`),
  ui_config: words(
    'content_path dashboard_url_templates dir enabled hcp_enabled metrics_provider_files metrics_provider_options_json',
  ),
  'tls.defaults': words('verify_outgoing verify_server_hostname'),
  'tls.grpc': words('use_auto_cert verify_outgoing verify_server_hostname'),
  'tls.https': words('verify_outgoing verify_server_hostname'),
  'tls.internal_rpc': words('verify_outgoing verify_server_hostname'),
} as const satisfies Readonly<Record<string, readonly string[]>>;

export type SectionName = keyof typeof OPTIONS_WITHOUT_EFFECT;

/** Sections that mean nothing as a whole; what is in them is still checked for names that nobody knows. `*` = anything. */
export const SECTIONS_WITHOUT_EFFECT: Readonly<Record<string, readonly string[] | '*'>> = {
  audit: '*',
  auto_config: words('authorization dns_sans enabled intro_token intro_token_file ip_sans server_addresses'),
  autopilot: words(`
    cleanup_dead_servers disable_upgrade_migration last_contact_threshold max_trailing_logs min_quorum redundancy_zone_tag
    server_stabilization_time upgrade_version_tag`),
  cache: words('entry_fetch_max_burst entry_fetch_rate'),
  cloud: '*',
  gossip_lan: GOSSIP,
  gossip_wan: GOSSIP,
  peering: words('enabled test_allow_peer_registrations'),
  raft_boltdb: words('no_freelist_sync'),
  raft_logstore: '*',
  reporting: '*',
  rpc: words('enable_streaming'),
  xds: words('update_max_per_second'),
};

const anything: Field<unknown> = {
  empty: undefined,
  isEmpty: () => true,
  decode: () => undefined,
  encode: () => undefined,
};

/** The schemas of whole sections without effect, below a section (`''` = the top). */
export function checkedSections(parent: '' | 'tls'): Readonly<Record<string, Field<unknown>>> {
  const prefix = parent === '' ? '' : `${parent}.`;
  return Object.fromEntries(
    Object.entries(SECTIONS_WITHOUT_EFFECT)
      .filter(([name]) => (parent === '' ? !name.includes('.') : name.startsWith(prefix)))
      .map(([name, keys]) => [
        name.slice(prefix.length),
        keys === '*' ? anything : object<Record<never, never>>({}, { ignored: keys }),
      ]),
  );
}

/** Every option without effect by its whole name, `section.name`; whole sections by their own name. */
const ALL: readonly string[] = [
  ...Object.entries(OPTIONS_WITHOUT_EFFECT).flatMap(([section, names]) =>
    names.map((name) => (section === '' ? name : `${section}.${name}`)),
  ),
  ...Object.keys(SECTIONS_WITHOUT_EFFECT),
];

/** Names of given options that have no effect, `section.name`, for one log line. */
export function optionsWithoutEffect(source: Readonly<Record<string, unknown>>): string[] {
  return ALL.filter((name) => name.split('.').reduce<unknown>(child, source) !== undefined);
}

function child(value: unknown, name: string): unknown {
  const object = Array.isArray(value) ? (value[0] as unknown) : value;
  if (typeof object !== 'object' || object === null) return undefined;
  return Object.entries(object).find(([key]) => foldedName(key) === foldedName(name))?.[1] as unknown;
}
