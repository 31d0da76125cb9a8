/**
 * TLS: certificates for the agents' own doors, made on the command line (consul-behaviour.md 3.3).
 * In: names, lifetimes, a CA. Out: PEM texts. Must never: talk to an agent, or overwrite a file.
 */
export { type AgentCertificateRequest, makeAgentCertificate } from './agent-certificate.js';
export { type AgentCaRequest, makeAgentCa } from './agent-ca.js';
export { daysProblem } from './keys.js';
export { type NewFile, writeNewFiles } from './new-files.js';
