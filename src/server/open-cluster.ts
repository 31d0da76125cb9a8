import type { AgentConfig } from '../agent/config/index.js';
import {
  allowedNetworks,
  type ClusterServer,
  type ClusterTrust,
  type Keyring,
  openClusterServer,
  openKeyring,
  type RelayedDns,
  systemResolve,
  trustOfFiles,
  trustOfKeys,
} from '../cluster/index.js';
import type { Member } from '../discovery/members/index.js';
import type { KeyringControl } from '../discovery/operator/index.js';
import type { DnsServer } from '../edges/dns/index.js';
import { AppError, type Clock, formatHostPort } from '../core/index.js';
import type { Logger } from '../telemetry/index.js';
import { clusterFiles, fileCredentials } from './cluster-files.js';
import { openClusterKeys } from './cluster-keys.js';
import { openPort } from './doors/open-port.js';
import { API_VERSION } from './versions.js';

/** A server's part of the cluster, and its certificates where they come from files. */
export interface OpenCluster extends ClusterServer {
  /** The real ports, also where 0 was asked for. -1 = closed. */
  readonly ports: Pick<AgentConfig['ports'], 'server' | 'serfLan'>;
  /** The cluster's keys; absent where certificates come from files and there is no key. */
  readonly keyring?: Keyring;
  /** The keys of all members, once it is known who they are. */
  controlKeys(members: () => readonly Member[]): KeyringControl | undefined;
  /** Reads the files of `tls.internal_rpc` again. Throws AppError('invalidArgument'); then nothing changes. */
  reload(config: AgentConfig): void;
}

/**
 * Opens the cluster door where the configuration has a cluster key or certificates for it; undefined where this server is alone.
 * Throws AppError('invalidArgument') where others are to be joined and nothing says how they are to be trusted.
 */
export async function openCluster(
  config: AgentConfig,
  { nodeId, clock, logger }: { readonly nodeId: string; readonly clock: Clock; readonly logger: Logger },
): Promise<OpenCluster | undefined> {
  const files = clusterFiles(config);
  const keyring = openClusterKeys(config, (message) => logger.warn({ room: 'cluster' }, message));
  const trust = files
    ? trustOfFiles(fileCredentials(files), { datacenter: config.datacenter, domain: config.dns.domain, tls: files.tls })
    : keyring && trustInKeys(keyring, config, clock);
  if (trust === undefined) {
    const { retryJoin, startJoin, bootstrapExpect } = config.cluster;
    const isAlone = retryJoin.length + startJoin.length === 0 && bootstrapExpect <= 1;
    if (isAlone && !config.state.etcd.member) return undefined;
    throw new AppError(
      'invalidArgument',
      'a server that joins others needs the cluster key: make one with "meshwright keygen", and give the same to all servers with -encrypt (or certificates with tls.internal_rpc)',
    );
  }
  const { cluster, nodeName, datacenter } = config;
  const real = { server: -1, serfLan: -1 };
  const server = await openClusterServer(
    {
      trust,
      self: { id: nodeId, name: nodeName, version: API_VERSION, datacenter },
      advertiseHost: (port) => formatHostPort({ host: config.advertiseAddress, port }),
      expect: cluster.bootstrapExpect,
      handshakeTimeoutMs: cluster.handshakeTimeoutMs,
      maxConnectionsPerClient: () => cluster.maxConnectionsPerClient,
      allows: allowedNetworks(cluster.allowedNetworks),
      clock,
      resolve: systemResolve,
      logger: logger.child({ room: 'cluster' }),
    },
    async (door) => {
      const open = async (flag: string, port: number): Promise<number> =>
        port < 0 ? port : (await openPort(flag, () => door.listen(config.bindAddress, port))).port;
      real.server = await open('-server-port', config.ports.server);
      real.serfLan = await open('-serf-lan-port', config.ports.serfLan);
      const told = real.server < 0 ? real.serfLan : real.server;
      if (told < 0)
        throw new AppError('invalidArgument', 'ports.server and ports.serf_lan are both closed: others cannot join');
      const fields = { address: config.bindAddress, server: real.server, serfLan: real.serfLan };
      logger.info(fields, 'cluster door is open');
      return told;
    },
  );
  let members: () => readonly Member[] = () => [];
  const control =
    keyring &&
    openKeyring({
      keyring,
      peers: server.peers,
      keysOfAgents: () => server.keysOfAgents(),
      members: () => members(),
      clock,
      logger: logger.child({ room: 'cluster' }),
    });
  return {
    ...server,
    ...(keyring && { keyring }),
    controlKeys(given) {
      // Client agents with certificates from files have nothing of a key.
      members = files ? () => given().filter(({ tags }) => tags['role'] === 'consul') : given;
      return control;
    },
    async close() {
      control?.close();
      await server.close();
    },
    ports: { server: real.server, serfLan: real.serfLan },
    reload: (next) => files?.reload(next),
  };
}

/** DNS messages that agents relay, for our own responder; `settingsOf` reads how an agent wants them answered. */
export function relayDns(
  { respond }: Pick<DnsServer, 'respond'>,
  settingsOf: (sent: string) => Parameters<DnsServer['respond']>[3],
): RelayedDns {
  return async (message, { tcp, address, settings }) =>
    respond(message, tcp ? 'tcp' : 'udp', address, settingsOf(settings));
}

function trustInKeys(keyring: Keyring, config: AgentConfig, clock: Clock): ClusterTrust {
  const { datacenter, nodeName, advertiseAddress } = config;
  return trustOfKeys(keyring, { datacenter, node: nodeName, names: [advertiseAddress] }, clock);
}
