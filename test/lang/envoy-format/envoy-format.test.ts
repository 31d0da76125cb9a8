import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkFormat, formatSince } from '../../../src/lang/envoy-format/index.js';

describe('format strings of Envoy', () => {
  it.each([
    '',
    'plain',
    '50%%',
    '%%',
    'a%REQ(x-a)%b',
    '%REQ(:METHOD)%',
    '%REQ(X-ENVOY-ORIGINAL-PATH?:PATH):10%',
    '%START_TIME(%Y/%m/%dT%H:%M:%S%z)%',
    '%START_TIME%',
    '%PROTOCOL()%',
    '%GRPC_STATUS(NUMBER)%',
    '%PATH(NQ:ORIG)%',
    '%FILTER_STATE(a:PLAIN)%',
    '%DYNAMIC_METADATA(a:b):5%',
    '%UPSTREAM_METADATA(["a", "b"])%',
  ])('are fine: %s', (text) => {
    expect(checkFormat(text, 'access log')).toBeUndefined();
    expect(checkFormat(text, 'header')).toBeUndefined();
  });

  it.each([
    ['100%', '"%" is no command'],
    ['100 % b', '"% b" is no command'],
    ['%foo%', '"%foo%" is no command'],
    ['%REQ(a)', '"%REQ(a)" is no command'],
    ['%REQ(a)%%', '"%" is no command'],
    ['%REQ(a)%b)%', '"%" is no command'],
    ['%REQ(a', '"%REQ(a" is no command'],
    ['%REQ(\n)%', 'is no command'],
    ['%FOO%', '%FOO% is no command of Envoy'],
    ['%PROTOCOL(a)%', '%PROTOCOL% takes no parameter'],
    ['%PROTOCOL:5%', '%PROTOCOL% takes no length'],
    ['%START_TIME:5%', '%START_TIME% takes no length'],
    ['%REQ%', '%REQ% needs a parameter'],
    ['%REQ()%', '%REQ% needs a parameter'],
    ['%REQ(a?b?c)%', '%REQ% takes one header and one alternative'],
    ['%REQ(a b)%', '%REQ% takes names of headers'],
    ['%GRPC_STATUS(a)%', '%GRPC_STATUS% takes CAMEL_STRING, SNAKE_STRING, NUMBER, not "a"'],
    ['%PATH(ORIG)%', '%PATH% takes WQ, NQ, not "ORIG"'],
    ['%FILTER_STATE(a:b)%', '%FILTER_STATE% is written PLAIN, TYPED or FIELD, not "b"'],
    ['%FILTER_STATE(:PLAIN)%', '%FILTER_STATE% needs a key'],
  ])('are refused: %s', (text, problem) => {
    expect(checkFormat(text, 'access log')).toContain(problem);
  });

  it('may name per-request state in headers only', () => {
    expect(checkFormat('%PER_REQUEST_STATE(k)%', 'header')).toBeUndefined();
    expect(checkFormat('%PER_REQUEST_STATE(k)%', 'access log')).toContain('is no command');
  });

  it('say which Envoy they need', () => {
    expect(formatSince('%PROTOCOL% %REQ(a)%')).toBe(31);
    expect(formatSince('%PATH% %START_TIME_LOCAL%')).toBe(34);
    expect(formatSince('%REQUESTED_SERVER_NAME%')).toBe(31);
    expect(formatSince('%REQUESTED_SERVER_NAME(SNI_FIRST)%')).toBe(37);
    expect(formatSince('%UPSTREAM_LOCAL_ADDRESS_WITHOUT_PORT(a)% %PATH%')).toBe(38);
    expect(formatSince('%LISTENER_NAME%')).toBe(40);
    expect(formatSince('100%')).toBe(31);
  });

  it('can be read whatever their length', () => {
    for (const part of ['%', '%A', '%A(', '%A(%', '%A()'])
      expect(checkFormat(part.repeat(100_001), 'header')).toContain('is no command');
  });

  it('never throw', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('%', 'A', '(', ')', ':', '1', 'a', '\n', 'REQ', '?') }), (text) => {
        const problem = checkFormat(text, 'header');
        expect(problem === undefined || problem.length > 0).toBe(true);
        expect(formatSince(text)).toBeGreaterThanOrEqual(31);
      }),
    );
  });
});
