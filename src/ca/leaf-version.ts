import { sha256Hex } from '../core/index.js';
import type { LeafRequest } from './certificate-authority.js';

/** What a leaf's version says (DESIGN, "Leaves"): who issued it, for whom, until when, under which serial. */
export interface LeafClaim {
  readonly issuerKeyId: string;
  readonly identityHash: string;
  readonly notAfterMs: number;
  readonly serialNumber: string;
}

/** Hash of the SPIFFE id and the other names, in order. */
export function identityHash(request: LeafRequest): string {
  return sha256Hex([request.spiffeId, ...request.dnsNames].join('\n'), 16);
}

/** `<issuer key id>.<hash of SPIFFE id and SANs>.<notAfter in ms>.<serial>`. */
export function formatLeafVersion(claim: LeafClaim): string {
  return `${claim.issuerKeyId}.${claim.identityHash}.${claim.notAfterMs}.${claim.serialNumber}`;
}

/** The claim behind a version, or undefined when the text is not one. */
export function parseLeafVersion(version: string): LeafClaim | undefined {
  const parts = /^([0-9a-f]+)\.([0-9a-f]+)\.(\d{1,15})\.([0-9a-f]+)$/.exec(version);
  if (!parts) return undefined;
  const [, issuerKeyId = '', hash = '', notAfter = '', serialNumber = ''] = parts;
  return { issuerKeyId, identityHash: hash, notAfterMs: Number(notAfter), serialNumber };
}

/**
 * When to replace a leaf: between 60 % and 90 % of its life, spread by its serial number, so that every server comes to the
 * same time without having issued it (consul-behaviour 7.3).
 */
export function renewalTimeMs(claim: LeafClaim, ttlMs: number): number {
  const spread = Number.parseInt(sha256Hex(claim.serialNumber, 8), 16) / 0x1_0000_0000;
  return Math.floor(claim.notAfterMs - ttlMs * (0.4 - 0.3 * spread));
}
