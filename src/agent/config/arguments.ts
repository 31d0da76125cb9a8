import { AppError } from '../../core/index.js';
import type { AgentOptions } from './options.js';

/** What the command line says: options like those of a file, and where files are. */
export interface AgentArguments {
  readonly options: AgentOptions;
  readonly configPaths: readonly string[];
  /** Flags that Consul has and that mean nothing here. */
  readonly withoutEffect: readonly string[];
}

type Setter = (value: string) => AgentOptions;
interface Flag {
  readonly boolean?: boolean;
  readonly set: Setter;
}

const isTrue = (value: string): boolean => !['false', '0', 'f'].includes(value.toLowerCase());
const port = (name: keyof NonNullable<AgentOptions['ports']>): Flag => ({
  set: (value) => ({ ports: { [name]: wholeNumber(value) } }),
});

const FLAGS: Readonly<Record<string, Flag>> = {
  advertise: { set: (value) => ({ advertiseAddr: value }) },
  'alt-domain': { set: (value) => ({ altDomain: value }) },
  'allow-old-etcd': { boolean: true, set: (value) => ({ state: { etcd: { allowOld: isTrue(value) } } }) },
  'allow-plaintext-secrets': { boolean: true, set: (value) => ({ allowPlaintextSecrets: isTrue(value) }) },
  bind: { set: (value) => ({ bindAddr: value }) },
  client: { set: (value) => ({ clientAddr: value }) },
  'data-dir': { set: (value) => ({ dataDir: value }) },
  datacenter: { set: (value) => ({ datacenter: value.toLowerCase() }) },
  dev: { boolean: true, set: (value) => ({ devMode: isTrue(value) }) },
  'dns-port': port('dns'),
  domain: { set: (value) => ({ domain: value }) },
  'grpc-port': port('grpc'),
  'grpc-tls-port': port('grpcTls'),
  'http-port': port('http'),
  'https-port': port('https'),
  'log-json': { boolean: true, set: (value) => ({ logJson: isTrue(value) }) },
  'log-level': { set: (value) => ({ logLevel: value.toLowerCase() }) },
  node: { set: (value) => ({ nodeName: value }) },
  'node-id': { set: (value) => ({ nodeId: value.toLowerCase() }) },
  'node-meta': { set: (value) => ({ nodeMeta: pair(value) }) },
  recursor: { set: (value) => ({ recursors: [value] }) },
  'serf-lan-port': port('serfLan'),
  'serf-wan-port': port('serfWan'),
  server: { boolean: true, set: (value) => ({ server: isTrue(value) }) },
  'server-port': port('server'),
};

const FILE_FLAGS = new Set(['config-file', 'config-dir']);
const BOOLEANS_WITHOUT_EFFECT = new Set([
  'bootstrap',
  'ui',
  'enable-script-checks',
  'enable-local-script-checks',
  'disable-host-node-id',
  'auto-reload-config',
  'rejoin',
  'syslog',
  'disable-keyring-file',
  'non-voting-server',
  'read-replica',
]);
const VALUES_WITHOUT_EFFECT = new Set([
  'advertise-wan',
  'bootstrap-expect',
  'config-format',
  'default-query-time',
  'encrypt',
  'hcl',
  'join',
  'join-wan',
  'log-file',
  'log-rotate-bytes',
  'log-rotate-duration',
  'log-rotate-max-files',
  'max-query-time',
  'pid-file',
  'primary-gateway',
  'protocol',
  'raft-protocol',
  'retry-interval',
  'retry-interval-wan',
  'retry-join',
  'retry-join-wan',
  'retry-max',
  'retry-max-wan',
  'segment',
  'serf-lan-allowed-cidrs',
  'serf-lan-bind',
  'serf-wan-allowed-cidrs',
  'serf-wan-bind',
  'ui-content-path',
  'ui-dir',
]);

/** Reads the flags of `agent` (consul-behaviour 3.3): `-name=value`, `-name value`, `--name`. Throws AppError('invalidArgument'). */
export function parseAgentArguments(
  argv: readonly string[],
  merge: (sources: readonly AgentOptions[]) => AgentOptions,
): AgentArguments {
  const sources: AgentOptions[] = [];
  const configPaths: string[] = [];
  const withoutEffect: string[] = [];
  for (let at = 0; at < argv.length; at++) {
    const { name, inline } = split(argv[at] as string);
    const value = (): string => {
      const given = inline ?? argv[++at];
      if (given === undefined)
        throw new AppError('invalidArgument', `flag -${name} needs a value; see "meshwright agent -help"`);
      return given;
    };
    const known = Object.hasOwn(FLAGS, name) ? FLAGS[name] : undefined;
    if (known) sources.push(known.set(known.boolean ? (inline ?? 'true') : value()));
    else if (FILE_FLAGS.has(name)) configPaths.push(value());
    else if (BOOLEANS_WITHOUT_EFFECT.has(name)) withoutEffect.push(`-${name}`);
    else if (VALUES_WITHOUT_EFFECT.has(name)) {
      value();
      withoutEffect.push(`-${name}`);
    } else
      throw new AppError('invalidArgument', `flag provided but not defined: -${name}; see "meshwright agent -help"`);
  }
  return { options: merge(sources), configPaths, withoutEffect };
}

function split(argument: string): { readonly name: string; readonly inline: string | undefined } {
  const match = /^--?([A-Za-z0-9][A-Za-z0-9-]*)(?:=([\s\S]*))?$/.exec(argument);
  if (!match)
    throw new AppError(
      'invalidArgument',
      `unexpected argument "${argument}"; flags start with a dash, see "meshwright agent -help"`,
    );
  return { name: match[1] as string, inline: match[2] };
}

function wholeNumber(value: string): number {
  if (!/^-?\d+$/.test(value)) throw new AppError('invalidArgument', `a port must be a whole number, not "${value}"`);
  return Number(value);
}

function pair(value: string): Readonly<Record<string, string>> {
  const colon = value.indexOf(':');
  if (colon < 1) throw new AppError('invalidArgument', `-node-meta takes key:value, not "${value}"`);
  return { [value.slice(0, colon)]: value.slice(colon + 1) };
}
