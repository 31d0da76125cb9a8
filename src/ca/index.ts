/**
 * CA: roots kept in the state, leaves issued from memory by template and node:crypto.
 * In: the store, a clock, a SPIFFE id. Out: certificates. Must never: store a workload key, or show a private key to an edge.
 */
export type * from './certificate-authority.js';
export { DEFAULT_LIFETIMES, KEY_BITS, shortDuration, shownCaConfig } from './ca-settings.js';
export { type CaConfigurationRequest, configureCa } from './configure-ca.js';
export { createCertificateAuthority, type CertificateAuthorityOptions } from './create-certificate-authority.js';
