import { Duplex } from 'node:stream';
import type { ServerDuplexStream } from '@grpc/grpc-js';
import { describe, expect, test } from 'vitest';
import { http2StreamOf, takeOverInput } from '../../../src/xds/server/grpc-internals.js';
import { Sink } from '../../../src/xds/server/sink.js';
import { Source } from '../../../src/xds/server/source.js';
import { grpcFrame } from '../../support/fake-envoy/transport.js';

/** A call of a grpc-js that is built differently: nothing beneath it can be reached. */
function plainCall(inner: object = {}) {
  const written: Buffer[] = [];
  const call = new Duplex({
    objectMode: true,
    highWaterMark: 2,
    read: () => undefined,
    write: (message: Buffer, _encoding, done) => {
      written.push(message);
      setImmediate(done);
    },
  });
  Object.assign(call, { call: inner });
  return { call: call as unknown as ServerDuplexStream<Buffer, Buffer>, written, duplex: call };
}

const soon = () => new Promise((resolve) => setTimeout(resolve, 20));

describe('when nothing beneath grpc-js can be reached', () => {
  test('frames go through the call, without their prefix, and a full call counts as congested until it has drained', async () => {
    const { call, written } = plainCall();
    let drained = 0;
    const sink = new Sink(call, () => drained++);
    sink.write(['one', 'two', 'three'].map((text) => ({ frame: grpcFrame(Buffer.from(text)) })));
    expect(sink.congested).toBe(true);
    await expect.poll(() => drained).toBe(1);
    expect(written.map(String)).toEqual(['one', 'two', 'three']);
    expect(sink.congested).toBe(false);
  });

  test('requests come from the call, whole', async () => {
    const { call, duplex } = plainCall();
    const seen: string[] = [];
    let ends = 0;
    const source = new Source(call, {
      onRequest: (message, skipped) => void seen.push(`${message.toString()} ${skipped === undefined}`),
      onFault: (thrown) => void seen.push(String(thrown)),
      onEnd: () => ends++,
    });
    duplex.push(Buffer.from('first'));
    await expect.poll(() => seen).toEqual(['first true']);
    source.pause();
    duplex.push(Buffer.from('second'));
    await soon();
    expect(seen).toEqual(['first true']);
    source.resume();
    duplex.push(null);
    await expect.poll(() => ends).toBe(1);
    expect(seen).toEqual(['first true', 'second true']);
  });

  test.each([
    ['no call', undefined],
    ['a call without a stream', {}],
    ['a stream of another kind', { stream: { write: () => undefined } }],
  ])('%s is noticed', (_what, inner) => {
    const { call } = plainCall(inner);
    expect(http2StreamOf(call)).toBeUndefined();
    expect(takeOverInput(call)).toBeUndefined();
  });
});
