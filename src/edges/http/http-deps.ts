import type { AgentTokens, LocalAgent } from '../../agent/index.js';
import type { CertificateAuthority } from '../../ca/index.js';
import type { Clock } from '../../core/index.js';
import type { EntryGuard } from '../../discovery/config/index.js';
import type { EventLog } from '../../discovery/events/index.js';
import type { CoordinateWriter } from '../../discovery/coordinates/index.js';
import type { Member } from '../../discovery/members/index.js';
import type { KeyringControl, ServerMember } from '../../discovery/operator/index.js';
import type { SessionKeeper } from '../../discovery/sessions/index.js';
import type { StateStore } from '../../state/index.js';
import type { LogWatch } from '../../telemetry/index.js';
import type { Propagation } from '../../xds/index.js';
import type { AgentKnowledge } from './agent-knowledge.js';
import type { HttpPlace, OpenHttpDoor } from './http-door.js';

/** What the server logs to; a pino logger fits. */
export interface HttpLogger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Facts about this agent and the settings of its HTTP door; read anew for each request, so a reload takes effect. */
export interface HttpConfig {
  readonly nodeName: string;
  readonly nodeId: string;
  readonly datacenter: string;
  readonly primaryDatacenter: string;
  readonly server: boolean;
  /** `-dev`: answers are always indented. */
  readonly devMode: boolean;
  readonly version: string;
  readonly revision: string;
  /** RFC 3339. */
  readonly buildDate: string;
  readonly advertiseAddress: string;
  /** Closed doors are -1. */
  readonly ports: {
    readonly http: number;
    readonly https: number;
    readonly dns: number;
    readonly grpc: number;
    readonly grpcTls: number;
    readonly server: number;
    readonly serfLan: number;
    readonly serfWan: number;
  };
  readonly nodeMeta: Readonly<Record<string, string>>;
  readonly defaultAclPolicy: 'allow' | 'deny';
  readonly aclEnabled: boolean;
  /** What applies between two services when no intention matches. */
  readonly defaultIntentionPolicy: 'allow' | 'deny';
  /** Versions of Envoy we serve, newest first. */
  readonly supportedEnvoyVersions: readonly string[];
  /** `http_config.response_headers`: added to every answer. */
  readonly responseHeaders: Readonly<Record<string, string>>;
  /** `http_config.block_endpoints`: path prefixes that answer 403. */
  readonly blockEndpoints: readonly string[];
  /** `http_config.allow_write_http_from`: networks (CIDR) that may write; empty = all. */
  readonly allowWriteHttpFrom: readonly string[];
  readonly disableUnprintableCharFilter: boolean;
  readonly disableCoordinates: boolean;
  /** `limits.kv_max_value_size`, bytes. */
  readonly kvMaxValueSize: number;
  /** `limits.txn_max_req_len`, bytes. */
  readonly txnMaxReqLen: number;
  /** `session_ttl_min`. */
  readonly sessionTtlMinMs: number;
  /** `limits.request_limits`: rates a second, 0 = without limit. */
  readonly requestLimits: {
    readonly mode: 'disabled' | 'permissive' | 'enforcing';
    readonly readRate: number;
    readonly writeRate: number;
  };
  /** `enable_debug`: profiles may be taken. */
  readonly enableDebug: boolean;
  /** `http_config.use_cache`: false = `?cached` means nothing. */
  readonly useCache: boolean;
  /** Where the state is kept; empty = nowhere. */
  readonly dataDir: string;
  /** `limits.http_max_conns_per_client`; 0 = no limit. */
  readonly maxConnectionsPerClient: number;
  readonly defaultQueryTimeMs: number;
  readonly maxQueryTimeMs: number;
  /** `discovery_max_stale`: above 0, catalog and health reads are stale unless they ask otherwise. */
  readonly discoveryMaxStaleMs: number;
  /** `config_entries.bootstrap`, as written there. */
  readonly bootstrapEntries: readonly Readonly<Record<string, unknown>>[];
  /** Where `GET /` leads, e.g. `/ui/`; empty when there is no user interface. */
  readonly uiContentPath: string;
  /** Absent = off. */
  readonly metricsProxy?: MetricsProxyConfig;
  /** The running configuration without secrets, for `agent/self`. */
  readonly debugConfig: Readonly<Record<string, unknown>>;
}

/** `ui_config.metrics_proxy`: the backend that the user interface may ask through us. */
export interface MetricsProxyConfig {
  readonly baseUrl: string;
  /** Paths below it that may be asked for; empty = all. */
  readonly pathAllowlist: readonly string[];
  readonly addHeaders: readonly { readonly name: string; readonly value: string }[];
}

/** What an operator may ask of the whole agent. */
export interface AgentControl {
  /** Reads the configuration files again. AppError('invalidArgument') when they are wrong; then nothing changes. */
  reload(): Promise<void>;
  /** Leaves gracefully and ends the process. */
  leave(): Promise<void>;
}

/** What an operator may ask of the servers that replicate the state; by node ids. Throws AppError with what stands in the way. */
export interface ServerControl {
  removeMember(id: string): Promise<void>;
  /** Empty = any other. */
  transferLeader(id: string): Promise<void>;
}

/** The metrics registry, in the two forms in which it is asked for. */
export interface HttpMetrics {
  /** Prometheus text exposition; undefined when the configuration switches it off. */
  prometheus(): Promise<string> | undefined;
  /** Consul's JSON form (consul-behaviour.md 1.2, `agent/metrics`). */
  json(): unknown;
  /** A request was answered: for the request metrics. `route` is the pattern, never the path. */
  observeRequest?(method: string, route: string, status: number, durationMs: number): void;
  /** A request was over a limit: of which operation, in which mode, of which family (`global` = of all). */
  countLimited?(operation: string, mode: string, category: string): void;
}

/** What the endpoints of an agent itself need: a client agent has no more than this. */
export interface AgentDeps {
  readonly knowledge: AgentKnowledge;
  readonly agent: LocalAgent;
  readonly config: () => HttpConfig;
  readonly control: AgentControl;
  readonly tokens: AgentTokens;
  /** Lines of the log go to a watch until the returned function is called. */
  readonly watchLog: (watch: LogWatch) => () => void;
  readonly metrics: HttpMetrics;
  readonly clock: Clock;
  readonly logger: HttpLogger;
}

/** The members of the datacenter, and what operators may do about them. */
export interface MemberControl {
  list(): readonly Member[];
  /** Contacts the member at an address. Throws AppError('unavailable') when it does not answer. */
  join(address: string): Promise<void>;
  /** A failed member counts as left; with `prune` it is forgotten. Throws AppError('invalidArgument') for who is not known. */
  forceLeave(node: string, options: { readonly prune: boolean }): Promise<void>;
}

/** What has become of the backups that the servers take of themselves. */
export interface BackupReport {
  /** A folder, or `s3://bucket/prefix`. */
  readonly place: string;
  readonly intervalMs: number;
  readonly retain: number;
  /** Who takes them; empty = nobody at the moment. */
  readonly server: string;
  readonly newest?: { readonly name: string; readonly atMs: number; readonly sizeBytes: number };
  /** Absent when the last attempt did not fail. */
  readonly failure?: { readonly atMs: number; readonly message: string };
}

/** What all endpoints of a server need. */
export interface HttpDeps extends AgentDeps {
  readonly store: StateStore;
  readonly ca: CertificateAuthority;
  readonly propagation: Propagation;
  /** All servers of this datacenter that this process knows of, itself among them. */
  readonly servers: () => readonly ServerMember[];
  /** Who votes about what is stored, where that are not the servers: the members of an etcd that others run. Empty = not known. */
  readonly voters?: () => readonly ServerMember[];
  /** Changes who votes and leads; absent where there is but one. */
  readonly serverControl?: ServerControl;
  readonly coordinates: CoordinateWriter;
  /** The members of the datacenter; absent = this server is alone. */
  readonly members?: MemberControl;
  /** The cluster keys of all members; absent = this server has none. */
  readonly keyring?: KeyringControl;
  /** Absent = none are configured. */
  readonly backups?: () => BackupReport;
  readonly events: EventLog;
  /** Hears of renewals. */
  readonly sessions: Pick<SessionKeeper, 'renew'>;
  /** Looks at writes of config entries before they are carried out. */
  readonly entryGuard?: EntryGuard;
}

export interface HttpServer {
  /** Opens a door; there may be several. Resolves with where it listens (the real port when 0 was asked for). AppError('portTaken') names it. */
  listen(place: HttpPlace): Promise<OpenHttpDoor>;
  /** Answers parked requests, then closes all connections. */
  close(): Promise<void>;
}
