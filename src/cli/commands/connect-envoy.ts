import { lookup } from 'node:dns/promises';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { defineCommand, type Invocation } from '../command.js';
import type { FlagValues, Flags } from '../flags/flag.js';
import { choiceFlag, numberFlag, portFlag, switchFlag, textFlag } from '../flags/flag.js';
import { failure } from '../failure.js';
import { fileProblem } from '../files.js';
import { readCertificates } from '../http/agent-settings.js';
import { UsageError } from '../usage-error.js';
import type { BootstrapInput, XdsTls } from '../envoy/index.js';

const flags = {
  adminAccessLogPath: textFlag('Where Envoy logs requests to its admin interface.', 'path', '/dev/null'),
  adminBind: textFlag("Address and port of Envoy's admin interface.", 'address:port', '127.0.0.1:19000'),
  bootstrap: switchFlag('Print the bootstrap as JSON instead of running Envoy.'),
  drainStrategy: choiceFlag(
    'How Envoy closes connections of replaced listeners.',
    ['immediate', 'gradual'],
    'immediate',
  ),
  drainTimeS: numberFlag(
    'Seconds after which Envoy closes connections of replaced or revoked listeners.',
    15,
    'seconds',
  ),
  envoyBinary: textFlag(
    'Path of the Envoy to run. The default is ENVOY_BIN, else envoy on the PATH, else one that is fetched.',
    'path',
  ),
  envoyReadyBindAddress: textFlag(
    'Address for a listener that answers readiness probes at /ready. Needs -envoy-ready-bind-port.',
    'address',
  ),
  envoyReadyBindPort: portFlag('Port for the listener that answers readiness probes.', 0),
  envoyVersion: textFlag('Version of Envoy to run, fetched when it is not here.', 'version'),
  gateway: textFlag(
    'Run the gateway of this kind that is registered with the agent: mesh, terminating, ingress or api.',
    'kind',
  ),
  grpcAddr: textFlag(
    'Address and port of the xDS server: HOST:PORT, https://HOST:PORT or unix://PATH. Also CONSUL_GRPC_ADDR. The default is the agent, on the ports it names.',
    'address',
  ),
  grpcCaFile: textFlag(
    'File with the CA certificate for TLS to the xDS server. Also CONSUL_GRPC_CACERT. The default are the roots of the agent.',
    'path',
  ),
  grpcCaPath: textFlag('Directory of CA certificates for TLS to the xDS server. Also CONSUL_GRPC_CAPATH.', 'path'),
  ignoreEnvoyCompatibility: switchFlag('Run an Envoy that is known to be too old.'),
  noCentralConfig: switchFlag(
    "Use only the proxy's own registration, without proxy-defaults and service-defaults. Only with -node-name.",
  ),
  nodeName: textFlag(
    'Node with which the proxy is registered in the catalog, when it is not the one of the agent.',
    'name',
  ),
  omitDeprecatedTags: switchFlag('Leave out the older spelling of statistics tags.'),
  prometheusBackendPort: textFlag(
    'Port of a process on this host that serves merged metrics instead of Envoy.',
    'port',
  ),
  prometheusCaFile: textFlag('File with the CA certificate for clients that scrape metrics over TLS.', 'path'),
  prometheusCaPath: textFlag('Directory with the CA certificates for clients that scrape metrics over TLS.', 'path'),
  prometheusCertFile: textFlag('Certificate file with which metrics are served over TLS.', 'path'),
  prometheusKeyFile: textFlag('Key file with which metrics are served over TLS.', 'path'),
  prometheusScrapePath: textFlag('Path at which metrics are served.', 'path', '/metrics'),
  proxyId: textFlag('ID of the proxy. Also CONNECT_PROXY_ID in the environment.', 'id'),
  sidecarFor: textFlag('ID of the service whose sidecar shall run. Also CONNECT_SIDECAR_FOR.', 'id'),
} satisfies Flags;

type Given = Invocation<typeof flags>;

/** `connect envoy`: the bootstrap of a proxy, and an Envoy that runs with it. */
export const connectEnvoy = defineCommand({
  usage: '(-sidecar-for ID | -proxy-id ID) [options] [-- ENVOY_ARGUMENTS…]',
  about:
    'Runs an Envoy as the proxy of a service that is registered with the agent, or prints its bootstrap. What stands behind -- goes to Envoy.',
  examples: [
    { says: 'The sidecar of the service "web":', type: 'connect envoy -sidecar-for web' },
    {
      says: 'A second one on this host, with debug logs:',
      type: 'connect envoy -sidecar-for api -admin-bind 127.0.0.1:19001 -- -l debug',
    },
    { says: 'Only its bootstrap:', type: 'connect envoy -sidecar-for web -bootstrap > bootstrap.json' },
    { says: 'With a certain Envoy:', type: 'connect envoy -sidecar-for web -envoy-version 1.36.2' },
  ],
  flags,
  maxArgs: Number.MAX_SAFE_INTEGER,
  reachesAgent: true,
  flagsFirst: true,
  run: async (invocation) => {
    const { io } = invocation;
    const envoy = await import('../envoy/index.js');
    const userArgs = [...invocation.args, ...invocation.rest];
    const userDrainTimeS = envoy.userDrainTimeS(userArgs);
    const decidesDrainTime = !invocation.flags.bootstrap || invocation.isGiven('drainTimeS');
    const drainTimeS = userDrainTimeS ?? (decidesDrainTime ? invocation.flags.drainTimeS : undefined);
    let bootstrap: object;
    let input: BootstrapInput;
    try {
      input = await bootstrapInput(invocation, drainTimeS);
      bootstrap = envoy.buildBootstrap(input);
    } catch (thrown) {
      if (thrown instanceof UsageError) throw thrown;
      return failure(io, 'Error building the bootstrap', thrown);
    }
    if (invocation.flags.bootstrap) {
      io.out(`${JSON.stringify(bootstrap, undefined, 2)}\n`);
      return 0;
    }
    const binary = await findBinary(invocation);
    const drain = { timeS: invocation.flags.drainTimeS, strategy: invocation.flags.drainStrategy };
    return envoy.runEnvoy({ binary, bootstrap, args: envoy.envoyArguments(userArgs, drain), admin: input.admin });
  },
});

async function bootstrapInput(invocation: Given, drainTimeS: number | undefined): Promise<BootstrapInput> {
  const { flags: given, agent, io, setting } = invocation;
  const { findProxy } = await import('../envoy/find-proxy.js');
  const { agentFacts, chooseXdsTarget } = await import('../envoy/xds-address.js');
  const { hostAndPort } = await import('../envoy/index.js');
  const proxy = await findProxy(agent, {
    proxyId: given.proxyId || (io.env['CONNECT_PROXY_ID'] ?? ''),
    sidecarFor: given.sidecarFor || (io.env['CONNECT_SIDECAR_FOR'] ?? ''),
    gateway: given.gateway,
    nodeName: given.nodeName,
    centralConfig: !given.noCentralConfig,
  });
  const facts = await agentFacts(agent);
  const { address: agentAddress } = agent.settings;
  const caFile = given.grpcCaFile || setting('GRPC_CACERT') || '';
  const caPath = given.grpcCaPath || setting('GRPC_CAPATH') || '';
  const target = chooseXdsTarget(
    given.grpcAddr || setting('GRPC_ADDR') || '',
    agentAddress.type === 'tcp' ? agentAddress.host : '',
    facts,
    caFile !== '' || caPath !== '',
  );
  const admin = hostAndPort(given.adminBind, '-admin-bind');
  const tls = target.secure ? await xdsTrust(invocation, caFile, caPath) : undefined;
  return {
    proxyId: proxy.id,
    cluster: proxy.service,
    nodeName: given.nodeName,
    datacenter: agent.settings.datacenter || facts.datacenter,
    namespace: agent.settings.namespace || 'default',
    partition: agent.settings.partition || 'default',
    token: agent.settings.token,
    admin: {
      host: await ipAddress(admin.address, '-admin-bind'),
      port: admin.port,
      accessLogPath: given.adminAccessLogPath,
    },
    xds: { address: target.address, ...(tls === undefined ? {} : { tls }) },
    drainTimeS,
    config: withEnvironment(proxy.config, io.env),
    prometheus: prometheusOptions(invocation),
    ready: await readyAddress(given),
    omitDeprecatedTags: given.omitDeprecatedTags,
  };
}

async function xdsTrust({ agent, io }: Given, caFile: string, caPath: string): Promise<XdsTls> {
  const { serverName = '' } = agent.settings.tls;
  if (caFile === '' && caPath === '') {
    const { trustInAgent } = await import('../envoy/xds-address.js');
    return trustInAgent(agent, serverName);
  }
  try {
    const fromFile = caFile === '' ? [] : [readFileSync(resolve(io.cwd, caFile), 'utf8')];
    const fromPath = caPath === '' ? [] : readCertificates(resolve(io.cwd, caPath), caPath);
    return { caPem: [...fromFile, ...fromPath].join('\n'), serverName, identityPrefix: '' };
  } catch (thrown) {
    if (thrown instanceof UsageError) throw thrown;
    throw new UsageError(`Error reading the CA file: ${fileProblem(thrown, caFile)}`);
  }
}

/** How metrics are served. Over TLS there must be a certificate with its key; clients are asked for theirs when a CA is given. */
function prometheusOptions({ flags: given, io }: Given): BootstrapInput['prometheus'] {
  const { prometheusCaFile: caFile, prometheusCaPath: caPath } = given;
  const { prometheusCertFile: certFile, prometheusKeyFile: keyFile } = given;
  if ((certFile === '') !== (keyFile === ''))
    throw new UsageError('-prometheus-cert-file and -prometheus-key-file must be given together');
  if (certFile === '' && (caFile !== '' || caPath !== ''))
    throw new UsageError(
      '-prometheus-ca-file and -prometheus-ca-path are for metrics over TLS: give -prometheus-cert-file and -prometheus-key-file too',
    );
  if (caFile !== '' && caPath !== '')
    throw new UsageError('-prometheus-ca-file and -prometheus-ca-path exclude each other');
  if (!given.prometheusScrapePath.startsWith('/')) throw new UsageError('-prometheus-scrape-path must start with /');
  return {
    backendPort: given.prometheusBackendPort,
    scrapePath: given.prometheusScrapePath,
    caFile,
    caPath,
    caPem: caPath === '' ? '' : certificatesIn(resolve(io.cwd, caPath), caPath),
    certFile,
    keyFile,
  };
}

function certificatesIn(directory: string, shown: string): string {
  const found = readCertificates(directory, shown);
  if (found.length === 0) throw new UsageError(`-prometheus-ca-path: there is no certificate in ${shown}`);
  return found.join('\n');
}

async function readyAddress(given: FlagValues<typeof flags>): Promise<BootstrapInput['ready']> {
  const { envoyReadyBindAddress: address, envoyReadyBindPort: port } = given;
  if (address === '' && port === 0) return undefined;
  if (address === '' || port === 0)
    throw new UsageError('-envoy-ready-bind-address and -envoy-ready-bind-port must be given together');
  return { address: await ipAddress(address, '-envoy-ready-bind-address'), port };
}

/** Envoy listens on addresses, not on names. */
async function ipAddress(host: string, flag: string): Promise<string> {
  if (host === 'localhost') return '127.0.0.1';
  try {
    return (await lookup(host)).address;
  } catch {
    throw new UsageError(`${flag}: "${host}" is not an address of this host and cannot be resolved`);
  }
}

const EXPANDED_KEYS: readonly string[] = [
  'envoy_statsd_url',
  'envoy_dogstatsd_url',
  'envoy_prometheus_bind_addr',
  'envoy_stats_bind_addr',
  'envoy_ready_bind_addr',
  'envoy_ready_bind_address',
];

/** Addresses in central configuration may name variables of the host: `udp://$HOST_IP:9125`. */
function withEnvironment(config: BootstrapInput['config'], env: Given['io']['env']): BootstrapInput['config'] {
  const expanded = EXPANDED_KEYS.flatMap((key) => {
    const value = config[key];
    if (typeof value !== 'string' || !value.includes('$')) return [];
    const text = value.replace(/\$(?:\{(\w+)\}|(\w+))/g, (_match, braced?: string, bare?: string) => {
      const name = braced ?? bare ?? '';
      const found = env[name];
      if (found === undefined)
        throw new UsageError(`${key} is "${value}", but the variable ${name} is not in the environment: set it`);
      return found;
    });
    return [[key, text]];
  });
  return expanded.length === 0 ? config : { ...config, ...(Object.fromEntries(expanded) as Record<string, string>) };
}

async function findBinary({ flags: given, io }: Given): Promise<string> {
  const { locateEnvoy } = await import('../envoy/index.js');
  const { fetchReporter } = await import('../envoy/fetch-reporter.js');
  const { envoyCompatibility } = await import('../envoy/envoy-version.js');
  const found = await locateEnvoy({
    env: given.envoyBinary === '' ? io.env : { ...io.env, ENVOY_BIN: resolve(io.cwd, given.envoyBinary) },
    version: given.envoyVersion === '' ? undefined : given.envoyVersion,
    onProgress: fetchReporter(io),
  });
  const compatibility = envoyCompatibility(found.version);
  if (compatibility === 'tooOld' && !given.ignoreEnvoyCompatibility)
    throw new Error(
      `Envoy ${found.version} (${found.path}) is too old: the control plane serves 1.31 and newer. Give another with -envoy-version or -envoy-binary`,
    );
  if (compatibility === 'untested') io.err(`Envoy ${found.version} is not one we test with (1.36 to 1.40)\n`);
  return found.path;
}
