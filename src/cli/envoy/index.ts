/**
 * Envoy for the command line: finding or fetching a binary, the bootstrap of a proxy, running it.
 * In: flags, environment, what the agent says of a proxy. Out: an Envoy process, or its bootstrap as JSON.
 * `bootstrap*.ts` are pure. Must never: name a package registry, or leave a bootstrap (it holds the token) on disk.
 */
export { buildBootstrap } from './bootstrap.js';
export type { BootstrapInput, PrometheusOptions, XdsAddress, XdsTls } from './bootstrap-input.js';
export { hostAndPort, type ProxyConfig } from './proxy-config.js';
export { type FetchProgress, locateEnvoy, type LocatedEnvoy } from './locate-envoy.js';
export { envoyArguments, runEnvoy, userDrainTimeS } from './run-envoy.js';
