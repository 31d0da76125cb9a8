import { describe, expect, test } from 'vitest';
import { allRoutes } from '../../../src/edges/http/index.js';
import { RouteTable, allowedMethods } from '../../../src/edges/http/route-table.js';
import type { Route } from '../../../src/edges/http/route.js';

const RESOURCES = [
  'agent',
  'node',
  'service',
  'key',
  'operator',
  'mesh',
  'intention',
  'config',
  'acl',
  'query',
  'keyring',
  'session',
  'event',
];
const SCOPES = ['any', 'path', 'query', 'body', 'agent', 'items'];
/** Routes that anybody may ask (consul-behaviour.md 1): a new one must be put here on purpose. */
const FREE = new Set([
  'GET /v1/agent/version',
  'GET /v1/agent/connect/ca/roots',
  'GET /v1/catalog/datacenters',
  'GET /v1/connect/ca/roots',
  'GET /v1/coordinate/datacenters',
  'GET /v1/status/leader',
  'GET /v1/status/peers',
]);
/** They answer 401 to everybody until access control exists. */
const isDisabled = ({ path }: Route): boolean => path.startsWith('/v1/acl/') || path === '/v1/internal/acl/authorize';

describe('the route table', () => {
  test.each(allRoutes.map((route) => [`${route.method} ${route.path}`, route] as const))(
    '%s declares what a token must allow',
    (name, { acl, ...route }) => {
      if (acl === 'none') expect(FREE.has(name) || isDisabled({ acl, ...route })).toBe(true);
      else {
        expect(RESOURCES).toContain(acl.resource);
        expect(['read', 'write', 'list']).toContain(acl.access);
        expect(SCOPES).toContain(acl.scope);
      }
    },
  );

  test('asks for more than reading wherever something is changed', () => {
    const lax = allRoutes.filter(
      ({ method, acl, path }) =>
        method !== 'GET' && acl !== 'none' && acl.access === 'read' && path !== '/v1/discovery-chain/',
    );
    expect(lax.map(({ method, path }) => `${method} ${path}`)).toEqual([]);
  });

  test('lets only reads wait', () => {
    const odd = allRoutes.filter(
      ({ blocking, method, path }) => blocking && method !== 'GET' && path !== '/v1/discovery-chain/',
    );
    expect(odd).toEqual([]);
  });

  test('keeps our own paths under a name of their own', () => {
    for (const { path } of allRoutes) expect(path).toMatch(/^(?:\/v1\/[a-z-]+(?:\/|$)|\/debug\/pprof\/)/);
  });

  test('refuses a route that is given twice', () => {
    const route = allRoutes[0] as Route;
    expect(() => new RouteTable([route, route])).toThrow(/given twice/);
  });

  test('prefers an exact path to a prefix, and the longest prefix to a shorter one', () => {
    const table = new RouteTable(allRoutes);
    expect([...(table.find('/v1/agent/service/register')?.methods.keys() ?? [])]).toEqual(['PUT']);
    expect(table.find('/v1/agent/service/deregister/a/b')?.rest).toBe('a/b');
    expect(table.find('/v1/agent/service/web')?.rest).toBe('web');
    expect(table.find('/v1/nothing')).toBeUndefined();
  });

  test('lists the methods of a path in one order', () => {
    const match = new RouteTable(allRoutes).find('/v1/kv/a');
    expect(match && allowedMethods(match)).toBe('OPTIONS,GET,PUT,DELETE');
  });
});
