import { text } from '../answers.js';
import type { HttpMethod, Route } from '../route.js';

/** Access control comes with a later version; until then these say so, in the words that clients look for. */
export const aclRoutes: readonly Route[] = [
  ...(['GET', 'PUT', 'POST', 'DELETE'] as const).map((method) => disabled(method, '/v1/acl/')),
  disabled('POST', '/v1/internal/acl/authorize'),
  disabled('PUT', '/v1/agent/token/'),
];

function disabled(method: HttpMethod, path: string): Route {
  return {
    method,
    path,
    acl: 'none',
    blocking: false,
    handle: () => text(401, 'ACL support disabled'),
  };
}
