import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Call, History, type KeyInput, type KeyOutput, type KeyState, isLinearizable, keyModel } from './index.js';

type KeyCall = Call<KeyInput, KeyOutput>;
const state = (value: string, holder = '', lockIndex = 0): KeyState => ({ value, holder, lockIndex });
const call = (startedAt: number, endedAt: number, input: KeyInput, output: KeyOutput): KeyCall => ({
  input,
  startedAt,
  endedAt,
  output,
});
const lost = (startedAt: number, input: KeyInput): KeyCall => ({ input, startedAt, endedAt: Number.POSITIVE_INFINITY });
const put = (value: string): KeyInput => ({ type: 'put', value });
const get: KeyInput = { type: 'get' };
const acquire = (session: string, value = session): KeyInput => ({ type: 'acquire', session, value });
const verdict = (...calls: readonly KeyCall[]) => isLinearizable(calls, keyModel).ok;

describe('a history is possible', () => {
  test('when calls overlap and answers fit one order of them', () => {
    expect(verdict(call(0, 10, put('a'), true), call(1, 9, put('b'), true), call(11, 12, get, state('a')))).toBe(true);
    expect(verdict(call(0, 10, put('a'), true), call(1, 2, get, state('')), call(3, 4, get, state('a')))).toBe(true);
  });

  test('whether a call without an answer took effect or not, late or soon', () => {
    const write = lost(0, put('a'));
    expect(verdict(write, call(5, 6, get, state('')), call(7, 8, get, state('a')))).toBe(true);
    expect(verdict(write, call(5, 6, get, state('')), call(7, 8, get, state('')))).toBe(true);
  });

  test('when a session that ended lets others in', () => {
    expect(
      verdict(
        call(0, 1, acquire('s'), true),
        call(2, 3, acquire('t'), false),
        call(4, 5, { type: 'end', session: 's' }, true),
        call(6, 7, acquire('t'), true),
        call(8, 9, get, state('t', 't', 2)),
      ),
    ).toBe(true);
  });
});

describe('a history is impossible', () => {
  test('when an acknowledged write is gone', () => {
    expect(verdict(call(0, 1, put('a'), true), call(2, 3, get, state('')))).toBe(false);
    expect(verdict(call(0, 1, put('a'), true), call(2, 3, put('b'), true), call(4, 5, get, state('a')))).toBe(false);
  });

  test('when a write that was seen is gone again', () => {
    expect(verdict(lost(0, put('a')), call(1, 2, get, state('a')), call(3, 4, get, state('')))).toBe(false);
  });

  test('when two compare-and-sets on the same value succeed', () => {
    const cas = (value: string): KeyInput => ({ type: 'cas', expected: state('a'), value });
    const first = call(0, 1, put('a'), true);
    expect(verdict(first, call(2, 9, cas('b'), true), call(3, 8, cas('c'), true))).toBe(false);
    expect(verdict(first, call(2, 9, cas('b'), true), call(3, 8, cas('c'), false))).toBe(true);
  });

  test('when two sessions hold a lock', () => {
    expect(verdict(call(0, 5, acquire('s'), true), call(1, 6, acquire('t'), true))).toBe(false);
    expect(verdict(call(0, 5, acquire('s'), true), lost(1, acquire('t')), call(7, 8, get, state('t', 't', 1)))).toBe(
      false,
    );
  });
});

test('any history of one client after the other is possible, and wrong when a read is another', () => {
  const input = fc.oneof(
    fc.constant(get),
    fc.nat(5).map((number) => put(`v${number}`)),
    fc
      .tuple(fc.nat(5), fc.nat(5))
      .map(([from, to]): KeyInput => ({ type: 'cas', expected: state(`v${from}`), value: `v${to}` })),
    fc.constantFrom('s', 't').map((session) => acquire(session)),
    fc.constantFrom('s', 't').map((session): KeyInput => ({ type: 'release', session, value: 'free' })),
    fc.constantFrom('s', 't').map((session): KeyInput => ({ type: 'end', session })),
  );
  fc.assert(
    fc.property(fc.array(input, { minLength: 1, maxLength: 40 }), fc.nat(), (inputs, skew) => {
      let now = keyModel.initial;
      const calls = inputs.map((one, at): KeyCall => {
        const { state: after, output } = keyModel.apply(now, one);
        now = after;
        return call(at * 2 - (skew % 2), at * 2 + 1, one, output);
      });
      expect(verdict(...calls, call(1000, 1001, get, now))).toBe(true);
      expect(verdict(...calls, call(1000, 1001, get, { ...now, value: 'never written' }))).toBe(false);
    }),
  );
});

/** Every order of the answered calls with any of the others in between, that keeps to the times. */
function anyOrderFits(calls: readonly KeyCall[], from: KeyState): boolean {
  const due = calls.filter(({ output }) => output !== undefined);
  if (due.length === 0) return true;
  const deadline = Math.min(...due.map(({ endedAt }) => endedAt));
  return calls.some((one) => {
    if (one.startedAt > deadline) return false;
    const { state: after, output } = keyModel.apply(from, one.input);
    if (one.output !== undefined && !keyModel.sameOutput(output, one.output)) return false;
    return anyOrderFits(
      calls.filter((other) => other !== one),
      after,
    );
  });
}

test('the verdict is the one of trying every order', () => {
  // A value is written once: that much the model asks for.
  const inputs = (at: number) =>
    fc.oneof(
      fc.constant(get),
      fc.constant(put(`v${at}`)),
      fc.constant<KeyInput>({ type: 'delete' }),
      fc.nat(4).map((from): KeyInput => ({ type: 'cas', expected: state(`v${from}`), value: `v${at}` })),
    );
  const outputOf = ({ type }: KeyInput, pick: number): KeyOutput =>
    type === 'get' ? state(pick === 0 ? '' : `v${pick - 1}`) : type !== 'cas' || pick % 2 === 0;
  const one = (at: number) =>
    fc
      .tuple(inputs(at), fc.nat(8), fc.nat(6), fc.nat(5), fc.boolean())
      .map(([input, start, length, pick, isLost]) =>
        isLost && input.type !== 'get' ? lost(start, input) : call(start, start + length, input, outputOf(input, pick)),
      );
  const histories = fc
    .integer({ min: 1, max: 6 })
    .chain((size) => fc.tuple(...Array.from({ length: size }, (_, at) => one(at))));
  fc.assert(
    fc.property(histories, (calls) => verdict(...calls) === anyOrderFits(calls, keyModel.initial)),
    { numRuns: 2_000 },
  );
});

test('many calls without an answer do not keep a history from being judged', () => {
  const writes = Array.from({ length: 60 }, (_, at) => lost(at, put(`v${at}`)));
  const deletes = Array.from({ length: 60 }, (_, at) => lost(at, { type: 'delete' }));
  expect(verdict(...writes, ...deletes, call(100, 101, get, state('v7')))).toBe(true);
  expect(verdict(...writes, ...deletes, call(100, 101, get, state('never written')))).toBe(false);
});

describe('sightings contradict each other', () => {
  const history = (...seen: readonly [number, number, number, string, string, number][]) => {
    const made = new History();
    for (const [startedAt, endedAt, modifyIndex, value, session, lockIndex] of seen)
      made.saw('k', { startedAt, endedAt, modifyIndex, value, session, lockIndex });
    return made.contradictions('k');
  };

  test('when an index goes back, stands for two contents, or a lock has two holders', () => {
    expect(history([0, 1, 5, 'a', '', 0], [2, 3, 4, 'b', '', 0])).toHaveLength(1);
    expect(history([0, 3, 5, 'a', '', 0], [2, 4, 5, 'b', '', 0])).toHaveLength(1);
    expect(history([0, 1, 5, 'a', 's', 1], [2, 3, 6, 'a', 't', 1])).toHaveLength(1);
    expect(history([0, 1, 5, 'a', 's', 2], [2, 3, 6, 'a', '', 1])).toHaveLength(1);
  });

  test('not when reads overlap', () => {
    expect(history([0, 5, 5, 'a', 's', 1], [1, 6, 4, 'b', '', 0], [7, 8, 6, 'a', 't', 2])).toEqual([]);
  });
});
