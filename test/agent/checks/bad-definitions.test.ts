import { describe, expect, it } from 'vitest';
import { decodeCheckDefinition } from '../../../src/model/definitions/index.js';

const http = { HTTP: 'http://127.0.0.1/', Interval: '10s' };
const table: readonly (readonly [object, RegExp])[] = [
  [{}, /TTL must be > 0 for TTL checks/],
  [{ Interval: '10s' }, /TTL must be > 0/],
  [{ TTL: '-1s' }, /TTL must be > 0/],
  [{ TTL: '10s', Interval: '10s' }, /Interval and TTL cannot both/],
  [{ HTTP: 'http://x', Interval: '-3s' }, /Interval must be > 0/],
  [{ UDP: 'a:1' }, /Interval must be > 0/],
  [{ H2PING: 'a:1' }, /Interval must be > 0/],
  [{ OSService: 'cron' }, /Interval must be > 0/],
  [{ Args: ['true'] }, /Interval must be > 0/],
  [{ DockerContainerID: 'c', Interval: '1s' }, /Args must be set for Docker checks/],
  [{ AliasService: 'a', TTL: '1s' }, /TTL must be not be set for Alias checks/],
  [{ ...http, OutputMaxSize: -1 }, /MaxOutputMaxSize must be positive/],
  [{ ...http, Timeout: '-1s' }, /Timeout must not be negative/],
  [{ ...http, SuccessBeforePassing: -1 }, /SuccessBeforePassing must not be negative/],
  [{ ...http, FailuresBeforeCritical: -1 }, /FailuresBeforeCritical must not be negative/],
  [{ ...http, DeregisterCriticalServiceAfter: '-1m' }, /DeregisterCriticalServiceAfter must not be negative/],
  [{ ...http, FailuresBeforeWarning: 5, FailuresBeforeCritical: 2 }, /FailuresBeforeWarning can't be higher/],
  [{ ...http, FailuresBeforeWarning: 2 }, /FailuresBeforeWarning can't be higher/],
  [{ ...http, Header: { 'X-A': ['a\r\nX-B: b'] } }, /Header "X-A" must not contain line breaks/],
  [{ ...http, Header: { 'a b': ['c'] } }, /Header has the name "a b"/],
  [{ ...http, Method: 'GET /x' }, /Method must be an HTTP method/],
  [{ Args: ['a\0b'], Interval: '1s' }, /Args must not contain NUL/],
  [{ Args: [''], Interval: '1s' }, /Args must begin with the program/],
  [{ Args: Array.from({ length: 257 }, () => 'a'), Interval: '1s' }, /Args must be at most 256/],
  [{ TTL: '1s', ID: 'a\nb' }, /name or ID must not contain control characters/],
  [{ TTL: '1s', Status: 'odd' }, /Bad check status/],
  [{ TTL: 'soon' }, /invalid duration "soon"/],
  [{ TTL: '1s', Nope: 1 }, /unknown field "Nope"/],
  [{ HTTP: ['a', 'b'], Interval: '1s' }, /must be text, not a list/],
];

describe('a check definition', () => {
  it.each(table)('%j is refused with a reason', (body, reason) => {
    expect(() => decodeCheckDefinition({ Name: 'c', ...body }, 'api')).toThrow(reason);
  });

  it.each([
    [{ scriptargs: ['a'], interval: '1s' }, { args: ['a'] }],
    [{ dockercontainerid: 'c', args: ['a'], interval: '1s' }, { dockerContainerId: 'c' }],
    [{ ttl: '1s', deregistercriticalserviceafter: '2m' }, { deregisterCriticalServiceAfterMs: 120_000 }],
    [{ ttl: '1s', service_id: 's' }, { serviceId: 's' }],
    [{ ttl: '1s', serviceid: 's' }, { serviceId: 's' }],
    [{ h2ping: 'a:1', interval: '1s' }, { h2pingUseTls: true }],
    [{ h2ping: 'a:1', h2ping_use_tls: false, interval: '1s' }, { h2pingUseTls: false }],
    [{ id: 'x', ttl: '1s' }, { checkId: 'x' }],
  ])('in a file may be written %j', (body, expected) => {
    expect(decodeCheckDefinition({ name: 'c', ...body }, 'file')).toMatchObject(expected);
  });
});
