import type { ServerDuplexStream, ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import type { SecureVersion } from 'node:tls';
import type { AppError, Clock } from '../../core/index.js';
import type { Cell } from '../../model/index.js';
import type { CertificateAuthority } from '../../ca/index.js';
import type { StateStore } from '../../state/index.js';
import type { EncodedResource, ProxyIdentity, ProxyNeeds, ResourceType } from '../resources/spec.js';
import type { Propagation } from './propagation-model.js';

/** A proxy's name: the node's registered name and its service id there. */
export interface ProxyKey {
  readonly node: string;
  readonly proxyId: string;
}

/** What the server logs to; a pino logger fits. */
export interface XdsLogger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Who is asking on a stream. */
export interface StreamClient extends ProxyKey {
  /** The `x-consul-token` metadata; empty when none was given. */
  readonly token: string;
  /** `envoy`, `gRPC Node Pure JS` …; empty when the client does not say. */
  readonly userAgent: string;
  readonly remoteAddress: string;
  readonly encrypted: boolean;
}

export interface XdsServerOptions {
  /** Serve leaves and keys over plaintext to other hosts too. Default false. */
  readonly allowPlaintextSecrets?: boolean;
  /** How long a stream of an unknown proxy is held before NotFound. Default 10,000. */
  readonly unknownProxyWaitMs?: number;
  /** How often a connected stream's token is checked again. Default 300,000. */
  readonly reauthorizeEveryMs?: number;
  /** Streams written per turn of the event loop. Default 50. */
  readonly streamsPerTurn?: number;
  /** How long after its disconnect a proxy is still listed. Default 600,000. */
  readonly forgetAfterMs?: number;
}

/** Everything the server is given; it does not know how needs or resources are computed. */
export interface XdsServerDependencies {
  readonly store: Pick<
    StateStore,
    'ready' | 'index' | 'view' | 'read' | 'subscribe' | 'commits$' | 'transact' | 'problems'
  >;
  readonly ca: CertificateAuthority;
  /** What a proxy needs; undefined = not registered (any more). Key: `proxyNeedsKey`. */
  readonly needsCell: Cell<ProxyNeeds | undefined>;
  /** `envoyVersion`: what the proxy's Envoy says of itself, `1.36.2`; empty when it does not. */
  readonly proxyNeedsKey: (proxy: ProxyKey, envoyVersion: string) => string;
  /** One encoded resource; undefined = it does not compile now, the last good one stays. Key: as in `ProxyNeeds.resources`. */
  readonly resourceCell: Cell<EncodedResource | undefined>;
  /**
   * The registration a stream's node means. `notFound`: the server waits for a registration; anything else ends the stream
   * (`invalidArgument` when several nodes have such a service).
   */
  readonly findProxy: (nodeName: string | undefined, proxyId: string) => ProxyKey | AppError;
  /** May this client be this proxy? Asked when a stream opens and from time to time. Default: yes. */
  readonly authorize?: (client: StreamClient) => AppError | undefined;
  /**
   * Resources by name that are not in the proxy's needs: how proxyless gRPC clients get the listener of a target
   * (`xds:///api`) and what follows from it. Returns the key of a resource cell, or undefined when there is no such thing
   * or it is not for this client.
   */
  readonly onDemand?: (
    identity: ProxyIdentity,
    client: StreamClient,
    type: ResourceType,
    name: string,
  ) => string | undefined;
  readonly clock: Clock;
  readonly logger: XdsLogger;
  readonly options?: XdsServerOptions;
}

/** A certificate with its key, PEM. `certPem` may carry intermediates behind the certificate. */
export interface ServerCertificate {
  readonly certPem: string;
  readonly privateKeyPem: string;
  /** Further wishes of the configuration; none = TLS 1.2 and anybody may connect. */
  readonly wishes?: {
    readonly minVersion: SecureVersion;
    /** In OpenSSL's words; empty = the usual ones. */
    readonly ciphers: string;
    /** Clients must show a certificate of these authorities (PEM); empty = they need none. */
    readonly clientAuthoritiesPem: string;
  };
}

/** Where the TLS door gets its certificate; `onChange` tells of a newer one, which is used for new connections at once. */
export interface ServerCertificateProvider {
  current(): ServerCertificate;
  onChange(listener: () => void): () => void;
}

/** An opened door; `port` is the real one when 0 was asked for. */
export interface ListeningDoor {
  readonly address: string;
  readonly port: number;
}

export interface XdsServer {
  /** Opens the plaintext door. AppError('portTaken') names the address. */
  listen(address: string, port: number): Promise<ListeningDoor>;
  /** Opens the TLS door. AppError('portTaken') names the address. */
  listenTls(address: string, port: number, certificates: ServerCertificateProvider): Promise<ListeningDoor>;
  /**
   * The service for another server's port, at which client agents relay streams: `nodeOf` says whose agent calls (empty = its
   * certificate names no node), or throws.
   */
  relayed(
    nodeOf: (call: Pick<ServerDuplexStream<Buffer, Buffer>, 'getPeer' | 'getAuthContext'>) => string,
  ): readonly [ServiceDefinition, UntypedServiceImplementation];
  /** What each proxy was sent and has acknowledged. */
  readonly propagation: Propagation;
  /** Counters for metrics, tests and the bench. */
  readonly counters: Readonly<XdsCounters>;
  /** Ends every stream with Unavailable and closes the doors. */
  close(): Promise<void>;
}

export interface XdsCounters {
  streams: number;
  streamsOpened: number;
  requests: number;
  responses: number;
  resourcesSent: number;
  bytesSent: number;
  refusals: number;
  leavesIssued: number;
  framesBuilt: number;
  sessionsFlushed: number;
}
