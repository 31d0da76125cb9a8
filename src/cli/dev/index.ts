/**
 * Dev: a control plane, a demo mesh of tiny services and real Envoys on this machine, until Ctrl-C.
 * In: ports, an Envoy version. Out: a view of who answers whom and what the control plane did, or events as JSON lines.
 * Every part is a process of its own; a warden removes them and the temp folder even when this process is killed.
 * Must never: leave a process, a port or a folder behind, or use what a user's second terminal could not.
 */
export { runDev, type DevOptions } from './run-dev.js';
