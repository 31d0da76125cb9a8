import { pause, until } from '../support/envoy-rig/index.js';
import { History, KeyClient, type Seen, type ServerAddress, workOnKeys } from '../support/history/index.js';
import { seededRandom } from '../state/support/seeded-random.js';
import { type Machine, PORTS, SESSION_TTL_MS } from './machine.js';

const CLIENTS = 6;
/** A parked query of a follower ends after 2 s; a server that stood still is behind it. */
const FOLLOW_MS = 15_000;

/** Clients that write, compare and lock the keys of one round through all servers, and some that follow each key at each server. */
export class KeyRound {
  readonly #history = new History();
  readonly #machines: readonly Machine[];
  readonly #plain: readonly string[];
  readonly #locks: readonly string[];
  readonly #clients: KeyClient[] = [];
  readonly #working = new AbortController();
  readonly #following = new AbortController();
  readonly #work: Promise<void>[];
  readonly #follow: Promise<void>[];
  /** Last content seen of each key at each server, by `machine key`; and the indexes on the way. */
  readonly #last = new Map<string, Seen>();
  readonly #indexes = new Map<string, number[]>();

  constructor(name: string, machines: readonly Machine[], seed: number) {
    this.#machines = machines;
    [this.#plain, this.#locks] = [[`${name}/plain`], [`${name}/lock`]];
    const work = { plain: this.#plain, locks: this.#locks, ttlMs: SESSION_TTL_MS };
    this.#work = Array.from({ length: CLIENTS }, (_, at) => {
      const random = seededRandom(seed + at);
      const client = this.#client(() => addressOf(machines[Math.floor(random() * machines.length)] as Machine));
      return workOnKeys(client, work, `c${at}`, random, this.#working.signal);
    });
    this.#follow = machines.flatMap((machine) => this.#keys.map((key) => this.#followAt(machine, key)));
  }

  get calls(): number {
    return this.#history.size;
  }

  /** Ends the work; everybody must come to see the same end, and the history must make sense. Throws what is wrong. */
  async judge(): Promise<void> {
    this.#working.abort();
    await Promise.all(this.#work);
    await pause(2 * SESSION_TTL_MS);
    const reader = this.#client(() => addressOf(this.#machines[0] as Machine));
    for (const key of this.#keys) {
      const end = await until(`reading ${key}`, () => reader.read(key), FOLLOW_MS);
      for (const { name } of this.#machines)
        await until(
          `the follower of ${key} at ${name} seeing its end`,
          () => this.#last.get(`${name} ${key}`)?.modifyIndex === end.modifyIndex,
          FOLLOW_MS,
        );
    }
    this.#following.abort();
    await Promise.all(this.#follow);
    for (const client of this.#clients) client.close();
    const wrong = this.#history.keys.flatMap((key) => {
      const verdict = this.#history.linearizable(key);
      const stuck = verdict.ok ? [] : [`${key} is not linearizable at ${JSON.stringify(verdict.stuckAt)}`];
      return [...stuck, ...this.#history.contradictions(key)];
    });
    for (const [at, seen] of this.#indexes)
      if (seen.some((index, position) => index < (seen[position - 1] ?? 0)))
        wrong.push(`indexes at ${at} went back: ${seen.join(' ')}`);
    if (wrong.length > 0) throw new Error(wrong.join('\n'));
  }

  get #keys(): readonly string[] {
    return [...this.#plain, ...this.#locks];
  }

  #client(next: () => ServerAddress): KeyClient {
    const client = new KeyClient(this.#history, next);
    this.#clients.push(client);
    return client;
  }

  async #followAt(machine: Machine, key: string): Promise<void> {
    const follower = this.#client(() => addressOf(machine));
    const at = `${machine.name} ${key}`;
    for await (const { index, seen } of follower.follow(key, this.#following.signal)) {
      this.#last.set(at, seen);
      this.#indexes.set(at, [...(this.#indexes.get(at) ?? []), index]);
    }
  }
}

const addressOf = ({ host }: Machine): ServerAddress => ({ host: host.clientAddress, port: PORTS.http });
