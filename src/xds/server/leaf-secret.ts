import type { IssuedLeaf } from '../../ca/index.js';
import { LEAF_SECRET } from '../resources/spec.js';
import { typeUrls } from './type-urls.js';
import { fieldLength, writeFieldHead, writeTextField } from './wire-writer.js';

const TEXT = 3;

/**
 * The leaf as an encoded `google.protobuf.Any` of `envoy.extensions.transport_sockets.tls.v3.Secret { name = 1, tls_certificate = 2
 * { certificate_chain = 1, private_key = 2 } }`, texts inline. By hand, since thousands may be due in a herd.
 */
export function encodeLeafSecret(leaf: Pick<IssuedLeaf, 'certPem' | 'privateKeyPem'>): Buffer {
  const chain = lengthOfText(leaf.certPem);
  const key = lengthOfText(leaf.privateKeyPem);
  const certificate = fieldLength(chain) + fieldLength(key);
  const secret = lengthOfText(LEAF_SECRET) + fieldLength(certificate);
  const any = Buffer.allocUnsafeSlow(lengthOfText(typeUrls.secret) + fieldLength(secret));
  let position = writeTextField(any, 0, 1, typeUrls.secret);
  position = writeFieldHead(any, position, 2, secret);
  position = writeTextField(any, position, 1, LEAF_SECRET);
  position = writeFieldHead(any, position, 2, certificate);
  position = writeFieldHead(any, position, 1, chain);
  position = writeTextField(any, position, TEXT, leaf.certPem);
  position = writeFieldHead(any, position, 2, key);
  writeTextField(any, position, TEXT, leaf.privateKeyPem);
  return any;
}

function lengthOfText(text: string): number {
  return fieldLength(Buffer.byteLength(text));
}
