import type { DirectResponse } from '../../../model/config-entries/index.js';
import { headerModifiers } from './header-modifiers.js';

/** The part of a route that answers by itself. Headers replace those that Envoy would set. */
export function directResponse({ status, body, headers }: DirectResponse) {
  const set = Object.keys(headers).length > 0 ? { add: {}, set: headers, remove: [] } : undefined;
  return {
    direct_response: { status, ...(body === '' ? {} : { body: { inline_string: body } }) },
    ...headerModifiers(undefined, set),
  };
}
