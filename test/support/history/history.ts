import { type Call, type Verdict, isLinearizable } from './linearizable.js';
import { type KeyInput, type KeyOutput, keyModel } from './key-model.js';

type KeyCall = Call<KeyInput, KeyOutput>;

/** A call that goes on: it stays without an answer until it is given one. */
export interface NotedCall {
  answered(output: KeyOutput): void;
  /** It certainly had no effect: nobody received it, or it was refused. */
  hadNoEffect(): void;
}

/** What a client saw of a key at an index. */
export interface Sighting {
  readonly value: string;
  readonly session: string;
  readonly lockIndex: number;
  readonly modifyIndex: number;
  readonly startedAt: number;
  readonly endedAt: number;
}

/** What clients did to some keys and saw of them, and whether a store that does what it says can have answered so. */
export class History {
  readonly #calls = new Map<string, Set<KeyCall>>();
  readonly #sightings = new Map<string, Sighting[]>();

  /** Notes a call that begins now, or that cannot have had its effect before `startedAt`. */
  begin(key: string, input: KeyInput, startedAt = performance.now()): NotedCall {
    let calls = this.#calls.get(key);
    if (!calls) this.#calls.set(key, (calls = new Set()));
    const noted: KeyCall = { input, startedAt, endedAt: Number.POSITIVE_INFINITY };
    calls.add(noted);
    return {
      hadNoEffect: () => void calls.delete(noted),
      answered: (output) => {
        calls.delete(noted);
        calls.add({ ...noted, endedAt: performance.now(), output });
      },
    };
  }

  saw(key: string, sighting: Sighting): void {
    const sightings = this.#sightings.get(key);
    if (sightings) sightings.push(sighting);
    else this.#sightings.set(key, [sighting]);
  }

  get size(): number {
    return [...this.#calls.values()].reduce((sum, calls) => sum + calls.size, 0);
  }

  get keys(): readonly string[] {
    return [...this.#calls.keys()];
  }

  /** Whether the answers about a key fit some order of the calls: nothing acknowledged is lost, cas and locks are atomic. */
  linearizable(key: string): Verdict<KeyInput, KeyOutput> {
    return isLinearizable([...(this.#calls.get(key) ?? [])], keyModel);
  }

  /** Sentences about indexes and locks that cannot be: none when all is well. */
  contradictions(key: string): readonly string[] {
    const sightings = (this.#sightings.get(key) ?? []).filter(({ modifyIndex }) => modifyIndex > 0);
    return [...wentBack(key, sightings), ...twoOfOne(key, sightings), ...twoHolders(key, sightings)];
  }
}

/** What is seen later is not older. */
function* wentBack(key: string, sightings: readonly Sighting[]): Generator<string> {
  const ended = [...sightings].sort((left, right) => left.endedAt - right.endedAt);
  const started = [...sightings].sort((left, right) => left.startedAt - right.startedAt);
  let newest = 0;
  let at = 0;
  for (const sighting of started) {
    for (; at < ended.length && (ended[at] as Sighting).endedAt < sighting.startedAt; at += 1)
      newest = Math.max(newest, (ended[at] as Sighting).modifyIndex);
    if (sighting.modifyIndex < newest)
      yield `${key}: index ${sighting.modifyIndex} was read after an answer had shown ${newest}`;
  }
}

/** An index stands for one content. */
function* twoOfOne(key: string, sightings: readonly Sighting[]): Generator<string> {
  const contents = new Map<number, string>();
  for (const { modifyIndex, value, session, lockIndex } of sightings) {
    const content = `${value} ${session} ${lockIndex}`;
    const known = contents.get(modifyIndex);
    if (known !== undefined && known !== content) yield `${key}: index ${modifyIndex} is "${known}" and "${content}"`;
    contents.set(modifyIndex, content);
  }
}

/** A lock index stands for one holder, and later ones are greater. */
function* twoHolders(key: string, sightings: readonly Sighting[]): Generator<string> {
  const holders = new Map<number, string>();
  let last = 0;
  for (const { session, lockIndex } of [...sightings].sort((left, right) => left.modifyIndex - right.modifyIndex)) {
    if (lockIndex < last) yield `${key}: the lock index fell from ${last} to ${lockIndex}`;
    last = lockIndex;
    if (session === '') continue;
    const known = holders.get(lockIndex);
    if (known !== undefined && known !== session) yield `${key}: lock ${lockIndex} is held by ${known} and ${session}`;
    holders.set(lockIndex, session);
  }
}
