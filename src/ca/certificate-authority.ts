/** A leaf certificate with its key. Never stored, never logged; lives in memory of the server that issued it. */
export interface IssuedLeaf {
  /** The leaf, and after it what leads to a root that was replaced lately. */
  readonly certPem: string;
  readonly privateKeyPem: string;
  /** Lower-case hex. */
  readonly serialNumber: string;
  readonly spiffeId: string;
  readonly issuerKeyId: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** `<issuer key id>.<hash of SPIFFE id and SANs>.<notAfter>.<serial>`: a statement, not a content hash. */
  readonly version: string;
}

export interface LeafRequest {
  readonly spiffeId: string;
  readonly dnsNames: readonly string[];
}

/** What the rest of the program may ask of the CA. */
export interface CertificateAuthority {
  /** Resolves when a root exists in the state (made once, stored with it). */
  readonly ready: Promise<void>;
  readonly trustDomain: string;
  issueLeaf(request: LeafRequest): IssuedLeaf;
  /**
   * Whether a leaf that a reconnecting Envoy claims to hold (by its version) is still good: issuer and identity right and
   * renewal not due. Returns the time of its renewal in ms since the epoch, or undefined when a new one must be issued.
   */
  renewalOfClaim(version: string, request: LeafRequest): number | undefined;
  /** When an issued leaf should be replaced (before expiry, with jitter), ms since the epoch. */
  renewalOf(leaf: IssuedLeaf): number;
  /** A server certificate of the same root for our own TLS listeners (names and IPs as SANs). */
  issueServer(names: readonly string[]): IssuedLeaf;
}
