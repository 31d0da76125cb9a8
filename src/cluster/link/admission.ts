import type { SecureContextOptions } from 'node:tls';
import type { RenewedCredentials } from '../renewed-credentials.js';
import { contextOf } from '../trust.js';
import type { ChannelTls } from '../wire/channel.js';
import type { TrustedKey } from '../wire/messages.js';
import { ServerConnections } from './server-connections.js';

/** How servers let an agent in, and the connections that come of it. */
export interface Admission {
  /** Undefined until the agent was let in for the first time. */
  readonly connections: ServerConnections | undefined;
  readonly certificate: { readonly clusterId: string; readonly notAfterMs: number } | undefined;
  /** Connections with which the server at the address is reached; lets the agent in first where it is not. Throws AppError. */
  contact(address: string): Promise<ServerConnections>;
  /** A server does not take the agent's certificate any more. */
  refused(): void;
  /** A server has taken the heartbeat. */
  welcomed(): void;
  /** Asks for another certificate when the time has come. */
  renewInTime(): void;
  /** The certificate that the agent has asked for. */
  renewed(certPem: string): void;
  /** All keys that the cluster trusts, the one in use first, as a server that is verified says. */
  learnKeys(keys: readonly TrustedKey[]): void;
  close(): void;
}

/** The agent has certificates of its own (`tls.internal_rpc`): their files are renewed by who writes them. */
export function admissionByFiles(
  credentials: RenewedCredentials,
  tls: SecureContextOptions,
  serverName: string,
): Admission {
  const calling = (): ChannelTls => ({ context: contextOf({ credentials, tls }), serverName, asks: serverName });
  const connections = new ServerConnections(calling());
  const stop = credentials.onChange(() => connections.renew(calling()));
  const nothing = (): void => undefined;
  return {
    connections,
    certificate: undefined,
    contact: () => Promise.resolve(connections),
    refused: nothing,
    welcomed: nothing,
    renewInTime: nothing,
    renewed: nothing,
    learnKeys: nothing,
    close() {
      stop();
      connections.close();
    },
  };
}
