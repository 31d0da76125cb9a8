import type { Revisions, StringMap } from './common.js';

/** Where else a query looks when it finds nothing: datacenters and peers in order. */
export interface QueryFailoverTarget {
  readonly peer: string;
  readonly datacenter: string;
}

export interface QueryFailover {
  /** How many of the nearest other datacenters are asked before those that are named. */
  readonly nearestN: number;
  readonly datacenters: readonly string[] | null;
  /** Instead of the other two. */
  readonly targets: readonly QueryFailoverTarget[] | null;
}

/** Which instances of which service a query selects. `null` = not given, shown as such. */
export interface QueriedService {
  readonly service: string;
  readonly samenessGroup: string;
  readonly failover: QueryFailover;
  /** Warning instances do not count either. */
  readonly onlyPassing: boolean;
  readonly ignoreCheckIds: readonly string[] | null;
  /** A node; `_agent` = the one of the agent that is asked, `_ip` = the one nearest to the caller. */
  readonly near: string;
  /** All of them; `!tag` = not that one. Case does not count. */
  readonly tags: readonly string[] | null;
  readonly nodeMeta: StringMap | null;
  readonly serviceMeta: StringMap | null;
  /** The mesh endpoints of the service instead of its instances. */
  readonly connect: boolean;
  readonly peer: string;
}

/** Makes a query one for all names with a prefix; `type` is empty for a query of one name. */
export interface QueryTemplate {
  readonly type: string;
  readonly regexp: string;
  readonly removeEmptyTags: boolean;
}

/** What a user writes of a prepared query (consul-behaviour.md 1.13). */
export interface QueryDefinition {
  /** UUID; given by the server. */
  readonly id: string;
  readonly name: string;
  readonly session: string;
  /** Of the caller on whose behalf it runs; empty = of whoever runs it. */
  readonly token: string;
  readonly template: QueryTemplate;
  readonly service: QueriedService;
  /** `ttl` as Go duration text; empty = the agent's. */
  readonly dns: { readonly ttl: string };
}

/** A stored prepared query. Key: `id`. */
export interface PreparedQueryRecord extends QueryDefinition, Revisions {}
