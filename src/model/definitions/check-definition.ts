import type { CheckStatus } from '../records/catalog.js';

/** A check as a user defines it (consul-behaviour 2.5). Exactly one of the kind's own fields is set. */
export interface CheckDefinition {
  readonly checkId: string;
  readonly name: string;
  readonly notes: string;
  readonly serviceId: string;
  readonly status: CheckStatus | '';
  readonly token: string;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly outputMaxSize: number;
  readonly successBeforePassing: number;
  readonly failuresBeforeWarning: number;
  readonly failuresBeforeCritical: number;
  readonly deregisterCriticalServiceAfterMs: number;
  readonly tlsServerName: string;
  readonly tlsSkipVerify: boolean;
  readonly ttlMs: number;
  readonly http: string;
  readonly method: string;
  readonly header: Readonly<Record<string, readonly string[]>>;
  readonly body: string;
  readonly disableRedirects: boolean;
  /** `host:port[/service]`. */
  readonly grpc: string;
  readonly grpcUseTls: boolean;
  readonly tcp: string;
  readonly tcpUseTls: boolean;
  readonly udp: string;
  /** A program and its arguments: run here, or in `dockerContainerId`. */
  readonly args: readonly string[];
  readonly dockerContainerId: string;
  /** The shell inside the container; empty = `args` are run as they are. */
  readonly shell: string;
  readonly h2ping: string;
  readonly h2pingUseTls: boolean;
  readonly osService: string;
  readonly aliasNode: string;
  readonly aliasService: string;
}
