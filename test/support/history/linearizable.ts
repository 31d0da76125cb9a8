/** One call of a client and what came of it. Times are of one clock. */
export interface Call<Input, Output> {
  readonly input: Input;
  readonly startedAt: number;
  /** When the answer came; infinite when none did: the call may have taken effect at any time since, or not at all. */
  readonly endedAt: number;
  /** The answer; undefined when none came. */
  readonly output?: Output;
}

/** What a thing should do, one call after the other. */
export interface Model<State, Input, Output> {
  readonly initial: State;
  readonly apply: (state: State, input: Input) => { readonly state: State; readonly output: Output };
  /** Whether a call with this answer changes nothing, whatever the state: a read, or a write that was refused. */
  readonly isIdle: (input: Input, output: Output) => boolean;
  /** Equal for equal states and for no others. */
  readonly keyOf: (state: State) => string;
  readonly sameOutput: (left: Output, right: Output) => boolean;
}

export type Verdict<Input, Output> =
  | { readonly ok: true }
  /** No order of the calls explains the answers: about here no further call fits. */
  | { readonly ok: false; readonly stuckAt: readonly Call<Input, Output>[] };

/** How many steps of the search are made before a history counts as too tangled to judge. */
const MAX_STEPS = 5_000_000;

interface Position<State> {
  readonly state: State;
  /** All answered calls before this one are placed. */
  readonly from: number;
  /** Further answered calls that are placed, as bits above `from`. */
  readonly placed: bigint;
  /** Calls without answer that are placed, as bits. */
  readonly unanswered: bigint;
  /** How many those are. */
  readonly guesses: number;
}

/**
 * Whether there is an order of the calls, each at some moment between its start and its answer, in which the model answers as
 * was answered (linearizability, the search of Wing and Gong with the memory of Lowe). Throws when the search takes too long.
 */
export function isLinearizable<State, Input, Output>(
  calls: readonly Call<Input, Output>[],
  model: Model<State, Input, Output>,
): Verdict<Input, Output> {
  const answered = calls
    .filter((call) => call.output !== undefined)
    .sort((left, right) => left.startedAt - right.startedAt);
  const open = calls.filter((call) => call.output === undefined);
  const seen = new Map<string, bigint[]>();
  // Fewest guesses first, so that of two ways to the same place the better one is seen first.
  const byGuesses: Position<State>[][] = [[{ state: model.initial, from: 0, placed: 0n, unanswered: 0n, guesses: 0 }]];
  let guesses = 0;
  let furthest = 0;
  for (let steps = 0; ; steps += 1) {
    while (byGuesses[guesses]?.length === 0) guesses += 1;
    const position = byGuesses[guesses]?.pop();
    if (position === undefined) return { ok: false, stuckAt: answered.slice(Math.max(0, furthest - 2), furthest + 6) };
    if (position.from === answered.length) return { ok: true };
    if (steps > MAX_STEPS)
      throw new Error(`no verdict after ${MAX_STEPS} steps, at call ${furthest} of ${answered.length}`);
    furthest = Math.max(furthest, position.from);
    if (!isNew(seen, `${position.from} ${position.placed} ${model.keyOf(position.state)}`, position)) continue;
    for (const next of nextPositions(answered, open, position, model)) (byGuesses[next.guesses] ??= []).push(next);
  }
}

/**
 * Whether nothing as good was seen: the same, with no other calls without answer placed than here, or fewer. Those that are left may
 * be placed later or never, so that whoever has placed fewer can go on in every way in which this position can.
 */
function isNew(seen: Map<string, bigint[]>, key: string, { unanswered }: Position<unknown>): boolean {
  const before = seen.get(key) ?? [];
  if (before.some((one) => (one & ~unanswered) === 0n)) return false;
  seen.set(key, [...before.filter((one) => (unanswered & ~one) !== 0n), unanswered]);
  return true;
}

/** What may come next. A call that fits and never changes anything comes at once: no order needs it later. */
function nextPositions<State, Input, Output>(
  answered: readonly Call<Input, Output>[],
  open: readonly Call<Input, Output>[],
  position: Position<State>,
  model: Model<State, Input, Output>,
): readonly Position<State>[] {
  const found: Position<State>[] = [];
  const deadline = earliestEnd(answered, position);
  const stateKey = model.keyOf(position.state);
  open.forEach((call, at) => {
    if ((position.unanswered >> BigInt(at)) & 1n || call.startedAt > deadline) return;
    const { state } = model.apply(position.state, call.input);
    if (model.keyOf(state) !== stateKey)
      found.push({
        ...position,
        state,
        unanswered: position.unanswered | (1n << BigInt(at)),
        guesses: position.guesses + 1,
      });
  });
  for (let at = position.from; at < answered.length; at += 1) {
    const call = answered[at] as Call<Input, Output>;
    if (call.startedAt > deadline) break;
    if (isPlaced(position, at)) continue;
    const { state, output } = model.apply(position.state, call.input);
    if (!model.sameOutput(output, call.output as Output)) continue;
    const next = place({ ...position, state }, at);
    if (model.isIdle(call.input, output)) return [next];
    found.push(next);
  }
  return found;
}

const isPlaced = ({ from, placed }: Position<unknown>, at: number): boolean =>
  at < from || ((placed >> BigInt(at - from)) & 1n) === 1n;

function place<State>(position: Position<State>, at: number): Position<State> {
  let { from, placed } = position;
  placed |= 1n << BigInt(at - from);
  while (placed & 1n) {
    placed >>= 1n;
    from += 1;
  }
  return { ...position, from, placed };
}

/** No call that starts after an unplaced one has ended may come before it. */
function earliestEnd(answered: readonly Call<unknown, unknown>[], position: Position<unknown>): number {
  let earliest = Number.POSITIVE_INFINITY;
  for (let at = position.from; at < answered.length; at += 1) {
    const call = answered[at] as Call<unknown, unknown>;
    if (call.startedAt > earliest) break;
    if (!isPlaced(position, at)) earliest = Math.min(earliest, call.endedAt);
  }
  return earliest;
}
