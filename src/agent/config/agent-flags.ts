import { AppError, parseDurationMs } from '../../core/index.js';
import type { AgentOptions } from './options.js';

/** A flag of `agent`: what it says about the agent, as an option of a file. */
export interface AgentFlag {
  /** How its value is called in help; none for switches. */
  readonly value?: string;
  readonly about: string;
  readonly set: (value: string) => AgentOptions;
  /** Accepted because Consul has it; means nothing here. */
  readonly withoutEffect?: true;
}

type Key<Type> = {
  [Name in keyof AgentOptions]-?: AgentOptions[Name] extends Type | undefined ? Name : never;
}[keyof AgentOptions];

const invalid = (message: string): AppError => new AppError('invalidArgument', message);
const isTrue = (value: string): boolean => {
  const folded = value.toLowerCase();
  if (['true', 't', '1'].includes(folded)) return true;
  if (['false', 'f', '0'].includes(folded)) return false;
  throw invalid(`a switch is true or false, not "${value}"`);
};

function wholeNumber(value: string): number {
  if (!/^[+-]?\d{1,15}$/.test(value)) throw invalid(`a whole number is needed, not "${value}"`);
  return Number(value);
}

function durationMs(value: string): number {
  const ms = parseDurationMs(value);
  if (ms === undefined) throw invalid(`a duration such as 30s or 5m is needed, not "${value}"`);
  return ms;
}

function pair(value: string): Readonly<Record<string, string>> {
  const colon = value.indexOf(':');
  if (colon < 1) throw invalid(`it takes key:value, not "${value}"`);
  return { [value.slice(0, colon)]: value.slice(colon + 1) };
}

const words = (key: Key<string>, value: string, about: string, fold = false): AgentFlag => ({
  value,
  about,
  set: (given) => ({ [key]: fold ? given.toLowerCase() : given }),
});
const onOff = (key: Key<boolean>, about: string): AgentFlag => ({ about, set: (given) => ({ [key]: isTrue(given) }) });
const time = (key: Key<number>, about: string): AgentFlag => ({
  value: 'duration',
  about,
  set: (given) => ({ [key]: durationMs(given) }),
});
const count = (key: Key<number>, about: string): AgentFlag => ({
  value: 'int',
  about,
  set: (given) => ({ [key]: wholeNumber(given) }),
});
const port = (name: keyof NonNullable<AgentOptions['ports']>, about: string): AgentFlag => ({
  value: 'port',
  about: `${about} -1 closes it.`,
  set: (given) => ({ ports: { [name]: wholeNumber(given) } }),
});
const silent = (about: string, value?: string): AgentFlag => ({
  about,
  set: (given) => {
    if (value === undefined) isTrue(given);
    return {};
  },
  withoutEffect: true,
  ...(value === undefined ? {} : { value }),
});

/** Every flag of `agent` but those that name files (consul-behaviour 3.3). */
export const AGENT_FLAGS: Readonly<Record<string, AgentFlag>> = {
  advertise: words('advertiseAddr', 'address', 'Address that others are told. Default: the bind address.'),
  'advertise-wan': words('advertiseAddrWan', 'address', 'Address that other datacenters are told.'),
  'allow-old-etcd': {
    about: 'Accept an etcd that is older than those we are tested with.',
    set: (given) => ({ state: { etcd: { allowOld: isTrue(given) } } }),
  },
  'allow-plaintext-secrets': onOff(
    'allowPlaintextSecrets',
    'Give keys to Envoys on other hosts over plaintext xDS too.',
  ),
  'alt-domain': words('altDomain', 'domain', 'A second domain that DNS answers for.'),
  'auto-reload-config': onOff('autoReloadConfig', 'Reload when a configuration file or a certificate changes.'),
  bind: words('bindAddr', 'address', 'Address of this node; may be a template such as "{{ GetPrivateIP }}".'),
  bootstrap: onOff('bootstrap', 'This server begins a cluster alone.'),
  'bootstrap-expect': count('bootstrapExpect', 'With how many servers the cluster begins.'),
  'check-output-max-size': count('checkOutputMaxSize', "Bytes of a check's output that are kept (default 4096)."),
  client: words('clientAddr', 'addresses', 'Addresses that HTTP, DNS and gRPC listen on (default 127.0.0.1).'),
  'data-dir': words('dataDir', 'directory', 'Where the state is kept; needed without -dev.'),
  datacenter: words('datacenter', 'name', 'Name of the datacenter (default dc1).', true),
  'default-query-time': time('defaultQueryTimeMs', 'How long a blocking query waits that does not say (default 5m).'),
  dev: onOff('devMode', 'Development mode: in memory, one server, all on this machine.'),
  'disable-host-node-id': onOff('disableHostNodeId', 'Make a random id for this node (default true).'),
  'disable-keyring-file': silent('There is no gossip.'),
  'dns-port': port('dns', 'Port of DNS (default 8600).'),
  domain: words('domain', 'domain', 'Domain that DNS answers for (default consul).'),
  'enable-local-script-checks': onOff('enableLocalScriptChecks', 'Run script checks of configuration files.'),
  'enable-script-checks': onOff('enableScriptChecks', 'Run script checks, also those registered by HTTP.'),
  encrypt: words('encrypt', 'key', 'The cluster key (see keygen): who has it is a server of the cluster.'),
  'grpc-port': port('grpc', 'Port of gRPC and xDS in plaintext (default off; 8502 with -dev and on client agents).'),
  'grpc-tls-port': port('grpcTls', 'Port of gRPC and xDS over TLS (default 8503 on servers).'),
  'http-port': port('http', 'Port of the HTTP API (default 8500).'),
  'https-port': port('https', 'Port of the HTTPS API (default off).'),
  join: {
    value: 'address',
    about: 'Address of a member to join at the start; may be given several times.',
    set: (given) => ({ startJoin: [given] }),
  },
  'join-token': {
    value: 'token',
    about: 'What a client agent shows to join (see operator join-token).',
    set: (given) => ({ join: { token: given } }),
  },
  'join-token-file': {
    value: 'file',
    about: 'File with the join token.',
    set: (given) => ({ join: { tokenFile: given } }),
  },
  'join-wan': silent('A single server has nobody to join.', 'address'),
  'log-file': words('logFile', 'path', 'Write the log to this file too; a path that ends in / is a directory.'),
  'log-json': onOff('logJson', 'Log as JSON.'),
  'log-level': words('logLevel', 'level', 'trace, debug, info, warn or error (default info).', true),
  'log-rotate-bytes': count('logRotateBytes', 'Begin a new log file at this size (default: whatever its size).'),
  'log-rotate-duration': time('logRotateDurationMs', 'Begin a new log file after this time (default 24h).'),
  'log-rotate-max-files': count('logRotateMaxFiles', 'Old log files to keep; 0 = all, -1 = none.'),
  'max-query-time': time('maxQueryTimeMs', 'Longest wait of a blocking query (default 10m).'),
  node: words('nodeName', 'name', 'Name of this node (default: the host name).'),
  'node-id': words('nodeId', 'uuid', 'Id of this node, a UUID.', true),
  'node-meta': {
    value: 'key:value',
    about: 'Metadata of this node; may be given several times.',
    set: (given) => ({ nodeMeta: pair(given) }),
  },
  'non-voting-server': silent('A single server always votes.'),
  'pid-file': words('pidFile', 'path', 'Write the process id to this file.'),
  'primary-gateway': silent('There is one datacenter.', 'address'),
  protocol: silent('There is no gossip.', 'int'),
  'raft-protocol': silent('There is no Raft.', 'int'),
  'read-replica': silent('A single server always votes.'),
  recursor: {
    value: 'address',
    about: 'DNS server to ask about other names; may be given several times.',
    set: (given) => ({ recursors: [given] }),
  },
  rejoin: silent('A single server has nobody to join.'),
  'retry-interval': time('retryIntervalMs', 'Time between attempts to join (default 30s).'),
  'retry-interval-wan': silent('A single server has nobody to join.', 'duration'),
  'retry-join': {
    value: 'address',
    about: 'Address of a member to join, tried until it answers; may be given several times.',
    set: (given) => ({ retryJoin: [given] }),
  },
  'retry-join-wan': silent('A single server has nobody to join.', 'address'),
  'retry-max': count('retryMax', 'After how many vain attempts to join the agent gives up (default 0 = never).'),
  'retry-max-wan': silent('A single server has nobody to join.', 'int'),
  segment: silent('There is no gossip.', 'name'),
  'serf-lan-allowed-cidrs': {
    value: 'network',
    about: 'Network, as 10.0.0.0/8, from which agents and servers may join here; may be given several times.',
    set: (given) => ({ serfLanAllowedCidrs: [given] }),
  },
  'serf-lan-bind': silent('There is no gossip.', 'address'),
  'serf-lan-port': port('serfLan', 'Port of the cluster door that others join by (default 8301).'),
  'serf-wan-allowed-cidrs': silent('There is no gossip.', 'network'),
  'serf-wan-bind': silent('There is no gossip.', 'address'),
  'serf-wan-port': port('serfWan', 'Port that members are told (default 8302); nothing listens there.'),
  server: onOff('server', 'Act as a server.'),
  'server-port': port('server', 'Port of the cluster door (default 8300).'),
  syslog: onOff('enableSyslog', 'Write the log to that of the system too.'),
  ui: silent('There is no user interface yet.'),
  'ui-content-path': silent('There is no user interface yet.', 'path'),
  'ui-dir': silent('There is no user interface yet.', 'directory'),
};

/** Flags that name configuration, and their help. */
export const FILE_FLAGS = {
  'config-dir': { value: 'directory', about: 'Directory with .hcl and .json files, read in the order of their names.' },
  'config-file': { value: 'file', about: 'Configuration file in HCL or JSON; may be given several times.' },
  'config-format': { value: 'hcl|json', about: 'Format of the files, whatever their names and contents.' },
  hcl: {
    value: 'text',
    about: 'A piece of configuration, read after all files and flags; may be given several times.',
  },
} as const;
