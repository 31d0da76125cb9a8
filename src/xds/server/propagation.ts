import type { Clock } from '../../core/index.js';
import { nodeKey } from '../../model/index.js';
import { tupleKey } from '../../core/index.js';
import type { ResourceType } from '../resources/spec.js';
import type { ProxyKey, StreamClient } from './contract.js';
import type { VersionVerdict } from './envoy-version.js';
import { type ConcernedSession, progressByEntry, proxiesOfEntry } from './entry-propagation.js';
import type {
  ConnectedClient,
  EntryProgress,
  EntryProxy,
  Propagation,
  ProxyDetail,
  ProxyProblem,
  ProxyStatus,
  ResourceProgress,
  ResourceStatus,
} from './propagation-model.js';
import { pendingRevocation } from './revocation.js';
import type { ProxySession } from './session.js';
import type { Entry } from './subscription.js';

/** What is known of a stream besides its session. */
export interface StreamFacts {
  readonly client: StreamClient;
  readonly verdict: VersionVerdict;
  readonly protocol: 'delta' | 'state-of-the-world';
  readonly connectedAtMs: number;
  /** The Envoy's `--drain-time-s` as our bootstrap tells it; undefined when the bootstrap is not ours. */
  readonly drainTimeMs: number | undefined;
}

type Connected = { readonly facts: StreamFacts; readonly session: ProxySession };
type Gone = {
  readonly detail: ProxyDetail;
  readonly forget: () => void;
  readonly revocation: ProxySession['revocation'];
};

const NOTHING_FAILS: ReadonlySet<string> = new Set();

/**
 * Remembers the newest stream of each proxy; what is asked for is worked out when it is asked for. Of a proxy that has gone only
 * what was not in order is kept: thousands may go at once.
 */
export class PropagationBook implements Propagation {
  readonly #connected = new Map<string, Connected>();
  readonly #gone = new Map<string, Gone>();
  readonly #clock: Clock;
  readonly #forgetAfterMs: number;
  readonly #index: () => number;
  readonly #failing: () => ReadonlySet<string>;

  /** `failing`: keys of the resource cells whose newest computation threw. */
  constructor(clock: Clock, forgetAfterMs: number, index: () => number, failing: () => ReadonlySet<string>) {
    this.#clock = clock;
    this.#forgetAfterMs = forgetAfterMs;
    this.#index = index;
    this.#failing = failing;
  }

  opened(facts: StreamFacts, session: ProxySession): void {
    const key = keyOf(facts.client);
    // Connections outlive a stream: what was being drained still is.
    const before = this.#gone.get(key) ?? this.#connected.get(key)?.session;
    session.revocation ??= before?.revocation;
    this.#gone.get(key)?.forget();
    this.#gone.delete(key);
    this.#connected.set(key, { facts, session });
  }

  /** To be called before the session lets go of its cells. */
  closed(facts: StreamFacts, session: ProxySession): void {
    const key = keyOf(facts.client);
    const now = this.#connected.get(key);
    if (now?.session !== session) return;
    this.#connected.delete(key);
    const disconnectedAt = new Date(this.#clock.now()).toISOString();
    const detail = {
      ...this.#detail(now, NOTHING_FAILS, (one) => one.progress !== 'current'),
      connected: false,
      disconnectedAt,
    };
    const forget = this.#clock.after(this.#forgetAfterMs, () => this.#gone.delete(key));
    this.#gone.set(key, { detail, forget, revocation: session.revocation });
  }

  list(): readonly ProxyStatus[] {
    const connected = [...this.#connected.values()].map((one) => this.#status(one));
    const gone = [...this.#gone.values()].map(({ detail }) => withoutResources(detail));
    return [...connected, ...gone].sort((left, right) =>
      left.node + left.proxyId < right.node + right.proxyId ? -1 : 1,
    );
  }

  connected(): readonly ConnectedClient[] {
    return Array.from(this.#connected.values(), ({ facts: { client, verdict }, session }) => ({
      node: client.node,
      proxyId: client.proxyId,
      service: session.needs.identity.service,
      userAgent: client.userAgent,
      version: verdict.version,
    }));
  }

  get(node: string, proxyId: string): ProxyDetail | undefined {
    const key = keyOf({ node, proxyId });
    const connected = this.#connected.get(key);
    return connected ? this.#detail(connected, this.#failing()) : this.#gone.get(key)?.detail;
  }

  entries(): ReadonlyMap<string, EntryProgress> {
    return progressByEntry(this.#concerned());
  }

  proxiesOf(entry: string): readonly EntryProxy[] {
    return proxiesOfEntry(this.#concerned(), entry);
  }

  problems(): readonly ProxyProblem[] {
    return [...this.#connected.values()].flatMap(({ facts: { client }, session }) =>
      session.needs.problems.map((problem) => ({ node: client.node, proxyId: client.proxyId, problem })),
    );
  }

  *#concerned(): Iterable<ConcernedSession> {
    for (const { facts, session } of this.#connected.values()) {
      const { node, proxyId } = facts.client;
      yield { node, proxyId, session, acceptedIndex: this.#acceptedIndex(session) };
    }
  }

  #acceptedIndex(session: ProxySession): number {
    return session.clean ? this.#index() : session.cleanIndex;
  }

  close(): void {
    for (const { forget } of this.#gone.values()) forget();
  }

  #status({ facts, session }: Connected): ProxyStatus {
    const { client, verdict } = facts;
    const revocation = pendingRevocation(session, facts.drainTimeMs, this.#clock.now());
    return {
      node: client.node,
      proxyId: client.proxyId,
      service: session.needs.identity.service,
      connected: true,
      connectedAt: new Date(facts.connectedAtMs).toISOString(),
      disconnectedAt: '',
      protocol: facts.protocol,
      userAgent: client.userAgent,
      version: verdict.version,
      tested: verdict.tested,
      remoteAddress: client.remoteAddress,
      encrypted: client.encrypted,
      pending: !session.clean,
      acceptedIndex: this.#acceptedIndex(session),
      counts: Object.fromEntries(
        Object.values(session.subscriptions).map(({ type, entries }) => [type, entries.size]),
      ) as Record<ResourceType, number>,
      refused: session.refusals.size,
      ...(revocation ? { revocationPending: revocation } : {}),
    };
  }

  #detail(
    connected: Connected,
    failing: ReadonlySet<string>,
    keep: (resource: ResourceStatus) => boolean = () => true,
  ): ProxyDetail {
    const { session } = connected;
    const resources: ResourceStatus[] = [];
    for (const { entries } of Object.values(session.subscriptions)) {
      for (const entry of entries.values()) {
        if (isOnlyKept(entry)) continue;
        const status = resourceStatus(session, entry, failing);
        if (keep(status)) resources.push(status);
      }
    }
    return { ...this.#status(connected), resources, problems: session.needs.problems };
  }
}

function keyOf({ node, proxyId }: ProxyKey): string {
  return tupleKey(nodeKey(node), proxyId);
}

function withoutResources({ resources: _resources, problems: _problems, ...status }: ProxyDetail): ProxyStatus {
  return status;
}

/** Neither needed nor asked for any more: it is let go with the next change. */
const isOnlyKept = (entry: Entry): boolean =>
  !entry.wanted && !entry.onDemand && !entry.permanent && !entry.visible && !entry.held;

function resourceStatus(session: ProxySession, entry: Entry, failing: ReadonlySet<string>): ResourceStatus {
  const refusal = session.refusals.get(entry);
  const wanted = entry.source.current;
  return {
    type: entry.owner.type,
    name: entry.name,
    progress: progressOf(entry, refusal !== undefined && refusal.version === wanted?.version, failing),
    wantedVersion: wanted?.version ?? entry.sent ?? '',
    sentVersion: entry.sent ?? '',
    // A leaf that another run of the server issued is known by the client's claim only.
    acceptedVersion: entry.accepted?.version ?? (entry.permanent && !wanted ? (entry.sent ?? '') : ''),
    entries: wanted?.entries ?? [],
    ...(refusal
      ? { refusal: { version: refusal.version, error: refusal.error, at: refusal.at, index: refusal.index } }
      : {}),
  };
}

function progressOf(entry: Entry, refused: boolean, failing: ReadonlySet<string>): ResourceProgress {
  const wanted = entry.source.current;
  if (refused) return 'refused';
  if (entry.source.failing || failing.has(entry.cellKey ?? '')) return 'failing';
  if (!entry.visible) return 'unasked';
  if (!wanted) return entry.sent === undefined ? 'pending' : 'current';
  return entry.accepted?.version === wanted.version ? 'current' : 'pending';
}
