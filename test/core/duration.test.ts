import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  AppError,
  durationFromWire,
  durationToNanoseconds,
  formatDurationMs,
  parseDurationMs,
} from '../../src/core/index.js';

/** What Go's time.ParseDuration and Duration.String answered (text, printed form, nanoseconds). */
const goAnswers: readonly (readonly [string, string, number])[] = [
  ['1h30m', '1h30m0s', 5400e9],
  ['500ms', '500ms', 500e6],
  ['1.5s', '1.5s', 1.5e9],
  ['10us', '10µs', 10e3],
  ['10µs', '10µs', 10e3],
  ['10μs', '10µs', 10e3],
  ['-5s', '-5s', -5e9],
  ['+5s', '5s', 5e9],
  ['0', '0s', 0],
  ['-0', '0s', 0],
  ['1.s', '1s', 1e9],
  ['.5s', '500ms', 500e6],
  ['72h', '72h0m0s', 259200e9],
  ['1m1s1ms1us1ns', '1m1.001001001s', 61001001001],
  ['0.000000001s', '1ns', 1],
  ['0.0000000001s', '0s', 0],
  ['1.23456789012345678901s', '1.23456789s', 1234567890],
  ['3s2h', '2h0m3s', 7203e9],
  ['1s1s', '2s', 2e9],
  ['0.3333333333333333333h', '20m0s', 1200e9],
  ['999999us', '999.999ms', 999999e3],
  ['1.5ms', '1.5ms', 1.5e6],
  ['00001s', '1s', 1e9],
  ['1h0.5m', '1h0m30s', 3630e9],
];

/** What Go's time.ParseDuration refused, in its words. */
const goRefusals: readonly (readonly [string, string])[] = [
  ['', 'time: invalid duration ""'],
  ['5', 'time: missing unit in duration "5"'],
  ['s', 'time: invalid duration "s"'],
  ['.s', 'time: invalid duration ".s"'],
  ['1..5s', 'time: missing unit in duration "1..5s"'],
  ['1h-5m', 'time: unknown unit "h-" in duration "1h-5m"'],
  ['1e3s', 'time: unknown unit "e" in duration "1e3s"'],
  ['1 s', 'time: unknown unit " s" in duration "1 s"'],
  [' 1s', 'time: invalid duration " 1s"'],
  ['1d', 'time: unknown unit "d" in duration "1d"'],
  ['9223372036854775808ns', 'time: invalid duration "9223372036854775808ns"'],
  ['2562048h', 'time: invalid duration "2562048h"'],
  ['-', 'time: invalid duration "-"'],
  ['--1s', 'time: invalid duration "--1s"'],
  ['soon', 'time: invalid duration "soon"'],
  ['Infinity', 'time: invalid duration "Infinity"'],
];

function durationOrRefusal(text: string): number | 'refused' {
  try {
    return durationFromWire(text);
  } catch (thrown) {
    if (thrown instanceof AppError && thrown.code === 'invalidArgument') return 'refused';
    throw thrown;
  }
}

describe('durations', () => {
  it.each(goAnswers)('reads %s and prints %s, as Go does', (text, printed, nanoseconds) => {
    const ms = parseDurationMs(text);
    expect(Math.abs((ms ?? Number.NaN) * 1e6 - nanoseconds)).toBeLessThanOrEqual(1);
    expect(formatDurationMs(ms ?? Number.NaN)).toBe(printed);
    expect(durationFromWire(text)).toBe(ms);
  });

  it.each(goRefusals)('refuses %j in the words of Go', (text, message) => {
    expect(parseDurationMs(text)).toBeUndefined();
    expect(() => durationFromWire(text)).toThrow(new AppError('invalidArgument', message));
  });

  it('prints whole milliseconds as Go prints them', () => {
    expect([0, 500, 5000, 90_000, 259_200_000, -1500, 3_600_000].map(formatDurationMs)).toEqual([
      '0s',
      '500ms',
      '5s',
      '1m30s',
      '72h0m0s',
      '-1.5s',
      '1h0m0s',
    ]);
  });

  it('takes a number from the wire as nanoseconds and refuses fractions and what does not fit', () => {
    expect(durationFromWire(5_000_000_000)).toBe(5000);
    expect(durationFromWire(-1)).toBe(-0.000001);
    for (const bad of [1.5, Number.NaN, Number.POSITIVE_INFINITY, 1e19]) {
      expect(() => durationFromWire(bad)).toThrow(AppError);
    }
    expect(durationToNanoseconds(1.5)).toBe(1_500_000);
  });

  it('refuses to print what is not a finite number', () => {
    expect(() => formatDurationMs(Number.NaN)).toThrow(AppError);
  });

  it('refuses endless text at once', () => {
    expect(parseDurationMs('1'.repeat(1_000_000))).toBeUndefined();
    expect(parseDurationMs('1s'.repeat(1_000_000))).toBeUndefined();
    expect(() => durationFromWire('9'.repeat(1_000_000))).toThrow(/^time: invalid duration "9{32}…"$/);
  });

  it('reads back every duration it prints', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (nanoseconds) => {
        const ms = nanoseconds / 1e6;
        expect(parseDurationMs(formatDurationMs(ms))).toBeCloseTo(ms, 5);
      }),
    );
    fc.assert(
      fc.property(fc.integer({ min: -2_000_000_000, max: 2_000_000_000 }), (ms) => {
        expect(parseDurationMs(formatDurationMs(ms))).toBe(ms);
      }),
    );
  });

  it('answers every text with milliseconds or a refusal', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[-+0-9.hmsuµn]{0,20}$/)), (text) => {
        const ms = parseDurationMs(text);
        expect(durationOrRefusal(text)).toBe(ms ?? 'refused');
      }),
    );
  });
});
