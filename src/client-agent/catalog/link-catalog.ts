import {
  aliasedHealth,
  type CatalogChange,
  exposingProxy,
  instancesOf,
  type LocalCheck,
  type LocalService,
  looksItself,
  type NodeCatalog,
  type NodeFacts,
} from '../../agent/index.js';
import type { ServerLink } from '../../cluster/index.js';
import { canonicalJson, AppError, type Clock } from '../../core/index.js';
import { followQuery, withIndex } from '../follow-query.js';
import type { ServerAccess } from '../http/server-access.js';
import type { AskServers } from './ask-servers.js';
import type { NodeWatch } from './node-watch.js';
import {
  checkBodyOf,
  comparable,
  comparableCheck,
  readCheck,
  readService,
  registrationOf,
  serviceBodyOf,
} from './node-wire.js';

/** When servers are there again, or have another state, their agents come to compare within this time, not all at once. */
const RESYNC_SPREAD_MS = 3_000;
/** Requests under way at a time. */
const MOST_AT_ONCE = 8;
const MOST_CHECKS_TOGETHER = 64;
const FIRST_PATIENCE_MS = 1_500;
const COUNT_EVERY_MS = 10 * 60_000;
/** A service without checks of its own may go without any check changing. */
const ALIAS_WAIT = '1m';

export interface LinkCatalogOptions {
  readonly ask: AskServers;
  readonly servers: ServerAccess;
  readonly link: Pick<ServerLink, 'replaced$'>;
  readonly watch: NodeWatch;
  readonly facts: NodeFacts;
  readonly clock: Clock;
  /** 0 <= random() < 1. */
  readonly random: () => number;
  /** What services and checks without a token of their own are told with; empty = the agent's own. */
  readonly serviceToken: () => string;
}

/** Tells the catalog of the node and what is on it; with the agent's own token where none is given. */
type Register = (body: object, token: string) => Promise<unknown>;

/** A check, and the token that it is told with. */
interface Told {
  readonly check: LocalCheck;
  readonly token: string;
}

/** What the servers had of this node when they were asked last. */
interface Stored {
  readonly node: string;
  readonly services: ReadonlyMap<string, LocalService>;
  readonly checks: ReadonlyMap<string, string>;
}

/** The catalog of a client agent: its servers', over their API (consul-behaviour 11.4). */
export function createLinkCatalog(options: LinkCatalogOptions): NodeCatalog & { close(): void } {
  const { ask, servers, link, watch, facts, clock, random, serviceToken } = options;
  const name = encodeURIComponent(facts.node);
  const end = new AbortController();
  let stored: Stored | undefined;
  let isFirst = true;
  const readNode = async () => {
    const [node, checks] = await Promise.all([
      ask({ method: 'GET', path: `/v1/catalog/node-services/${name}` }),
      ask({ method: 'GET', path: `/v1/health/node/${name}` }),
    ]);
    const { Node, Services } = (node.json ?? {}) as { Node?: unknown; Services?: readonly unknown[] | null };
    return {
      node: Node ?? undefined,
      services: (Services ?? []).map((row) => readService(facts.node, row)).filter((service) => service !== undefined),
      checks: ((checks.json ?? []) as readonly unknown[]).map(readCheck).filter((check) => check !== undefined),
    };
  };

  const register: Register = (body, token) =>
    ask({ method: 'PUT', path: '/v1/catalog/register', body: { ...registrationOf(facts), ...body }, token });
  const deregister = (body: object, token: string): Promise<unknown> =>
    ask({
      method: 'PUT',
      path: '/v1/catalog/deregister',
      body: { Node: facts.node, Datacenter: facts.datacenter, ...body },
      token: token || serviceToken(),
    });

  /**
   * A service with its checks, so that it is never seen without them. Tags of services that leave them to the catalog are those
   * that it has.
   */
  const putService = async (
    service: LocalService,
    checks: readonly LocalCheck[],
    token: string,
    known: Stored | undefined,
  ): Promise<void> => {
    const there = service.enableTagOverride
      ? (known?.services.get(service.id) ?? (await readNode()).services.find(({ id }) => id === service.id))
      : undefined;
    const body = {
      SkipNodeUpdate: true,
      Service: serviceBodyOf(there === undefined ? service : { ...service, tags: there.tags }),
      Checks: checks.map(checkBodyOf),
    };
    await register(body, token);
  };

  return {
    async read() {
      // At the start the agent is just about to find its servers.
      if (!servers.isReachable && isFirst) await servers.untilReachable(end.signal, FIRST_PATIENCE_MS);
      isFirst = false;
      const found = await readNode();
      stored = {
        node: comparableNode(found.node),
        services: new Map(found.services.map((service) => [service.id, service])),
        checks: new Map(found.checks.map((check) => [check.checkId, comparableCheck(check)])),
      };
      return { serviceIds: [...stored.services.keys()], checkIds: [...stored.checks.keys()] };
    },

    async write(changes) {
      const known = stored;
      // It is good for the changes that follow from it, and for no others.
      stored = undefined;
      const wanted = changes.filter((change) => known === undefined || differs(change, known, facts));
      const services = wanted.flatMap((change) =>
        change.kind === 'service' && change.service
          ? [{ service: change.service, token: change.token || serviceToken() }]
          : [],
      );
      const checks = wanted.flatMap((change) =>
        change.kind === 'check' && change.check ? [{ check: change.check, token: change.token || serviceToken() }] : [],
      );
      // A check with a token of its own goes by itself, once its service is there.
      const goesWith = ({ check, token }: Told, of: (typeof services)[number]): boolean =>
        check.serviceId === of.service.id && token === of.token;
      const withChecks = async (told: (typeof services)[number]): Promise<void> => {
        const { service, token } = told;
        const own = checks.filter((check) => goesWith(check, told)).map(({ check }) => check);
        try {
          await putService(service, own, token, known);
        } catch (thrown) {
          if (own.length === 0 || AppError.from(thrown).code === 'unavailable') throw thrown;
          // Whichever of them is refused keeps no other out.
          await putService(service, [], token, known);
          await putChecks(register, own, token);
        }
      };
      const steps: readonly (readonly (() => Promise<unknown>)[])[] = [
        wanted.some(({ kind }) => kind === 'node') ? [() => register({ SkipNodeUpdate: false }, '')] : [],
        services.map((told) => () => withChecks(told)),
        together(checks.filter((check) => !services.some((told) => goesWith(check, told)))).map(
          ({ group, token }) =>
            () =>
              putChecks(register, group, token),
        ),
        wanted.flatMap((change) =>
          change.kind === 'check' && change.check === undefined
            ? [() => deregister({ CheckID: change.id }, change.token)]
            : [],
        ),
        wanted.flatMap((change) =>
          change.kind === 'service' && change.service === undefined
            ? [() => deregister({ ServiceID: change.id }, change.token)]
            : [],
        ),
      ];
      const refused: string[] = [];
      for (const step of steps) {
        const problems = await carryOut(step);
        refused.push(...problems.map(({ message }) => message));
        // Nobody is there: what comes after would only say so again.
        if (problems.some(({ code }) => code === 'unavailable')) return [...new Set(refused)];
      }
      return refused;
    },

    onResync(listener) {
      let cancel = (): void => undefined;
      const soon = (): void => {
        cancel();
        cancel = clock.after(Math.floor(random() * RESYNC_SPREAD_MS), listener);
      };
      const stop = servers.onReachable(soon);
      const replaced = link.replaced$.subscribe(soon);
      return () => {
        cancel();
        stop();
        replaced.unsubscribe();
      };
    },

    watchExposing(listener) {
      const tell = (): void =>
        listener(
          [...watch.services.values()].flatMap(({ kind, proxy, address }) =>
            kind === 'connect-proxy' && proxy !== undefined ? exposingProxy(proxy, address) : [],
          ),
        );
      const stop = watch.onChange(tell);
      tell();
      return stop;
    },

    watchHealth(aliased, listener) {
      const over = new AbortController();
      const signal = AbortSignal.any([over.signal, end.signal]);
      const node = encodeURIComponent(aliased.node);
      void followQuery({
        clock,
        signal,
        ask: async (index) => {
          const path = withIndex(`/v1/health/node/${node}`, index, ALIAS_WAIT);
          const { json, index: next } = await ask({ method: 'GET', path, signal });
          const services = await ask({ method: 'GET', path: `/v1/catalog/node-services/${node}`, signal });
          return { index: next, checks: json, services: services.json };
        },
        onAnswer({ checks, services }) {
          const rows = ((checks ?? []) as readonly unknown[]).map(readCheck).filter((check) => check !== undefined);
          const known = ((services as { Services?: readonly unknown[] | null } | undefined)?.Services ?? []).map(
            (row) => readService(aliased.node, row),
          );
          const service = known.find((one) => one?.id === aliased.serviceId);
          const wanted = ['', ...instancesOf(aliased.serviceId, service)];
          const own = rows.filter((row) => wanted.includes(row.serviceId) && looksItself(row));
          const seen = own.map((check) => ({ ...check, status: check.status as LocalCheck['status'] }));
          listener(aliasedHealth(aliased, { isKnown: service !== undefined, checks: seen }));
        },
      });
      return () => over.abort();
    },

    nodeCount: countNodes(ask, clock, end.signal),
    close: () => end.abort(),
  };
}

/** Whether something is to be told, when this is what the servers have. */
function differs(change: CatalogChange, stored: Stored, facts: NodeFacts): boolean {
  if (change.kind === 'node') return stored.node !== comparableNode({ ...registrationOf(facts), Meta: facts.meta });
  if (change.kind === 'service') {
    const there = stored.services.get(change.id);
    if (change.service === undefined) return there !== undefined;
    if (there === undefined) return true;
    const wanted = change.service.enableTagOverride ? { ...change.service, tags: there.tags } : change.service;
    return comparable(there) !== comparable(wanted);
  }
  const there = stored.checks.get(change.id);
  if (change.check === undefined) return there !== undefined;
  // The catalog does not show what is exposed.
  return there === undefined || change.check.exposed !== undefined || there !== comparableCheck(change.check);
}

function comparableNode(json: unknown): string {
  const { ID, Address, TaggedAddresses, Meta, Locality } = (json ?? {}) as Record<string, unknown>;
  return canonicalJson([ID ?? '', Address ?? '', TaggedAddresses ?? {}, Meta ?? {}, Locality ?? {}]);
}

/** Checks of a service that have one token go together, so that it is never seen with half of them. */
function together(
  checks: readonly Told[],
): readonly { readonly group: readonly LocalCheck[]; readonly token: string }[] {
  const byService = new Map<string, { readonly own: LocalCheck[]; readonly token: string }>();
  for (const { check, token } of checks) {
    const key = JSON.stringify([check.serviceId, token]);
    const known = byService.get(key) ?? { own: [], token };
    byService.set(key, known);
    known.own.push(check);
  }
  return [...byService.values()].flatMap(({ own, token }) =>
    Array.from({ length: Math.ceil(own.length / MOST_CHECKS_TOGETHER) }, (_group, at) => ({
      group: own.slice(at * MOST_CHECKS_TOGETHER, (at + 1) * MOST_CHECKS_TOGETHER),
      token,
    })),
  );
}

/** All at once; when one of them is refused, one by one, so that it keeps no other out. */
async function putChecks(register: Register, checks: readonly LocalCheck[], token: string): Promise<void> {
  const put = (some: readonly LocalCheck[]) => register({ SkipNodeUpdate: true, Checks: some.map(checkBodyOf) }, token);
  try {
    await put(checks);
  } catch (thrown) {
    if (checks.length === 1 || AppError.from(thrown).code === 'unavailable') throw thrown;
    const problems = await carryOut(checks.map((check) => () => put([check])));
    if (problems[0]) throw problems[0];
  }
}

/** Runs requests, a few at a time. Returns what failed; once nobody is there, no more are begun. */
async function carryOut(requests: readonly (() => Promise<unknown>)[]): Promise<readonly AppError[]> {
  const problems: AppError[] = [];
  const waiting = [...requests];
  const worker = async (): Promise<void> => {
    for (let request = waiting.shift(); request !== undefined; request = waiting.shift())
      try {
        await request();
      } catch (thrown) {
        const error = AppError.from(thrown);
        problems.push(error);
        if (error.code === 'unavailable') waiting.length = 0;
      }
  };
  await Promise.all(Array.from({ length: Math.min(MOST_AT_ONCE, requests.length) }, worker));
  return problems;
}

/** How many nodes there are, asked for now and then. */
function countNodes(ask: AskServers, clock: Clock, signal: AbortSignal): () => number {
  let nodes = 1;
  let askedAtMs = Number.NEGATIVE_INFINITY;
  return () => {
    if (clock.now() - askedAtMs >= COUNT_EVERY_MS && !signal.aborted) {
      askedAtMs = clock.now();
      ask({ method: 'GET', path: '/v1/operator/usage?stale' }).then(
        ({ json }) => {
          const [usage] = Object.values(
            (json as { Usage?: Record<string, { Nodes?: number }> } | undefined)?.Usage ?? {},
          );
          nodes = usage?.Nodes ?? nodes;
        },
        () => undefined,
      );
    }
    return nodes;
  };
}
