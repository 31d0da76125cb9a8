import type { Revisions } from './common.js';

/** A root of our CA as everyone may see it; never holds a private key. Key: `id`. */
export interface CaRootRecord extends Revisions {
  readonly id: string;
  readonly name: string;
  /** Certificate serial number as lower-case hex. */
  readonly serialNumber: string;
  /** Key id of the certificate's public key: hex pairs joined by colons. */
  readonly signingKeyId: string;
  readonly notBefore: string;
  readonly notAfter: string;
  readonly rootCertPem: string;
  readonly intermediatePems: readonly string[];
  readonly active: boolean;
  readonly privateKeyType: string;
  readonly privateKeyBits: number;
  /** When another root took its place, RFC 3339; it is trusted until its last leaf has run out. */
  readonly rotatedOutAt?: string;
}

/** The CA's one configuration record. Key: `config`. */
export interface CaConfigRecord extends Revisions {
  /** UUID; the trust domain is `<clusterId>.consul`. */
  readonly clusterId: string;
  readonly provider: 'consul';
  readonly leafTtlMs: number;
  readonly rootTtlMs: number;
  readonly intermediateTtlMs?: number;
  /** `Config` as it was given, in Consul's spelling. */
  readonly given?: Readonly<Record<string, unknown>>;
  /** The settings of the agent's configuration that were taken in last: unchanged ones undo nothing that was set later. */
  readonly started?: string;
}

/** A CA private key (PKCS#8 PEM). Only `ca/` reads this table; no edge may. Key: root id. */
export interface CaKeyRecord extends Revisions {
  readonly rootId: string;
  readonly privateKeyPem: string;
}

/**
 * The private key (PEM) of an inline-certificate entry. Only who makes the secrets of gateways reads this table; no edge may. Key: the
 * entry's name.
 */
export interface CertificateKeyRecord extends Revisions {
  readonly name: string;
  readonly privateKeyPem: string;
}

/**
 * Since when the conditions of an entry are as they are. What they are is derived from the entries; when they became so is not.
 * Key: tuple(kind, name).
 */
export interface ConditionTimesRecord extends Revisions {
  readonly kind: string;
  readonly name: string;
  /** By condition (`conditionKey`): its status, and the time (RFC 3339) of the write that brought it. */
  readonly since: Readonly<Record<string, { readonly status: string; readonly at: string }>>;
}

/**
 * Access was taken away from `source` (or `*`) to `destination`: its modifyIndex is the chain epoch of outbound chains
 * towards the destination (DESIGN, "Taking access away"). Key: tuple(destination, source).
 */
export interface RevocationRecord extends Revisions {
  readonly destination: string;
  readonly source: string;
  /** A number that makes each revocation a change of the record. */
  readonly sequence: number;
}

/** A resource that an Envoy refused. Key: tuple(node, proxy id, resource type, resource name). */
export interface RefusalRecord extends Revisions {
  readonly node: string;
  readonly proxyId: string;
  readonly resourceType: string;
  readonly resourceName: string;
  readonly version: string;
  readonly error: string;
  /** Revision of the state the resource was made from. */
  readonly revision: number;
  /** The entries it came from, `kind/name`. */
  readonly entries: readonly string[];
  readonly at: string;
  /** The last accepted version and bytes (base64, never of a secret), for an Envoy that restarts meanwhile. */
  readonly accepted?: { readonly version: string; readonly bytes: string };
}

/** One number per family of writes; compared and put so that concurrent graph-checked writes conflict. Key: family. */
export interface GuardRecord extends Revisions {
  readonly family: string;
  readonly sequence: number;
}

/** Single facts about the store. Key: name of the fact (`index-base`, `data-format`, `mark-floor`). */
export interface SystemRecord extends Revisions {
  readonly name: string;
  readonly value: string | number;
}

/** A range that a record left (deleted, or moved to another range); written by the committer. Key: `range`. */
export interface MarkRecord extends Revisions {
  /** `tupleKey(table, index, ...range)`: a prefix of it stands for the wider range. */
  readonly range: string;
  readonly sequence: number;
}
