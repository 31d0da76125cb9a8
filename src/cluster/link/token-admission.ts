import { type KeyObject, X509Certificate } from 'node:crypto';
import type { SecureContextOptions } from 'node:tls';
import { AppError, type Clock } from '../../core/index.js';
import { createAgentKey, type JoinToken, proofOfKey } from '../credentials/index.js';
import type { AgentFacts, ServerPeer } from '../contract.js';
import { keyName } from '../trust.js';
import type { ChannelTls } from '../wire/channel.js';
import type { AgentMessage, TrustedKey } from '../wire/messages.js';
import type { Admission } from './admission.js';
import {
  authorityHash,
  type CredentialsKeeper,
  type HeldCredentials,
  heldCredentials,
  joinThrough,
  keepCredentials,
  readKept,
  tokenOf,
} from './agent-credentials.js';
import { ServerConnections } from './server-connections.js';

const HALF_LIFE_MS = 36 * 60 * 60_000;

export interface TokenAdmissionParts {
  readonly token: JoinToken;
  readonly keeper: CredentialsKeeper | undefined;
  readonly facts: () => AgentFacts;
  readonly serverName: string;
  readonly clock: Clock;
  /** Says something over the heartbeat; false where none is held. */
  readonly say: (message: AgentMessage) => boolean;
  /** The server that let the agent in has named others. */
  readonly onServers: (servers: readonly ServerPeer[]) => void;
  /** The certificate is of another key than before: what runs over older connections should be moved. */
  readonly onNewKey: () => void;
  readonly onProblem: (problem: AppError) => void;
}

/** The agent joins by token; the servers then give it a certificate, renew it, and tell it which keys the cluster trusts. */
export class TokenAdmission implements Admission {
  readonly #parts: TokenAdmissionParts;
  #credentials: HeldCredentials | undefined;
  /** What the servers told of the cluster's keys last. */
  #keys: readonly TrustedKey[];
  #connections: ServerConnections | undefined;
  /** The key for which a certificate was asked for. */
  #renewing: KeyObject | undefined;

  constructor(parts: TokenAdmissionParts) {
    this.#parts = parts;
    const { keeper, token, clock, facts } = parts;
    const { credentials, keys } = readKept(keeper, facts().nodeName, token, clock);
    this.#keys = keys;
    if (credentials !== undefined) this.#use(credentials);
  }

  get connections(): ServerConnections | undefined {
    return this.#connections;
  }

  get certificate(): Admission['certificate'] {
    return this.#credentials;
  }

  async contact(address: string): Promise<ServerConnections> {
    if (this.#credentials === undefined) {
      const { credentials, servers } = await this.#joinAt(address);
      this.#use(credentials);
      this.#keep();
      this.#parts.onServers(servers);
    }
    return this.#connections as ServerConnections;
  }

  /** The token lets in again. */
  refused(): void {
    this.#credentials = undefined;
  }

  welcomed(): void {
    this.#renewing = undefined;
  }

  renewInTime(): void {
    if (this.#credentials !== undefined && this.#credentials.notAfterMs - this.#parts.clock.now() <= HALF_LIFE_MS)
      this.#renew();
  }

  renewed(certPem: string): void {
    if (this.#renewing === undefined || this.#credentials === undefined) return;
    // It may be the answer to a wish before this one.
    if (!new X509Certificate(certPem).checkPrivateKey(this.#renewing)) return;
    const keyPem = this.#renewing.export({ type: 'pkcs8', format: 'pem' }) as string;
    this.#renewing = undefined;
    const { keys, key } = this.#credentials;
    try {
      this.#use(heldCredentials(keys, certPem, keyPem));
    } catch (thrown) {
      // Of a key that this agent was not told of.
      this.#parts.onProblem(AppError.from(thrown));
      return;
    }
    this.#keep();
    if (this.#credentials.key !== key) this.#parts.onNewKey();
  }

  /** What the servers say over a connection that is verified counts, whatever the agent was given first. */
  learnKeys(keys: readonly TrustedKey[]): void {
    const held = this.#credentials;
    const [primary] = keys;
    if (held === undefined || primary === undefined) return;
    const isSame = held.keys.length === keys.length && keys.every((key, at) => sameKey(key, held.keys[at]));
    if (!isSame) {
      try {
        this.#use(heldCredentials(keys, held.certPem, held.keyPem));
      } catch (thrown) {
        // The key of its own certificate is no longer trusted: the servers will end the connection.
        this.#parts.onProblem(AppError.from(thrown));
        return;
      }
      this.#keep();
    }
    if (!sameKey(primary, this.#credentials?.key)) this.#renew();
    this.#tellKeys();
  }

  close(): void {
    this.#connections?.close();
  }

  /** By the token of a key that the servers told of since, or the given one. */
  async #joinAt(address: string): ReturnType<typeof joinThrough> {
    const { token: given, facts, serverName } = this.#parts;
    let problem: AppError | undefined;
    for (const token of [...this.#keys.map(tokenOf), given]) {
      try {
        return await joinThrough(address, token, facts(), serverName);
      } catch (thrown) {
        problem = AppError.from(thrown);
        if (problem.code !== 'unauthenticated' && problem.code !== 'permissionDenied') break;
      }
    }
    throw problem as AppError;
  }

  #use(credentials: HeldCredentials): void {
    const { serverName } = this.#parts;
    this.#credentials = credentials;
    this.#keys = credentials.keys;
    const { caPem: ca, certPem: cert, keyPem: key } = credentials;
    const context: SecureContextOptions = { ca, cert, key, minVersion: 'TLSv1.2' };
    const tls: ChannelTls = { context, serverName, asks: keyName(authorityHash(credentials.key), serverName) };
    if (this.#connections === undefined) this.#connections = new ServerConnections(tls);
    else this.#connections.renew(tls);
  }

  #keep(): void {
    const { keeper, token, facts, onProblem } = this.#parts;
    if (this.#credentials === undefined) return;
    try {
      keepCredentials(keeper, this.#credentials, facts().nodeName, token);
    } catch (thrown) {
      onProblem(AppError.from(thrown));
    }
  }

  #renew(): void {
    if (this.#renewing !== undefined) return;
    const { privateKey, publicKeyInfo: publicKey } = createAgentKey();
    const proof = proofOfKey(privateKey, this.#parts.facts().nodeName);
    if (this.#parts.say({ renew: { publicKey, proof } })) this.#renewing = privateKey;
  }

  #tellKeys(): void {
    if (this.#credentials === undefined) return;
    const { keys, key } = this.#credentials;
    this.#parts.say({ keys: { authorities: keys.map(authorityHash), inUse: authorityHash(key) } });
  }
}

const sameKey = (left: TrustedKey, right: TrustedKey | undefined): boolean => left.authorityPem === right?.authorityPem;
