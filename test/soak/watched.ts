import { httpCall, pause, until } from '../support/envoy-rig/index.js';
import type { Host } from './hosts.js';
import { type Machine, PORTS } from './machine.js';

const KEY = 'watched/number';
const SERVICE = 'watched';
/** What is asked, and the number that an answer shows. */
const QUESTIONS: Readonly<Record<string, (answer: unknown) => number>> = {
  [`/v1/kv/${KEY}`]: (answer) => {
    const [entry] = answer as [{ readonly Value: string }];
    return Number(Buffer.from(entry.Value, 'base64').toString());
  },
  [`/v1/health/service/${SERVICE}`]: (answer) => {
    const [row] = answer as [{ readonly Service: { readonly Meta: { readonly number: string } } }];
    return Number(row.Service.Meta.number);
  },
};
const WAIT_S = 3;
/** A server that stood still is behind its clients' limit. */
const ANSWER_MS = 15_000;
const SEEN_MS = 30_000;
const WRITE_EVERY_MS = 60;

interface Watch {
  readonly path: string;
  readonly name: string;
  index: number;
  number: number;
}

/**
 * One writer counts up, in a key and in a service, at any server; watchers at every server and client agent follow both by
 * blocking queries all the time. None may see an index or the number go back, and none may miss the end.
 */
export class Watched {
  readonly #machines: readonly Machine[];
  readonly #random: () => number;
  readonly #watches: Watch[] = [];
  readonly #problems: string[] = [];
  /** Numbers that went back, with what is to be said about that. */
  readonly #backwards: { readonly number: number; readonly problem: string }[] = [];
  /** Written without an answer: such a write may come about at any later time. */
  readonly #uncertain = new Set<number>();
  readonly #end = new AbortController();
  readonly #running: Promise<void>[] = [];
  #number = 0;
  #isResting = false;
  #writing: Promise<boolean> | undefined;
  #answers = 0;

  constructor(machines: readonly Machine[], doors: readonly Host[], random: () => number) {
    this.#machines = machines;
    this.#random = random;
    for (const door of doors)
      for (const [path, read] of Object.entries(QUESTIONS)) {
        const watch: Watch = { path, name: `${path} at ${door.name}`, index: 0, number: 0 };
        this.#watches.push(watch);
        this.#running.push(this.#follow(watch, door, path, read));
      }
    this.#running.push(this.#write());
  }

  /** Answers to blocking queries so far. */
  get answers(): number {
    return this.#answers;
  }

  /** The writer rests; throws when anybody saw something go back, or does not come to see the end. */
  async judge(): Promise<void> {
    this.#isResting = true;
    await this.#writing;
    await until('the last number being written', () => this.#writeOnce((this.#number += 1)), SEEN_MS);
    await until('all watchers seeing the end', () => this.#allSee(), SEEN_MS);
    this.#isResting = false;
    const backwards = this.#backwards.filter(({ number }) => !this.#uncertain.has(number));
    const problems = [...this.#problems, ...backwards.map(({ problem }) => problem)];
    if (problems.length > 0) throw new Error(problems.join('\n'));
  }

  async #allSee(): Promise<boolean> {
    const [machine] = this.#machines as [Machine];
    for (const [path, read] of Object.entries(QUESTIONS)) {
      const truth = read(JSON.parse((await machine.call('GET', `${path}?consistent`)).text));
      const behind = this.#watches.filter((watch) => watch.path === path && watch.number !== truth);
      if (behind.length > 0)
        throw new Error(
          `it is ${truth}, and ${behind.map(({ name, number, index }) => `${number} at ${name} (index ${index})`).join('; ')}`,
        );
    }
    return true;
  }

  async close(): Promise<void> {
    this.#end.abort();
    await Promise.all(this.#running);
  }

  async #write(): Promise<void> {
    while (!this.#end.signal.aborted) {
      if (!this.#isResting) {
        this.#writing = this.#writeOnce((this.#number += 1));
        await this.#writing;
      }
      await pause(WRITE_EVERY_MS);
    }
  }

  /** Whether both are written, for certain. */
  async #writeOnce(number: number): Promise<boolean> {
    const machine = this.#machines[Math.floor(this.#random() * this.#machines.length)] as Machine;
    const Service = { Service: SERVICE, Port: 1, Meta: { number: String(number) } };
    const body = JSON.stringify({ Node: 'watched', Address: '10.79.2.1', Service });
    const limitMs = 5000;
    const answers = await Promise.allSettled([
      machine.call('PUT', `/v1/kv/${KEY}`, String(number), limitMs),
      machine.call('PUT', '/v1/catalog/register', body, limitMs),
    ]);
    const isWritten = answers.every((answer) => answer.status === 'fulfilled' && answer.value.status === 200);
    if (!isWritten) this.#uncertain.add(number);
    return isWritten;
  }

  async #follow(watch: Watch, door: Host, path: string, read: (answer: unknown) => number): Promise<void> {
    while (!this.#end.signal.aborted) {
      try {
        const to = { host: door.clientAddress, port: PORTS.http, timeoutMs: ANSWER_MS };
        const answer = await httpCall({ ...to, path: `${path}?index=${watch.index}&wait=${WAIT_S}s` });
        if (answer.status !== 200) await pause(100);
        else this.#see(watch, Number(answer.headers['x-consul-index']), read(JSON.parse(answer.text)));
      } catch {
        await pause(100);
      }
    }
  }

  #see(watch: Watch, index: number, number: number): void {
    this.#answers += 1;
    if (index < watch.index) this.#problems.push(`${watch.name}: the index went from ${watch.index} to ${index}`);
    if (number < watch.number)
      this.#backwards.push({ number, problem: `${watch.name}: ${number} was seen after ${watch.number}` });
    [watch.index, watch.number] = [index, number];
  }
}
