import { CONSUL_VERSION } from '../core/index.js';

/** The version of Consul whose API this is; clients compare it. What follows the plus says who answers. */
export const API_VERSION = `${CONSUL_VERSION}+meshwright`;

/** What a node says of itself besides what its operator has it say. */
export const OWN_META: Readonly<Record<string, string>> = {
  'consul-network-segment': '',
  'consul-version': API_VERSION,
};

/** Versions of Envoy we are tested with, newest first. */
export const SUPPORTED_ENVOYS: readonly string[] = ['1.40.0', '1.39.0', '1.38.3', '1.37.0', '1.36.2'];
