/**
 * Agent: configuration, local services, their checks, and their copy into the catalog.
 * In: definitions from files and the API, a clock. Out: catalog transactions. Must never: touch what other nodes registered.
 */
export type * from './local-agent.js';
