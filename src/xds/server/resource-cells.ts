import type { Cell } from '../../model/index.js';
import type { EncodedResource } from '../resources/spec.js';
import type { XdsServerDependencies } from './contract.js';

/** Where the content of one entry comes from: a shared cell, a leaf, or bytes kept from before. */
export interface ResourceSource {
  /** The last good version; undefined when there has never been one. */
  readonly current: EncodedResource | undefined;
  /** The newest state does not compile; `current` is older. */
  readonly failing: boolean;
}

/** Told after `current` or `failing` of its source has changed. */
export interface ResourceUser {
  sourceChanged(): void;
  /** Where the cell keeps it; the cell's own. */
  position: number;
}

/** One live resource cell, shared by all sessions that need it. */
export class SharedCell implements ResourceSource {
  readonly key: string;
  /** A list in which everybody knows his place: cells have thousands of users that come and go together. */
  users: ResourceUser[] = [];
  current: EncodedResource | undefined;
  failing = false;
  stop: () => void = () => undefined;

  constructor(key: string) {
    this.key = key;
  }
}

/** Keeps each resource cell live once, however many proxies use it; a cell without users is let go. */
export class ResourceCells {
  readonly #cells = new Map<string, SharedCell>();
  readonly #store: Pick<XdsServerDependencies['store'], 'subscribe'>;
  readonly #definition: Cell<EncodedResource | undefined>;

  constructor(store: Pick<XdsServerDependencies['store'], 'subscribe'>, definition: Cell<EncodedResource | undefined>) {
    this.#store = store;
    this.#definition = definition;
  }

  get size(): number {
    return this.#cells.size;
  }

  acquire(key: string, user: ResourceUser): SharedCell {
    let cell = this.#cells.get(key);
    if (!cell) {
      cell = this.#open(key);
      this.#cells.set(key, cell);
    }
    // Most cells of a proxy of its own have one user: an array that has not grown has no spare room.
    if (cell.users.length === 0) cell.users = [user];
    else cell.users.push(user);
    user.position = cell.users.length - 1;
    return cell;
  }

  release(cell: SharedCell, user: ResourceUser): void {
    const last = cell.users.pop();
    if (last && last !== user) {
      cell.users[user.position] = last;
      last.position = user.position;
    }
    if (cell.users.length > 0) return;
    cell.stop();
    this.#cells.delete(cell.key);
  }

  #open(key: string): SharedCell {
    const cell = new SharedCell(key);
    cell.stop = this.#store.subscribe(this.#definition, key, (value) => {
      cell.failing = value === undefined;
      if (value) cell.current = value;
      for (const user of cell.users) user.sourceChanged();
    });
    return cell;
  }
}
