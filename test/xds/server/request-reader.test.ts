import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { scanDeltaRequest } from '../../../src/xds/server/discovery-request.js';
import { scanCutNodeId } from '../../../src/xds/server/node-scan.js';
import { RequestReader } from '../../../src/xds/server/request-reader.js';
import { encodeDeltaRequest, encodeNode, typeUrls } from '../../support/fake-envoy/index.js';
import { grpcFrame } from '../../support/fake-envoy/transport.js';

const node = encodeNode({ id: 'web-sidecar-proxy', nodeName: 'n1', extensionBytes: 3_000 });
const requests = [
  { node, typeUrl: typeUrls.cluster },
  { node, typeUrl: typeUrls.cluster, nonce: '00000001' },
  { typeUrl: typeUrls.endpoint, subscribe: ['a', 'b'] },
  { node, typeUrl: typeUrls.route, nonce: '00000002', error: 'bad' },
  { node, typeUrl: typeUrls.listener },
];
const stream = Buffer.concat(requests.map((request) => grpcFrame(encodeDeltaRequest(request))));

function read(chunks: readonly Buffer[], skips: boolean) {
  const seen: { message: Buffer; node: Buffer | undefined }[] = [];
  const reader = new RequestReader((message, skipped) => {
    seen.push({ message: Buffer.from(message), node: skipped });
    reader.skipsNodes = skips;
  });
  for (const chunk of chunks) reader.push(chunk);
  return seen;
}

function cut(bytes: Buffer, lengths: readonly number[]): Buffer[] {
  const chunks: Buffer[] = [];
  let position = 0;
  for (let turn = 0; position < bytes.length; turn++) {
    const next = position + (lengths[turn % lengths.length] ?? 1);
    chunks.push(bytes.subarray(position, next));
    position = next;
  }
  return chunks;
}

describe('cutting bytes into requests', () => {
  const expected = requests.map(
    ({
      typeUrl,
      nonce = '',
      error,
      subscribe = [],
    }: (typeof requests)[number] & { error?: string; subscribe?: string[] }) => ({
      typeUrl,
      nonce,
      error,
      subscribe,
    }),
  );

  test('finds the same requests however the bytes are cut, nodes skipped or not', () => {
    const lengths = fc.array(fc.integer({ min: 1, max: 4_000 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(lengths, fc.boolean(), (sizes, skips) => {
        const seen = read(cut(stream, sizes), skips);
        expect(seen.map(({ message }) => scanDeltaRequest(message))).toMatchObject(expected);
        for (const { node: skipped } of seen)
          if (skipped) expect(node.subarray(0, skipped.length).equals(skipped)).toBe(true);
      }),
    );
  });

  test('keeps the beginning of a skipped node, where its id is', () => {
    const seen = read(cut(stream, [1_000]), true);
    const skipped = seen.flatMap((one) => (one.node ? [scanCutNodeId(one.node)] : []));
    expect(skipped.length).toBeGreaterThan(0);
    expect(new Set(skipped)).toEqual(new Set(['web-sidecar-proxy']));
    expect(seen[0]?.message.length).toBeGreaterThan(3_000);
  });

  test('a cut id is not taken for an id', () => {
    expect(scanCutNodeId(node.subarray(0, 8))).toBeUndefined();
    expect(scanCutNodeId(Buffer.alloc(0))).toBeUndefined();
    expect(scanCutNodeId(Buffer.from([0x12, 1, 65]))).toBeUndefined();
  });

  test('refuses what is larger than any request, before it has come', () => {
    expect(() => read([Buffer.from([0, 0x7f, 0xff, 0xff, 0xff])], true)).toThrow(/over the limit/);
  });

  test('refuses compressed requests with what to do', () => {
    expect(() => read([Buffer.from([1, 0, 0, 0, 1, 0])], true)).toThrow(/turn compression off/);
  });

  test('any bytes in any cuts neither hang nor read beyond their end', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300 }),
        fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }),
        (bytes, sizes) => {
          try {
            for (const { message } of read(cut(Buffer.from(bytes), sizes), true))
              expect(message.length).toBeLessThanOrEqual(bytes.length);
          } catch (thrown) {
            expect((thrown as { code?: string }).code).toMatch(/invalidArgument|tooLarge/);
          }
        },
      ),
    );
  });
});
