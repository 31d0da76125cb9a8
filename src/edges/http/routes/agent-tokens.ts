import { tokenKind } from '../../../agent/index.js';
import { AppError } from '../../../core/index.js';
import { empty, text } from '../answers.js';
import { readObject } from '../json-body.js';
import type { AgentRequest, AgentRoute, ApiAnswer } from '../route.js';

/** Tokens an agent acts with (consul-behaviour.md 1.2). */
export const agentTokenRoutes: readonly AgentRoute[] = [
  {
    method: 'PUT',
    path: '/v1/agent/token/',
    acl: { resource: 'agent', access: 'write', scope: 'agent' },
    blocking: false,
    handle: setToken,
  },
];

async function setToken(request: AgentRequest): Promise<ApiAnswer> {
  if (!request.config.aclEnabled) return text(401, 'ACL support disabled');
  const token = tokenOf(await readObject(request));
  const kind = tokenKind(request.rest);
  if (kind === undefined) throw new AppError('notFound', `Token "${request.rest}" is unknown`);
  request.deps.tokens.set(kind, token);
  // The value is a secret; that it changed is not.
  request.deps.logger.info({ kind }, 'an agent token was set by HTTP');
  return empty();
}

function tokenOf(body: object): string {
  const token = Object.entries(body).find(([name]) => name.toLowerCase() === 'token')?.[1] as unknown;
  if (typeof token === 'string') return token;
  throw new AppError('invalidArgument', 'Request decode failed: the body must be {"Token": "…"}');
}
