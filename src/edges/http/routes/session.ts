import { randomUUID } from 'node:crypto';
import { AppError } from '../../../core/index.js';
import {
  createSession,
  destroySession,
  encodeSession,
  nodeSessionsCell,
  sessionBodyField,
  sessionCell,
  sessionsCell,
  toSession,
} from '../../../discovery/sessions/index.js';
import { type SessionRecord, nodeKey } from '../../../model/index.js';
import { badRequest, json } from '../answers.js';
import { readOptionalBodyAs } from '../json-body.js';
import { isEmpty, readCell } from '../read.js';
import type { AclRequirement, ApiAnswer, ApiRequest, Route } from '../route.js';

const acl = (access: 'read' | 'write', scope: 'items' | 'body' | 'path'): AclRequirement => ({
  resource: 'session',
  access,
  scope,
});

/** consul-behaviour.md 1.5. */
export const sessionRoutes: readonly Route[] = [
  { method: 'PUT', path: '/v1/session/create', acl: acl('write', 'body'), blocking: false, handle: create },
  { method: 'PUT', path: '/v1/session/destroy/', acl: acl('write', 'items'), blocking: false, handle: destroy },
  { method: 'PUT', path: '/v1/session/renew/', acl: acl('write', 'items'), blocking: false, handle: renew },
  { method: 'GET', path: '/v1/session/info/', acl: acl('read', 'items'), blocking: true, handle: info },
  { method: 'GET', path: '/v1/session/node/', acl: acl('read', 'items'), blocking: true, handle: ofNode },
  { method: 'GET', path: '/v1/session/list', acl: acl('read', 'items'), blocking: true, handle: list },
];

async function create(request: ApiRequest): Promise<ApiAnswer> {
  const { deps, config } = request;
  const body = await readOptionalBodyAs(request, sessionBodyField);
  const session = toSession(body, randomUUID(), config.nodeName);
  await createSession(deps.store, session, { minTtlMs: config.sessionTtlMinMs });
  return json({ ID: session.id });
}

async function destroy(request: ApiRequest): Promise<ApiAnswer> {
  await destroySession(request.deps.store, idOf(request));
  return json(true);
}

async function renew(request: ApiRequest): Promise<ApiAnswer> {
  const id = idOf(request);
  const { store, sessions } = request.deps;
  await store.barrier();
  const session = store.view.get('sessions', id);
  if (session === undefined) throw new AppError('notFound', `Session id '${id}' not found`);
  await sessions.renew(session);
  return json([encodeSession(session)]);
}

async function info(request: ApiRequest): Promise<ApiAnswer> {
  const read = await readCell(request, sessionCell, idOf(request), { usesStoreIndex: isEmpty });
  return shown(read);
}

async function ofNode(request: ApiRequest): Promise<ApiAnswer> {
  if (request.rest === '') badRequest('Missing node name');
  return shown(await readCell(request, nodeSessionsCell, nodeKey(request.rest), { usesStoreIndex: isEmpty }));
}

async function list(request: ApiRequest): Promise<ApiAnswer> {
  return shown(await readCell(request, sessionsCell, '', { usesStoreIndex: isEmpty }));
}

function shown(read: {
  readonly value: readonly SessionRecord[];
  readonly headers: Record<string, string>;
}): ApiAnswer {
  return json(read.value.map(encodeSession), read.headers);
}

function idOf({ rest }: ApiRequest): string {
  return rest === '' ? badRequest('Missing session') : rest;
}
