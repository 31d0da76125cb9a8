import { describe, expect, test } from 'vitest';
import {
  LIMIT_NUMBERS,
  PROXY_NUMBERS,
  numberProblems,
  numberSetting,
} from '../../../src/mesh/proxy/opaque-settings.js';

const requestTimeout = (value: unknown) =>
  numberSetting({ local_request_timeout_ms: value }, PROXY_NUMBERS, 'local_request_timeout_ms');

describe('a number of an opaque configuration', () => {
  test.each([
    [0, 0],
    [1500.7, 1500],
    ['250', 250],
    [-1, undefined],
    ['', undefined],
    ['soon', undefined],
    [Number.NaN, undefined],
    [1e300, undefined],
    [true, undefined],
  ])('given as %j is %j', (given, expected) => {
    expect(requestTimeout(given)).toBe(expected);
  });

  test('is found whatever the case and underscores of its name', () => {
    expect(numberSetting({ MaxInboundConnections: 5 }, PROXY_NUMBERS, 'max_inbound_connections')).toBe(5);
  });

  test('that cannot be carried out is named, one that is not given or null is not', () => {
    expect(
      numberProblems({ max_connections: 4_294_967_296, max_pending_requests: -1, other: -1 }, LIMIT_NUMBERS, 'l.'),
    ).toEqual([
      'l.max_connections is ignored: it must be a whole number between 0 and 4294967295',
      'l.max_pending_requests is ignored: it must be a whole number between 0 and 4294967295',
    ]);
    expect(numberProblems({ bind_port: null }, PROXY_NUMBERS, '')).toEqual([]);
  });
});
