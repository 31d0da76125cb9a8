/**
 * Definitions: services and checks as users write them in files and API bodies.
 * In: decoded JSON or HCL. Out: typed definitions or one clear problem. Must never: know which node they run on.
 */
export type { CheckDefinition } from './check-definition.js';
export { checkKind, type CheckKind, emptyCheck } from './check-schema.js';
export { decodeCheckDefinition, decodeServiceDefinition, type DefinitionPlace } from './decode-definition.js';
export { proxyField } from './proxy-field.js';
export type { ServiceDefinition } from './service-definition.js';
export { upstreamProblems } from './service-rules.js';
export { tagsProblem } from './tags-problem.js';
export { type ServiceBody, serviceBodyField } from './service-schema.js';
