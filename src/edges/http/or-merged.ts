import type { Cell } from '../../model/index.js';
import type { ApiRequest } from './route.js';

/** The cell that answers a request: with `?merge-central-config` the one whose proxies carry central configuration. */
export function orMerged<Value>(request: ApiRequest, plain: Cell<Value>, merged: Cell<Value>): Cell<Value> {
  return request.query.has('merge-central-config') ? merged : plain;
}
