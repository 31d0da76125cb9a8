import { text } from '../answers.js';
import type { HttpMethod, Route } from '../route.js';

const PATHS: Readonly<Record<string, readonly HttpMethod[]>> = {
  '/v1/acl/bootstrap': ['PUT'],
  '/v1/acl/replication': ['GET'],
  '/v1/acl/policies': ['GET'],
  '/v1/acl/policy': ['PUT'],
  '/v1/acl/policy/': ['GET', 'PUT', 'DELETE'],
  '/v1/acl/roles': ['GET'],
  '/v1/acl/role': ['PUT'],
  '/v1/acl/role/': ['GET', 'PUT', 'DELETE'],
  '/v1/acl/binding-rules': ['GET'],
  '/v1/acl/binding-rule': ['PUT'],
  '/v1/acl/binding-rule/': ['GET', 'PUT', 'DELETE'],
  '/v1/acl/auth-methods': ['GET'],
  '/v1/acl/auth-method': ['PUT'],
  '/v1/acl/auth-method/': ['GET', 'PUT', 'DELETE'],
  '/v1/acl/login': ['POST'],
  '/v1/acl/logout': ['POST'],
  '/v1/acl/tokens': ['GET'],
  '/v1/acl/token': ['PUT'],
  '/v1/acl/token/': ['GET', 'PUT', 'DELETE'],
  '/v1/internal/acl/authorize': ['POST'],
};

/** Access control comes with a later version; until then these say so, in the words that clients look for. */
export const aclRoutes: readonly Route[] = Object.entries(PATHS).flatMap(([path, methods]) =>
  methods.map((method) => ({
    method,
    path,
    acl: 'none',
    blocking: false,
    handle: () => text(401, 'ACL support disabled'),
  })),
);
