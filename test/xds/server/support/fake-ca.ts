import type { CertificateAuthority, IssuedLeaf, LeafRequest } from '../../../../src/ca/index.js';
import type { FakeClock } from './fake-clock.js';

/** A CA whose leaves are text, with versions that state issuer, identity, expiry and serial. */
export class FakeCa implements CertificateAuthority {
  ready: Promise<void> = Promise.resolve();
  readonly trustDomain = 'test.consul';
  issuer = 'root-1';
  ttlMs = 3_600_000;
  issued = 0;
  readonly #clock: FakeClock;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  issueLeaf(request: LeafRequest): IssuedLeaf {
    this.issued++;
    const notAfterMs = this.#clock.now() + this.ttlMs;
    return {
      certPem: `certificate ${this.issued} of ${request.spiffeId}`,
      privateKeyPem: `private key ${this.issued} of ${request.spiffeId}`,
      serialNumber: String(this.issued),
      spiffeId: request.spiffeId,
      issuerKeyId: this.issuer,
      notBeforeMs: this.#clock.now(),
      notAfterMs,
      version: `${this.issuer}|${request.spiffeId}|${notAfterMs}|${this.issued}`,
    };
  }

  renewalOfClaim(version: string, request: LeafRequest): number | undefined {
    const [issuer, spiffeId, notAfter] = version.split('|');
    const renewAtMs = Number(notAfter) - this.ttlMs / 3;
    const good = issuer === this.issuer && spiffeId === request.spiffeId && renewAtMs > this.#clock.now();
    return good ? renewAtMs : undefined;
  }

  renewalOf(leaf: IssuedLeaf): number {
    return leaf.notAfterMs - this.ttlMs / 3;
  }

  issueServer(): IssuedLeaf {
    return this.issueLeaf({ spiffeId: 'server', dnsNames: [] });
  }
}
