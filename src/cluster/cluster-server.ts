import type { ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import type { Clock, Coordinate } from '../core/index.js';
import type { StateStore } from '../state/index.js';
import type { ServerPeer } from './contract.js';
import { type Call, requireRole } from './door/peer.js';
import { type ClusterDoor, createClusterDoor, type RelayedHttp } from './door/cluster-door.js';
import type { CertificateDeskParts } from './door/certificate-desk.js';
import { clusterHandlers, type RelayedDns } from './door/cluster-service.js';
import { type AgentRegistry, Heartbeats } from './door/heartbeats.js';
import { JoinDesk } from './door/join-desk.js';
import type { Resolve } from './join-addresses.js';
import { createServerPeers, type OwnServerPeers } from './peers/server-peers.js';
import type { ClusterTrust } from './trust.js';
import { clusterService } from './wire/cluster-api.js';

export interface ClusterServerParts {
  readonly trust: ClusterTrust;
  readonly self: Omit<ServerPeer, 'draining' | 'tags' | 'address'>;
  /** What others are told: the host of `address`. */
  readonly advertiseHost: (port: number) => string;
  readonly expect: number;
  readonly handshakeTimeoutMs: number;
  readonly maxConnectionsPerClient: () => number;
  /** See ClusterDoorParts. */
  readonly allows?: (address: string) => boolean;
  readonly clock: Clock;
  readonly resolve: Resolve;
  readonly logger: Record<'debug' | 'info' | 'warn' | 'error', (fields: object, message: string) => void>;
}

/** What the door hands requests of agents to, once the state is there. */
export interface ClusterServing {
  readonly http: RelayedHttp;
  readonly dns: RelayedDns;
  readonly registry: AgentRegistry;
  /** Agents are told when another state takes its place. */
  readonly store: Pick<StateStore, 'epoch' | 'onRestored'>;
  /** Where this server is in the network; absent = it has no coordinates. */
  readonly place?: () => Coordinate;
  /** What gives agents the certificates of their TLS ports. */
  readonly certificates?: CertificateDeskParts;
  /** The gRPC service of relayed ADS, made with whose agent it is that calls. */
  readonly ads?: (nodeOf: (call: Call) => string) => readonly [ServiceDefinition, UntypedServiceImplementation];
}

/** A server's part of the cluster: its door and its view of the others. The state need not be there yet. */
export interface ClusterServer {
  readonly peers: OwnServerPeers;
  /** The port that others are told. */
  readonly port: number;
  /** Heartbeats held here. */
  heartbeats(): number;
  /** Which cluster keys the client agents have whose heartbeat is held here. */
  keysOfAgents(): ReturnType<Heartbeats['keysOf']>;
  /** Agents and servers are told to turn to others. */
  setDraining(draining: boolean): void;
  /** From now on agents are let in and served. */
  serve(parts: ClusterServing): void;
  close(): Promise<void>;
}

/**
 * Opens the cluster door at the places (the first is what others are told) and begins to look for other servers once it is told to
 * join. Throws AppError('portTaken' | 'unavailable').
 */
export async function openClusterServer(
  parts: ClusterServerParts,
  open: (door: Pick<ClusterDoor, 'listen'>) => Promise<number>,
): Promise<ClusterServer> {
  const { trust, clock, logger, self } = parts;
  const door = createClusterDoor(parts);
  let port: number;
  try {
    port = await open(door);
  } catch (thrown) {
    await door.close();
    throw thrown;
  }
  const peers = createServerPeers({ ...parts, self: { ...self, address: parts.advertiseHost(port) } });
  let serving: ClusterServing | undefined;
  let heartbeats: Heartbeats | undefined;
  const desk = new JoinDesk({
    datacenter: self.datacenter,
    keys: trust.keys,
    clock,
    conflict: (name, id) => serving?.registry.conflict(name, id),
  });
  door.add(
    clusterService(),
    clusterHandlers(door, {
      desk,
      heartbeats: () => heartbeats,
      dns: () => serving?.dns,
      servers: () => peers.all(),
      introduce: (introduction, from) => peers.introduce(introduction, from),
      ask: (question, from) => peers.handle(question, from),
      place: () => serving?.place?.(),
      certificates: () => serving?.certificates,
    }),
  );
  const watch = peers.peers$.subscribe(() => heartbeats?.serversChanged());
  const stopTellingKeys = trust.keys?.onChange(() => heartbeats?.keysChanged());
  let stopTellingEpoch = (): void => undefined;
  return {
    peers,
    port,
    heartbeats: () => heartbeats?.size ?? 0,
    keysOfAgents: () => heartbeats?.keysOf() ?? [],
    setDraining(draining) {
      peers.setDraining(draining);
      heartbeats?.serversChanged();
    },
    serve(given) {
      serving = given;
      heartbeats = new Heartbeats({
        datacenter: self.datacenter,
        clock,
        desk,
        registry: given.registry,
        servers: () => ({ self: peers.self(), all: peers.all() }),
        epoch: () => given.store.epoch,
        problem: (message) => logger.warn({}, message),
      });
      stopTellingEpoch = given.store.onRestored(() => heartbeats?.stateReplaced());
      door.serveHttp(given.http);
      const ads = given.ads?.((call) => clientNode(door, call));
      if (ads !== undefined) door.add(...ads);
    },
    async close() {
      watch.unsubscribe();
      stopTellingKeys?.();
      stopTellingEpoch();
      heartbeats?.close();
      peers.close();
      await door.close();
      trust.credentials.close();
    },
  };
}

/** The node of the client agent that calls; streams of proxies come through agents only. */
function clientNode(door: ClusterDoor, call: Call): string {
  const caller = door.callerOf(call);
  requireRole(caller, 'client', 'a relayed stream of a proxy');
  return caller.node;
}
