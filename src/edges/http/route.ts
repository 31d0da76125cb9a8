import type { Readable } from 'node:stream';
import type { EncodedJson } from './encoded-json.js';
import type { HttpConfig, HttpDeps } from './http-deps.js';
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

/** One method at one path. A path that ends in `/` stands for everything below it; what follows is `request.rest`. */
export interface Route {
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
  readonly handle: (request: ApiRequest) => Promise<ApiAnswer> | ApiAnswer;
}

/** A request as handlers see it. */
export interface ApiRequest {
  readonly deps: HttpDeps;
  readonly config: HttpConfig;
  readonly route: Route;
  readonly method: string;
  /** The decoded path. */
  readonly path: string;
  /** The decoded path below a route that ends in `/`; may contain `/`. */
  readonly rest: string;
  readonly query: Query;
  /** A header by its lower-case name; empty when absent. */
  readonly header: (name: string) => string;
  readonly remoteAddress: string;
  /** Aborted when the client goes away or the server closes. */
  readonly signal: AbortSignal;
  /** The whole body; AppError('tooLarge') with `refusal` above `limitBytes`. */
  readonly body: (limitBytes?: number, refusal?: string) => Promise<Buffer>;
  /** The body as it arrives, for what may be larger than memory should hold. Read it or `body`, once. */
  readonly stream: () => Readable;
}

/** What a handler answers. Exactly one of `json`, `encoded`, `text`, `bytes` and `stream`, or none for an empty body. */
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
}
