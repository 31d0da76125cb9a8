import type { CheckDefinition } from './check-definition.js';
import type { Draft } from '../records/common.js';
import type { ServiceRecord } from '../records/catalog.js';

/** A service as a user defines it (consul-behaviour 2.2): the record without its node, plus checks and the nested sidecar. */
export interface ServiceDefinition extends Omit<Draft<ServiceRecord>, 'node'> {
  readonly checks: readonly CheckDefinition[];
  readonly token: string;
  /** The nested `connect.sidecar_service`, defaults not yet filled in. */
  readonly sidecar?: ServiceDefinition;
}
