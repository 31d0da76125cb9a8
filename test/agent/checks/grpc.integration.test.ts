import { Server, ServerCredentials, status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createGrpcProbe } from '../../../src/agent/checks/grpc.js';
import { decodeCheckDefinition } from '../../../src/model/definitions/index.js';

let server: Server;
let port = 0;
let answer: Buffer | 'error' | 'silence' = Buffer.from([8, 1]);
let asked = '';

beforeEach(async () => {
  server = new Server();
  server.addService(
    {
      check: {
        path: '/grpc.health.v1.Health/Check',
        requestStream: false,
        responseStream: false,
        requestSerialize: (value: Buffer) => value,
        requestDeserialize: (value: Buffer) => value,
        responseSerialize: (value: Buffer) => value,
        responseDeserialize: (value: Buffer) => value,
      },
    },
    {
      check: (call: { request: Buffer }, reply: (error: object | null, value?: Buffer) => void) => {
        asked = call.request.subarray(2).toString();
        if (answer === 'silence') return;
        if (answer === 'error') reply({ code: status.NOT_FOUND, details: 'unknown service' });
        else reply(null, answer);
      },
    },
  );
  port = await new Promise((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
});
afterEach(() => server.forceShutdown());

const check = async (target: string, signal = new AbortController().signal) => {
  const probe = createGrpcProbe(decodeCheckDefinition({ Name: 'c', GRPC: target, Interval: '1s' }, 'api'));
  const result = await probe(signal);
  probe.close();
  return result;
};

describe('a gRPC check over a real connection', () => {
  test('passes what serves, and asks for the service it names', async () => {
    answer = Buffer.from([8, 1]);
    const target = `127.0.0.1:${port}/shop.Cart`;
    expect(await check(target)).toEqual({ status: 'passing', output: `gRPC check ${target}: success` });
    expect(asked).toBe('shop.Cart');
  });

  test.each([
    [Buffer.from([8, 2]), 'NOT_SERVING'],
    [Buffer.from([]), 'UNKNOWN'],
    ['error' as const, 'unknown service'],
  ])('is critical for %j, with the reason', async (given, reason) => {
    answer = given;
    expect(await check(`127.0.0.1:${port}`)).toMatchObject({
      status: 'critical',
      output: expect.stringContaining(reason),
    });
  });

  test('is critical when nothing listens, or when time runs out', async () => {
    expect(await check('127.0.0.1:1')).toMatchObject({ status: 'critical' });
    answer = 'silence';
    expect(await check(`127.0.0.1:${port}`, AbortSignal.timeout(200))).toMatchObject({
      status: 'critical',
      output: expect.stringContaining('context deadline exceeded'),
    });
  });
});
