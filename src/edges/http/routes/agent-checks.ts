import { type Field, object, text } from '../../../model/wire/index.js';
import { decodeCheckDefinition } from '../../../model/definitions/index.js';
import type { CheckStatus } from '../../../model/index.js';
import { badRequest, empty } from '../answers.js';
import { readBodyAs, readObject } from '../json-body.js';
import { tokenOf } from '../request-token.js';
import type { AclRequirement, AgentRequest, AgentRoute, ApiAnswer } from '../route.js';

const pathWrite: AclRequirement = { resource: 'service', access: 'write', scope: 'path' };
const PATH = '/v1/agent/check';

const push = (word: string, status: CheckStatus): AgentRoute => ({
  method: 'PUT',
  path: `${PATH}/${word}/`,
  acl: pathWrite,
  blocking: false,
  handle: (request) => updateTtl(request, status, request.query.get('note')),
});

/** Checks of this agent (consul-behaviour.md 1.2). */
export const agentCheckRoutes: readonly AgentRoute[] = [
  {
    method: 'PUT',
    path: `${PATH}/register`,
    acl: { resource: 'service', access: 'write', scope: 'body' },
    blocking: false,
    handle: register,
  },
  { method: 'PUT', path: `${PATH}/deregister/`, acl: pathWrite, blocking: false, handle: deregister },
  push('pass', 'passing'),
  push('warn', 'warning'),
  push('fail', 'critical'),
  { method: 'PUT', path: `${PATH}/update/`, acl: pathWrite, blocking: false, handle: update },
];

interface UpdateBody {
  readonly status: string;
  readonly output: string;
}

const updateField: Field<UpdateBody> = object<UpdateBody>({ status: text(), output: text() }, { ignored: ['CheckID'] });
const STATUSES: readonly string[] = ['passing', 'warning', 'critical'] satisfies readonly CheckStatus[];

async function register(request: AgentRequest): Promise<ApiAnswer> {
  const definition = decodeCheckDefinition(await readObject(request), 'api');
  await request.deps.agent.registerCheck({ ...definition, token: definition.token || tokenOf(request, '') });
  return empty();
}

async function deregister(request: AgentRequest): Promise<ApiAnswer> {
  await request.deps.agent.deregisterCheck(request.rest);
  return empty();
}

async function update(request: AgentRequest): Promise<ApiAnswer> {
  const { status, output } = await readBodyAs(request, updateField);
  if (!isCheckStatus(status)) return badRequest(`Invalid check status: '${status}'`);
  return updateTtl(request, status, output);
}

async function updateTtl(request: AgentRequest, status: CheckStatus, output: string): Promise<ApiAnswer> {
  await request.deps.agent.updateTtlCheck(request.rest, status, output);
  return empty();
}

function isCheckStatus(word: string): word is CheckStatus {
  return STATUSES.includes(word);
}
