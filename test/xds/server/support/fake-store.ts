import { Subject } from 'rxjs';
import { AppError } from '../../../../src/core/index.js';
import { nodeKey, type RefusalRecord, refusalKey } from '../../../../src/model/index.js';
import type { Commit } from '../../../../src/state/index.js';
import type { XdsServerDependencies } from '../../../../src/xds/server/index.js';

type Store = XdsServerDependencies['store'];

/** A store whose cells are set by hand. A `flush` tells subscribers what has changed, as one revision. */
export class FakeStore {
  index = 1;
  ready: Promise<void> = Promise.resolve();
  readonly commits$ = new Subject<Commit>();
  readonly refusals = new Map<string, RefusalRecord>();
  transactions = 0;
  readonly #values = new Map<string, unknown>();
  readonly #listeners = new Map<string, Set<(value: unknown, index: number) => void>>();
  readonly #changed = new Set<string>();

  /** Sets a cell's value; told at the next flush. */
  set(kind: string, key: string, value: unknown): void {
    this.#values.set(`${kind}\0${key}`, value);
    this.#changed.add(`${kind}\0${key}`);
  }

  /** One revision: subscribers of changed cells are called. */
  flush(changes: Commit['changes'] = []): void {
    this.index++;
    this.commits$.next({ index: this.index, changes });
    const changed = [...this.#changed];
    this.#changed.clear();
    for (const cell of changed) {
      for (const listener of this.#listeners.get(cell) ?? []) listener(this.#values.get(cell), this.index);
    }
  }

  subscribers(kind: string): number {
    let count = 0;
    for (const [cell, listeners] of this.#listeners) if (cell.startsWith(`${kind}\0`)) count += listeners.size;
    return count;
  }

  read = ((definition: { kind: string }, key: string) => ({
    value: this.#values.get(`${definition.kind}\0${key}`),
    index: this.index,
  })) as Store['read'];

  subscribe = ((definition: { kind: string }, key: string, onChange: (value: unknown, index: number) => void) => {
    const cell = `${definition.kind}\0${key}`;
    let listeners = this.#listeners.get(cell);
    if (!listeners) this.#listeners.set(cell, (listeners = new Set()));
    listeners.add(onChange);
    onChange(this.#values.get(cell), this.index);
    return () => listeners.delete(onChange);
  }) as Store['subscribe'];

  failing: string[] = [];

  problems(): { kind: string; key: string; error: AppError }[] {
    return this.failing.map((key) => ({ kind: 'resource', key, error: new AppError('internal', 'does not compile') }));
  }

  view = {
    range: (_table: string, _index: string, [node = '', proxyId = '']: readonly string[]) =>
      [...this.refusals.values()].filter((one) => nodeKey(one.node) === node && one.proxyId === proxyId),
  } as unknown as Store['view'];

  transact = (async (_name: string, run: (transaction: unknown) => unknown) => {
    this.transactions++;
    const result = run({
      get: (_table: string, key: string) => this.refusals.get(key),
      put: (_table: string, record: RefusalRecord) => {
        this.refusals.set(refusalKey(record.node, record.proxyId, record.resourceType, record.resourceName), record);
      },
      delete: (_table: string, key: string) => this.refusals.delete(key),
    });
    return { result, index: this.index };
  }) as Store['transact'];
}
