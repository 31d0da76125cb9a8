/** So many steps are done before others have their turn; one takes about a millisecond. */
const STEPS_PER_TURN = 8;

/** Of an entry with thousands of rules one step takes longer than all of those. */
const MAX_TURN_MS = 8;

export interface Turns {
  /** Lets others have their turn. */
  readonly nextTurn: () => Promise<void>;
  /** Milliseconds since whenever. */
  readonly now: () => number;
}

/** Work that is done in steps, between which others have their turn. */
export class TurnShare {
  readonly #turns: Turns;
  #began: number;
  #steps = 0;

  constructor(turns: Turns) {
    this.#turns = turns;
    this.#began = turns.now();
  }

  /** After a step: in the next turn when this one has had its share, else at once. */
  async step(): Promise<void> {
    this.#steps += 1;
    if (this.#steps < STEPS_PER_TURN && this.#turns.now() - this.#began <= MAX_TURN_MS) return;
    await this.#turns.nextTurn();
    this.#began = this.#turns.now();
    this.#steps = 0;
  }
}
