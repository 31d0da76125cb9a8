/**
 * What the cluster key is good for: authorities, certificates of agents, join tokens. For the cluster, and for the CLI.
 * In: the `encrypt` option. Out: PEM texts, tokens, identities. Must never: do I/O, or put a secret into an error.
 */
export {
  type ClusterAuthority,
  clusterKeyProblem,
  type ClusterSecrets,
  deriveClusterSecrets,
} from './cluster-key.js';
export {
  type ClusterKey,
  type ClusterKeys,
  formatKeyRing,
  hasKey,
  isNewer,
  type KeyRing,
  parseKeyRing,
  ringMark,
  ringOfKey,
  withKey,
  withoutKey,
  withPrimary,
} from './key-ring.js';
export { type AgentIdentity, type AgentRole, agentUri, identityOf, identityOfFile } from './identity.js';
export {
  type AgentCredentials,
  CERTIFICATE_TTL_MS,
  checkProofOfKey,
  createAgentKey,
  issueCertificate,
  issueCredentials,
  proofOfKey,
} from './issue.js';
export { formatJoinToken, type JoinToken, joinTokenOf, parseJoinToken } from './join-token.js';
