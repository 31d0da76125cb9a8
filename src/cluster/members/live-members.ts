import type { Subscription } from 'rxjs';
import { deferred } from '../../core/index.js';
import type { LiveEntry } from '../../state/index.js';
import type { AgentFacts } from '../contract.js';
import type { Liveness } from '../liveness.js';
import type { LiveFacts } from './membership-machine.js';

const PREFIX = 'members/';

/** A live member as its holder has put it. */
export interface LiveMember extends LiveFacts {
  /** The server that holds its heartbeat, by node id. */
  readonly holder: string;
  readonly facts: AgentFacts;
  /** Of a server: marks of the cluster keys that it trusts; empty = it has none. */
  readonly keys: readonly string[];
}

/** Who lives, as all servers see it; each server adds those whose heartbeat it holds, and itself. */
export class LiveMembers {
  readonly #liveness: Liveness;
  readonly #holder: string;
  readonly #entries = new Map<string, LiveMember>();
  readonly #watch: Subscription;
  /** Resolves when all that live are known. */
  readonly ready: Promise<void>;
  #byNode: ReadonlyMap<string, LiveMember> | undefined;

  constructor(liveness: Liveness, holder: string, onChange: (live: LiveMembers) => void) {
    this.#liveness = liveness;
    this.#holder = holder;
    const known = deferred();
    this.ready = known.promise;
    this.#watch = liveness.watch$(PREFIX).subscribe((change) => {
      if (change.type === 'gone') this.#entries.delete(change.key);
      else for (const entry of change.type === 'all' ? change.entries : [change.entry]) this.#read(entry);
      this.#byNode = undefined;
      if (change.type === 'all') known.resolve();
      onChange(this);
    });
  }

  /** Every trace that there is; a member may have one at two servers for a moment. */
  get all(): Iterable<LiveMember> {
    return this.#entries.values();
  }

  /** By key of the node; where two servers hold one, the one that began later. */
  get byNode(): ReadonlyMap<string, LiveMember> {
    this.#byNode ??= newest(this.#entries.values());
    return this.#byNode;
  }

  put(facts: AgentFacts, role: LiveMember['role'], heldSinceMs: number, keys: readonly string[] = []): Promise<void> {
    const value = { facts, role, heldSinceMs, ...(keys.length > 0 && { keys }) };
    return this.#liveness.put(this.#keyOf(facts.nodeName), JSON.stringify(value));
  }

  remove(node: string): Promise<void> {
    return this.#liveness.remove(this.#keyOf(node));
  }

  close(): void {
    this.#watch.unsubscribe();
  }

  #keyOf(node: string): string {
    return `${PREFIX}${encodeURIComponent(node.toLowerCase())}/${this.#holder}`;
  }

  #read({ key, value }: LiveEntry): void {
    const holder = key.slice(key.indexOf('/') + 1);
    try {
      const {
        facts,
        role,
        heldSinceMs,
        keys = [],
      } = JSON.parse(value) as Pick<LiveMember, 'facts' | 'role' | 'heldSinceMs'> & {
        readonly keys?: readonly string[];
      };
      const { nodeName: node, nodeId: id, address, port, tags, reconnectTimeoutMs } = facts;
      const seen = { node, id, address, port, tags, reconnectTimeoutMs, role, heldSinceMs };
      this.#entries.set(key, { ...seen, holder, facts, keys });
    } catch {
      // Of a server that writes it in another way: as if it were not there.
      this.#entries.delete(key);
    }
  }
}

function newest(entries: Iterable<LiveMember>): ReadonlyMap<string, LiveMember> {
  const byNode = new Map<string, LiveMember>();
  for (const entry of entries) {
    const key = entry.node.toLowerCase();
    const other = byNode.get(key);
    if (other === undefined || other.heldSinceMs < entry.heldSinceMs) byNode.set(key, entry);
  }
  return byNode;
}
