import type { AgentRequest } from './route.js';

/** The token of a request (consul-behaviour 1.1): the parameter, the header, `Authorization: Bearer`, else the agent's own. */
export function tokenOf(request: AgentRequest, own: string): string {
  const { query } = request;
  const [scheme, bearer] = request.header('authorization').split(' ');
  return (
    query.get('token') ||
    request.header('x-consul-token') ||
    (scheme?.toLowerCase() === 'bearer' ? (bearer ?? '') : '') ||
    own
  );
}
