/**
 * A cluster of three machines (a server and an etcd member each) and some with client agents, in network namespaces, under load,
 * while the world is unkind to it. In: a seed, a time, names of faults. Out: lines of what happened, and an error for the first promise
 * that was not kept. Must never: run outside of namespaces of its own (`npm run soak` and the scenario make them).
 */
export { agentFaults } from './agent-faults.js';
export { faults } from './faults.js';
export { type SoakOptions, soak } from './soak.js';
