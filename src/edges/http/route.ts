import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import type { EncodedJson } from './encoded-json.js';
import type { AgentDeps, HttpConfig, HttpDeps } from './http-deps.js';
import type { Query } from './query.js';

export type HttpMethod = 'GET' | 'PUT' | 'POST' | 'DELETE';

/**
 * What a token must allow (consul-behaviour.md 1.2 ff. and 8.2). `scope` says of what: everything of the resource (`any`),
 * the thing named by the path, query or body, the agent's own node (`agent`), or each item of the answer by itself (`items`).
 */
export type AclRequirement =
  | 'none'
  | {
      readonly resource:
        | 'agent'
        | 'node'
        | 'service'
        | 'key'
        | 'operator'
        | 'mesh'
        | 'intention'
        | 'config'
        | 'acl'
        | 'query'
        | 'keyring'
        | 'session'
        | 'event';
      readonly access: 'read' | 'write' | 'list';
      readonly scope: 'any' | 'path' | 'query' | 'body' | 'agent' | 'items';
    };

/** What is known of a route besides what it does. A path that ends in `/` stands for everything below it. */
export interface RouteFacts {
  readonly method: HttpMethod;
  readonly path: string;
  readonly acl: AclRequirement;
  /** Whether `index` and `wait` park the request. */
  readonly blocking: boolean;
  /** Nodes have no namespace: `?ns=` is ignored instead of refused. */
  readonly ignoresNamespace?: true;
  /** Errors carry the index headers too, as Consul's catalog and intention lists do. */
  readonly errorsHaveIndex?: true;
  /** What `Allow` says when a method is refused, where that is not the methods of the path; the same for all its methods. */
  readonly allowed?: (rest: string) => string;
}

/** One method at one path; what follows a path that ends in `/` is `request.rest`. */
export interface Route<Deps extends AgentDeps = HttpDeps> extends RouteFacts {
  readonly handle: (request: ApiRequest<Deps>) => Promise<ApiAnswer> | ApiAnswer;
}

/** A route that a client agent answers itself, and its requests. */
export type AgentRoute = Route<AgentDeps>;
export type AgentRequest = ApiRequest<AgentDeps>;

/** A request as handlers see it. Its functions belong to it: they are called on it. */
export interface ApiRequest<Deps extends AgentDeps = HttpDeps> {
  readonly deps: Deps;
  readonly config: HttpConfig;
  readonly route: RouteFacts;
  readonly method: string;
  /** Path and query, as sent. */
  readonly target: string;
  /** The decoded path. */
  readonly path: string;
  /** The decoded path below a route that ends in `/`; may contain `/`. */
  readonly rest: string;
  readonly query: Query;
  /** A header by its lower-case name; empty when absent. */
  readonly header: (name: string) => string;
  /** All headers, by their lower-case names. */
  readonly headers: () => IncomingHttpHeaders;
  readonly remoteAddress: string;
  /** Aborted when the client goes away or the server closes. */
  readonly signal: AbortSignal;
  /** The whole body; AppError('tooLarge') with `refusal` above `limitBytes`. */
  readonly body: (limitBytes?: number, refusal?: string) => Promise<Buffer>;
  /** The body as it arrives, for what may be larger than memory should hold. Read it or `body`, once. */
  readonly stream: () => Readable;
}

/** An answer that another server has made, which goes out as it is. */
export interface MadeAnswer {
  /** Name, value, name, value …, without those of the connection. */
  readonly rawHeaders: readonly string[];
  readonly body: Buffer | Readable;
}

/** What a handler answers. Exactly one of `json`, `encoded`, `text`, `bytes`, `stream` and `made`, or none for an empty body. */
export interface ApiAnswer {
  /** 200 unless given. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  /** JSON that is written down once for many answers. */
  readonly encoded?: EncodedJson;
  readonly text?: string;
  readonly bytes?: Buffer;
  /** Sent as it comes, uncompressed; destroyed when the client goes away. */
  readonly stream?: Readable;
  readonly made?: MadeAnswer;
}
