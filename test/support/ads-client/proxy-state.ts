import { brokenRule } from './field-rules.js';
import { type Kind, kinds, perKind, typeUrls } from './kinds.js';
import { type AnyMessage, openAny } from './message-types.js';
import { anyToJson } from './protojson.js';
import { type References, referencesOf } from './references.js';

interface Held {
  readonly resource: AnyMessage;
  readonly version: string;
  readonly references: References;
}

/** One response as it came: names sorted; `phase` counts the marks made before it. */
export interface ResponseNote {
  readonly phase: number;
  readonly kind: Kind;
  readonly names: string[];
  readonly removed?: string[];
}

/** Kinds that an Envoy asks for by name. */
const byName = ['endpoints', 'routes', 'secrets', 'extensions'] as const;

export interface SubscriptionChange {
  readonly plus: Record<Kind, string[]>;
  readonly minus: Record<Kind, string[]>;
}

/** What one proxy holds and wants, and what was wrong with what it was told. Knows nothing of streams or time. */
export class ProxyState {
  /** Kinds that had at least one response. */
  answered = new Set<Kind>();
  /** Of the names asked for, those that were ever answered. */
  got = perKind(() => new Set<string>());
  /** The names asked for, of kinds that go by name. */
  subscribed = perKind(() => new Set<string>());
  readonly responses: ResponseNote[] = [];
  readonly problems = new Set<string>();
  phase = 0;
  private held = perKind(() => new Map<string, Held>());
  private nonces = new Set<string>();

  /** A stream begins anew: nothing is held any more, what was noted stays. */
  reset(): void {
    this.answered = new Set();
    this.held = perKind(() => new Map());
    this.got = perKind(() => new Set());
    this.subscribed = perKind(() => new Set());
    this.nonces = new Set();
  }

  problem(text: string): void {
    if (this.problems.size < 200) this.problems.add(text);
  }

  noteNonce(kind: Kind, nonce: string, mayRepeat = false): void {
    if (nonce === '') this.problem(`${kind}: response without a nonce`);
    else if (!mayRepeat && this.nonces.has(nonce)) this.problem(`${kind}: nonce used twice`);
    this.nonces.add(nonce);
  }

  /** Keeps a resource; answers its name and, where it must be refused, why. */
  store(
    kind: Kind,
    given: string,
    version: string,
    resource: AnyMessage | null | undefined,
  ): { name: string; refused: string } {
    if (!resource) return this.refuse(given, `${kind}: empty resource ${JSON.stringify(given)}`, 'empty resource');
    if (resource.type_url !== typeUrls[kind]) {
      return this.refuse(
        given,
        `${kind}: resource ${JSON.stringify(given)} has type ${JSON.stringify(resource.type_url)}`,
        'wrong type',
      );
    }
    const opened = openAny(resource);
    if (!opened)
      return this.refuse(given, `${kind}: resource ${JSON.stringify(given)} cannot be decoded`, 'cannot be decoded');
    const inner = opened.message[kind === 'endpoints' ? 'cluster_name' : 'name'];
    const inside = typeof inner === 'string' ? inner : '';
    const name = given || inside;
    if (given !== '' && given !== inside)
      this.problem(`${kind}: resource called ${JSON.stringify(given)} holds the name ${JSON.stringify(inside)}`);
    const broken = brokenRule(opened.type, opened.message);
    if (broken) this.problem(`${kind}: ${name} breaks a rule of the API: ${broken}`);
    this.held[kind].set(name, { resource, version, references: referencesOf(resource) });
    this.got[kind].add(name);
    return { name, refused: broken ?? '' };
  }

  private refuse(name: string, problem: string, refused: string) {
    this.problem(problem);
    return { name, refused };
  }

  /** Takes a resource away because the server said so. */
  remove(kind: Kind, name: string): void {
    this.held[kind].delete(name);
    this.got[kind].add(name);
    if (kind === 'clusters') this.checkNotUsed(name);
  }

  /** State of the world: what is not in the answer is gone. Answers the names taken away. */
  keepOnly(kind: Kind, names: ReadonlySet<string>): string[] {
    const removed = [...this.held[kind].keys()].filter((name) => !names.has(name)).sort();
    for (const name of removed) {
      this.held[kind].delete(name);
      if (kind === 'clusters') this.checkNotUsed(name);
    }
    return removed;
  }

  /** Notes a whole response; what a listener, a filter or a route names must be there already (make before break). */
  finish(kind: Kind, names: string[], removed: readonly string[]): void {
    this.answered.add(kind);
    const sortedNames = [...names].sort();
    const note = { phase: this.phase, kind, names: sortedNames };
    this.responses.push(removed.length ? { ...note, removed: [...removed].sort() } : note);
    if (kind !== 'listeners' && kind !== 'routes' && kind !== 'extensions') return;
    for (const name of sortedNames) {
      for (const cluster of this.held[kind].get(name)?.references.clusters ?? []) {
        if (!this.held.clusters.has(cluster))
          this.problem(`${kind}: ${name} names the cluster ${JSON.stringify(cluster)} before it is there`);
      }
    }
  }

  private checkNotUsed(cluster: string): void {
    for (const kind of ['listeners', 'routes', 'extensions'] as const) {
      for (const [name, { references }] of this.held[kind]) {
        if (references.clusters.includes(cluster))
          this.problem(`clusters: ${JSON.stringify(cluster)} is removed while ${kind} ${name} still names it`);
      }
    }
  }

  /** What the resources at hand refer to, as a change of what is asked for; the change counts as made. */
  resubscribe(): SubscriptionChange {
    const wanted = this.wanted();
    const plus = perKind((): string[] => []);
    const minus = perKind((): string[] => []);
    for (const kind of byName) {
      plus[kind] = [...wanted[kind]].filter((name) => !this.subscribed[kind].has(name)).sort();
      minus[kind] = [...this.subscribed[kind]].filter((name) => !wanted[kind].has(name)).sort();
      for (const name of minus[kind]) this.held[kind].delete(name);
      this.subscribed[kind] = wanted[kind];
    }
    return { plus, minus };
  }

  private wanted(): Record<Kind, Set<string>> {
    const wanted = perKind(() => new Set<string>());
    const add = ({ references }: Held): void => {
      if (references.endpoints !== undefined) wanted.endpoints.add(references.endpoints);
      for (const name of references.routes) wanted.routes.add(name);
      for (const name of references.secrets) wanted.secrets.add(name);
      for (const name of references.extensions) {
        if (wanted.extensions.has(name)) continue;
        wanted.extensions.add(name);
        // A filter that came this way may itself name routes, secrets, filters.
        const inner = this.held.extensions.get(name);
        if (inner) add(inner);
      }
    };
    for (const kind of ['clusters', 'listeners'] as const) for (const held of this.held[kind].values()) add(held);
    return wanted;
  }

  /** Whether all that the clusters need has been answered, so that an Envoy would ask for listeners. */
  clustersSettled(): boolean {
    if (!this.answered.has('clusters')) return false;
    return (['endpoints', 'secrets', 'extensions'] as const).every((kind) =>
      [...this.subscribed[kind]].every((name) => this.got[kind].has(name)),
    );
  }

  /** Every resource as JSON, by kind and name. */
  resources(): Record<Kind, Record<string, unknown>> {
    const out = perKind((): Record<string, unknown> => ({}));
    for (const kind of kinds) for (const [name, { resource }] of this.held[kind]) out[kind][name] = anyToJson(resource);
    return out;
  }

  /** The versions at hand, by kind and name. */
  versions(): Record<Kind, Record<string, string>> {
    const out = perKind((): Record<string, string> => ({}));
    for (const kind of kinds) for (const [name, { version }] of this.held[kind]) out[kind][name] = version;
    return out;
  }

  /** Names asked for and not there, by kind; kinds without any are left out. */
  unanswered(): Partial<Record<Kind, string[]>> {
    const out: Partial<Record<Kind, string[]>> = {};
    for (const kind of byName) {
      const names = [...this.subscribed[kind]].filter((name) => !this.held[kind].has(name)).sort();
      if (names.length) out[kind] = names;
    }
    return out;
  }
}
