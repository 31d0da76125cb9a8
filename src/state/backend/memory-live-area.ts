import { AppError } from '../../core/index.js';
import type { DutyFence, LiveArea, LiveChange } from './live-area.js';
import { LiveWatchers } from './live-watchers.js';

/** The live area of a server that is alone: its keys are there as long as the process is. */
export function createMemoryLiveArea(): LiveArea {
  return new MemoryLiveArea();
}

class MemoryLiveArea implements LiveArea {
  readonly #watchers = new LiveWatchers(true);
  #revision = 0;
  #closed = false;

  get isAlive(): boolean {
    return !this.#closed;
  }

  put(key: string, value: string): Promise<void> {
    if (this.#closed) return Promise.reject(new AppError('unavailable', 'The server stops.'));
    this.#put(key, value);
    return Promise.resolve();
  }

  remove(key: string): Promise<void> {
    this.#watchers.gone(key);
    return Promise.resolve();
  }

  claim(key: string, value: string): Promise<DutyFence | undefined> {
    const createRevision = this.#watchers.get(key)?.createRevision ?? this.#put(key, value);
    return Promise.resolve({ key, createRevision });
  }

  watch(onChange: (change: LiveChange) => void): () => void {
    return this.#watchers.add(onChange);
  }

  onAlive(): () => void {
    return () => undefined;
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#watchers.close();
    return Promise.resolve();
  }

  #put(key: string, value: string): number {
    const modRevision = (this.#revision += 1);
    const createRevision = this.#watchers.get(key)?.createRevision ?? modRevision;
    this.#watchers.put({ key, value, createRevision, modRevision });
    return createRevision;
  }
}
