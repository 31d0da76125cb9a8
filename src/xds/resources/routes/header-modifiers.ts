import type { HeaderModifiers } from '../../../model/config-entries/shared-fields.js';

const sorted = (headers: Readonly<Record<string, string>>): readonly (readonly [string, string])[] =>
  Object.entries(headers).sort(([left], [right]) => (left < right ? -1 : 1));

function added(modifiers: HeaderModifiers) {
  return [
    ...sorted(modifiers.set).map(([key, value]) => ({
      header: { key, value },
      append_action: 'OVERWRITE_IF_EXISTS_OR_ADD' as const,
    })),
    ...sorted(modifiers.add).map(([key, value]) => ({
      header: { key, value },
      append_action: 'APPEND_IF_EXISTS_OR_ADD' as const,
    })),
  ];
}

/** Header changes of a route or a leg of a split, in the fields both have (consul-behaviour 4.3). */
export function headerModifiers(request: HeaderModifiers | undefined, response: HeaderModifiers | undefined) {
  return {
    ...(request ? { request_headers_to_add: added(request), request_headers_to_remove: [...request.remove] } : {}),
    ...(response ? { response_headers_to_add: added(response), response_headers_to_remove: [...response.remove] } : {}),
  };
}

/** The same, beside the other fields of what they change. */
export function withHeaderModifiers<Fields extends object>(
  changed: Fields,
  request: HeaderModifiers | undefined,
  response: HeaderModifiers | undefined,
): Fields & ReturnType<typeof headerModifiers> {
  return request || response ? { ...changed, ...headerModifiers(request, response) } : changed;
}
