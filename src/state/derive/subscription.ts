import { deepEqual } from '../../core/index.js';
import type { CellConsumer, CellNode } from './cell-node.js';

/** A subscriber of a cell: told every value that differs from the one it was told last. */
export class Subscription implements CellConsumer {
  seen = 0;
  readonly #onChange: (value: unknown, index: number) => void;
  readonly #onThrown: (thrown: unknown) => void;
  #last: unknown = undefined;

  constructor(onChange: (value: unknown, index: number) => void, onThrown: (thrown: unknown) => void) {
    this.#onChange = onChange;
    this.#onThrown = onThrown;
  }

  tell(node: CellNode): void {
    const passed = node.valueVersion - this.seen;
    const known = this.seen > 0;
    this.seen = node.valueVersion;
    try {
      if (known && passed > 1 && (node.definition.equals ?? deepEqual)(this.#last, node.value)) return;
      this.#last = node.value;
      this.#onChange(node.value, node.index);
    } catch (thrown) {
      this.#onThrown(thrown);
    }
  }
}
