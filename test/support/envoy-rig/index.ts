/**
 * A mesh for tests: the built control plane as a process on ports of its own, small apps in this process, and real Envoys that
 * our own `connect envoy` starts. In: which services there are and who calls whom. Out: their ports, Envoys' counters, and what
 * the control plane says. `close` leaves no process, port or folder; neither does a test run that is killed.
 * It waits for conditions, never for a time; and it must never reach into the control plane other than over its ports.
 */
export { type App, type AppAnswer, startHttpApp } from './apps.js';
export { type ConsulBootstrapInput, consulBootstrap } from './consul-bootstrap.js';
export type { ControlPlaneOptions } from './control-plane.js';
export { envoyBinary, NEWEST_ENVOY, OLDEST_ENVOY, OUTERMOST_ENVOYS, TESTED_ENVOYS } from './envoy-binary.js';
export { freePort } from '../free-ports.mjs';
export { type HttpAnswer, type HttpCall, httpCall } from './http-call.js';
export { Mesh, type MeshOptions, type ServiceSpec } from './mesh.js';
export type { ProxyReport, ResourceReport } from './proxy-report.js';
export { connectEnvoy, DRAIN_TIME_S, type RunningEnvoy, startForeignEnvoy } from './running-envoy.js';
export { pause, until } from './until.js';
