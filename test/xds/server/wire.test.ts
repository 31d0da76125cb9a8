import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AppError } from '../../../src/core/index.js';
import { decodeMessage } from '../../../src/xds/envoy-api/index.js';
import { scanDeltaRequest, scanStateOfTheWorldRequest } from '../../../src/xds/server/discovery-request.js';
import { FrameBook } from '../../../src/xds/server/frames.js';
import { encodeLeafSecret } from '../../../src/xds/server/leaf-secret.js';
import { scanNode, scanNodeId } from '../../../src/xds/server/node-scan.js';
import {
  encodeDeltaRequest,
  encodeNode,
  encodeStateOfTheWorldRequest,
  typeUrls,
} from '../../support/fake-envoy/index.js';
import { decodeDeltaResponse, decodeStateOfTheWorldResponse } from '../../support/fake-envoy/index.js';
import { endpoints } from './support/resources.js';

const whole = (bytes: Buffer) => ({ bytes, start: 0, end: bytes.length });

describe('reading requests', () => {
  test('every part of a delta request is found, whatever it holds', () => {
    const names = fc.array(fc.string());
    fc.assert(
      fc.property(
        names,
        names,
        fc.dictionary(fc.string(), fc.string()),
        fc.string(),
        fc.option(fc.string()),
        (subscribe, unsubscribe, claims, nonce, error) => {
          const versions = new Map(Object.entries(claims));
          const node = encodeNode({ id: 'web', nodeName: 'n1', version: [1, 40, 0] });
          const request = { node, typeUrl: typeUrls.route, subscribe, unsubscribe, versions, nonce };
          const scanned = scanDeltaRequest(encodeDeltaRequest({ ...request, ...(error === null ? {} : { error }) }));
          expect(scanned).toMatchObject({
            typeUrl: typeUrls.route,
            subscribe,
            unsubscribe,
            nonce,
            error: error ?? undefined,
          });
          expect([...scanned.versions]).toEqual([...versions]);
          expect(scanNodeId(scanned.node!)).toBe('web');
        },
      ),
    );
  });

  test('every part of a state-of-the-world request is found', () => {
    const request = {
      node: encodeNode({ id: 'web' }),
      typeUrl: typeUrls.listener,
      names: ['a', 'b'],
      version: '7',
      nonce: '5',
      error: 'no',
    };
    expect(scanStateOfTheWorldRequest(encodeStateOfTheWorldRequest(request))).toMatchObject({
      typeUrl: typeUrls.listener,
      subscribe: ['a', 'b'],
      unsubscribe: [],
      nonce: '5',
      error: 'no',
    });
  });

  test('any bytes are either read or refused as an invalid argument', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        for (const read of [scanDeltaRequest, scanStateOfTheWorldRequest]) {
          try {
            const { node } = read(Buffer.from(bytes));
            if (node) scanNode(node);
          } catch (thrown) {
            expect(thrown).toBeInstanceOf(AppError);
            expect((thrown as AppError).code).toBe('invalidArgument');
          }
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test('a request cut anywhere is refused or read, never misread beyond its end', () => {
    const message = encodeDeltaRequest({
      node: encodeNode({ id: 'web', nodeName: 'n1' }),
      typeUrl: typeUrls.cluster,
      subscribe: ['api'],
    });
    for (let length = 0; length < message.length; length++) {
      const cut = message.subarray(0, length);
      try {
        expect(scanDeltaRequest(cut).node?.end ?? 0).toBeLessThanOrEqual(length);
      } catch (thrown) {
        expect((thrown as AppError).code).toBe('invalidArgument');
      }
    }
  });

  test('a node tells its id, cluster, metadata and version, past hundreds of extensions', () => {
    const node = encodeNode({
      id: 'web-1',
      cluster: 'web',
      nodeName: 'n1',
      metadata: { x: 'y' },
      version: [1, 38, 3],
      extensionBytes: 60_000,
    });
    expect(scanNode(whole(node))).toEqual({
      id: 'web-1',
      cluster: 'web',
      metadata: new Map([
        ['node_name', 'n1'],
        ['x', 'y'],
      ]),
      userAgent: { name: 'envoy', version: { major: 1, minor: 38, patch: 3 } },
    });
  });
});

describe('writing responses', () => {
  const releases: (() => void)[] = [];
  const frames = new FrameBook(
    () => undefined,
    (release) => void releases.push(release),
  );

  test('a delta response reads back as what was put in', () => {
    const resources = [endpoints('api', 'x'.repeat(200)), endpoints('ü'.repeat(70), '')];
    const { frame, nonce } = frames.together('endpoint', resources, ['gone', 'ö'], 1_234_567, '');
    expect(frame.readUInt32BE(1)).toBe(frame.length - 5);
    const response = decodeDeltaResponse(frame.subarray(5));
    expect(response).toMatchObject({
      systemVersion: '1234567',
      typeUrl: typeUrls.endpoint,
      nonce,
      removed: ['gone', 'ö'],
    });
    expect(response.resources).toEqual(resources.map(({ name, version, bytes }) => ({ name, version, any: bytes })));
    const decoded = decodeMessage('envoy.service.discovery.v3.DeltaDiscoveryResponse', frame.subarray(5));
    expect(decoded).toMatchObject({ system_version_info: '1234567', nonce, removed_resources: ['gone', 'ö'] });
  });

  test('a state-of-the-world response reads back as what was put in', () => {
    const { frame, nonce } = frames.whole('endpoint', [endpoints('api'), endpoints('db')], 'v1');
    expect(decodeStateOfTheWorldResponse(frame.subarray(5))).toEqual({
      version: 'v1',
      typeUrl: typeUrls.endpoint,
      nonce,
      resources: [endpoints('api').bytes, endpoints('db').bytes],
    });
  });

  test('one resource at one index is one buffer for all; nonces are never empty nor used twice', () => {
    const resource = endpoints('api');
    const first = frames.single(resource, 7, '');
    expect(frames.single(resource, 7, '')).toBe(first);
    expect(frames.single(resource, 7, first.nonce).nonce > first.nonce).toBe(true);
    expect(frames.single(resource, 8, '').nonce).not.toBe(first.nonce);
    expect(first.nonce).toMatch(/^[0-9a-f]{8}$/);
    for (const release of releases) release();
    expect(frames.single(resource, 8, '').frame.equals(first.frame)).toBe(false);
  });

  test('the leaf is a secret that Envoy’s own definition reads', () => {
    const bytes = encodeLeafSecret({ certPem: 'C'.repeat(900), privateKeyPem: 'K'.repeat(200) });
    const any = decodeMessage('google.protobuf.Any', bytes) as { type_url: string; value: Buffer };
    expect(any.type_url).toBe(typeUrls.secret);
    expect(decodeMessage('envoy.extensions.transport_sockets.tls.v3.Secret', any.value)).toMatchObject({
      name: 'leaf',
      tls_certificate: {
        certificate_chain: { inline_string: 'C'.repeat(900) },
        private_key: { inline_string: 'K'.repeat(200) },
      },
    });
  });
});
