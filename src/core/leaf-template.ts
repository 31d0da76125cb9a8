import { isIPv4, isIPv6 } from 'node:net';
import * as der from './der.js';

/** What is the same in every certificate that one issuer signs. All fields are DER or raw bytes. */
export interface IssuerTemplate {
  readonly subjectName: Buffer;
  /** Key identifier of the issuer (its subjectKeyIdentifier, raw). */
  readonly keyIdentifier: Buffer;
  readonly signatureAlgorithm: Buffer;
}

export interface LeafFields {
  /** Big-endian bytes, at most 20. */
  readonly serialNumber: Uint8Array;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly publicKeyInfo: Uint8Array;
  readonly subjectKeyIdentifier: Uint8Array;
  readonly uri: string;
  /** DNS names and IP addresses. */
  readonly names: readonly string[];
}

const KEY_USAGE = '2.5.29.15';
const EXTENDED_KEY_USAGE = '2.5.29.37';
const BASIC_CONSTRAINTS = '2.5.29.19';
const SUBJECT_KEY_IDENTIFIER = '2.5.29.14';
const AUTHORITY_KEY_IDENTIFIER = '2.5.29.35';
const SUBJECT_ALTERNATIVE_NAME = '2.5.29.17';

export const ECDSA_WITH_SHA256 = der.sequence(der.objectIdentifier('1.2.840.10045.4.3.2'));
export const RSA_WITH_SHA256 = der.sequence(der.objectIdentifier('1.2.840.113549.1.1.11'), Buffer.from([0x05, 0x00]));

const CRITICAL = [der.booleanTrue] as const;

/** An extension of a certificate; critical = [booleanTrue], else empty. */
export function extension(oid: string, critical: readonly Uint8Array[], value: Uint8Array): Buffer {
  return der.sequence(der.objectIdentifier(oid), ...critical, der.octetString(value));
}

/** The extensions that no leaf varies: digital signature, key and data encipherment, key agreement; client and server. */
const FIXED_EXTENSIONS = Buffer.concat([
  extension(KEY_USAGE, CRITICAL, der.bitString(Buffer.from([0xb8]), 3)),
  extension(
    EXTENDED_KEY_USAGE,
    [],
    der.sequence(der.objectIdentifier('1.3.6.1.5.5.7.3.2'), der.objectIdentifier('1.3.6.1.5.5.7.3.1')),
  ),
  extension(BASIC_CONSTRAINTS, CRITICAL, der.sequence()),
]);

function ipBytes(name: string): Buffer {
  if (isIPv4(name)) return Buffer.from(name.split('.').map(Number));
  const [head = '', tail] = name.split('::');
  const groups = (text: string): string[] => (text === '' ? [] : text.split(':'));
  const left = groups(head);
  const right = tail === undefined ? [] : groups(tail);
  const middle = Array.from({ length: tail === undefined ? 0 : 8 - left.length - right.length }, () => '0');
  const bytes = Buffer.alloc(16);
  [...left, ...middle, ...right].forEach((group, position) =>
    bytes.writeUInt16BE(Number.parseInt(group, 16), position * 2),
  );
  return bytes;
}

function alternativeName(name: string): Buffer {
  return isIPv4(name) || isIPv6(name)
    ? der.element(0x87, ipBytes(name))
    : der.element(0x82, Buffer.from(name, 'ascii'));
}

/**
 * The to-be-signed part of a leaf (RFC 5280 4.1.2; consul-behaviour 7.1): empty subject, exactly one URI in a critical SAN,
 * optional DNS names and IPs after it.
 */
export function toBeSigned(issuer: IssuerTemplate, fields: LeafFields): Buffer {
  const names = der.sequence(der.element(0x86, Buffer.from(fields.uri, 'ascii')), ...fields.names.map(alternativeName));
  const extensions = der.sequence(
    FIXED_EXTENSIONS,
    extension(SUBJECT_KEY_IDENTIFIER, [], der.octetString(fields.subjectKeyIdentifier)),
    extension(AUTHORITY_KEY_IDENTIFIER, [], der.sequence(der.element(0x80, issuer.keyIdentifier))),
    extension(SUBJECT_ALTERNATIVE_NAME, CRITICAL, names),
  );
  return der.sequence(
    der.element(0xa0, der.positiveInteger(Buffer.from([2]))),
    der.positiveInteger(fields.serialNumber),
    issuer.signatureAlgorithm,
    issuer.subjectName,
    der.sequence(der.time(fields.notBeforeMs), der.time(fields.notAfterMs)),
    der.sequence(),
    fields.publicKeyInfo,
    der.element(0xa3, extensions),
  );
}

/** The whole certificate from its signed part. */
export function assemble(issuer: IssuerTemplate, tbs: Uint8Array, signature: Uint8Array): Buffer {
  return der.sequence(tbs, issuer.signatureAlgorithm, der.bitString(signature));
}
