import type { LocalService } from '../../../agent/index.js';
import { parseDurationMs } from '../../../core/duration.js';
import { encodeCheck } from '../../../discovery/catalog/index.js';
import { aggregateStatus } from '../../../discovery/health/index.js';
import { compileFilter } from '../../../lang/filter/index.js';
import { decodeServiceDefinition } from '../../../model/definitions/index.js';
import { contentHash } from '../agent-service/content-hash.js';
import { encodeAgentService } from '../agent-service/encode-agent-service.js';
import { encodeHealthCheck } from '../agent-service/encode-health-check.js';
import { badRequest, empty, json, text } from '../answers.js';
import { agentServiceFilterType } from '../filter-types.js';
import { readObject } from '../json-body.js';
import { parseBoolean } from '../read-flag.js';
import { tokenOf } from '../request-token.js';
import type { AclRequirement, AgentRequest, AgentRoute, ApiAnswer } from '../route.js';
import { requestFilter } from '../row-filter.js';

const readAcl: AclRequirement = { resource: 'service', access: 'read', scope: 'items' };
const pathWrite: AclRequirement = { resource: 'service', access: 'write', scope: 'path' };
const PATH = '/v1/agent/service';

/** Services of this agent (consul-behaviour.md 1.2). */
export const agentServiceRoutes: readonly AgentRoute[] = [
  { method: 'GET', path: '/v1/agent/services', acl: readAcl, blocking: false, handle: listServices },
  { method: 'GET', path: '/v1/agent/checks', acl: readAcl, blocking: false, handle: listChecks },
  { method: 'GET', path: `${PATH}/`, acl: readAcl, blocking: false, handle: readService },
  {
    method: 'PUT',
    path: `${PATH}/register`,
    acl: { resource: 'service', access: 'write', scope: 'body' },
    blocking: false,
    handle: register,
  },
  { method: 'PUT', path: `${PATH}/deregister/`, acl: pathWrite, blocking: false, handle: deregister },
  { method: 'PUT', path: `${PATH}/maintenance/`, acl: pathWrite, blocking: false, handle: setMaintenance },
  {
    method: 'PUT',
    path: '/v1/agent/maintenance',
    acl: { resource: 'node', access: 'write', scope: 'agent' },
    blocking: false,
    handle: setNodeMaintenance,
  },
  { method: 'GET', path: '/v1/agent/health/service/name/', acl: readAcl, blocking: false, handle: healthByName },
  { method: 'GET', path: '/v1/agent/health/service/id/', acl: readAcl, blocking: false, handle: healthById },
];

const HEALTH_STATUS: Readonly<Record<string, number>> = { passing: 200, warning: 429, critical: 503, maintenance: 503 };

function listServices(request: AgentRequest): ApiAnswer {
  const filter = requestFilter(request, agentServiceFilterType);
  const services = [...request.deps.agent.services.values()]
    .map((service) => encodeAgentService(request.deps.knowledge.merged(service), request.config.datacenter))
    .filter((row) => filter === undefined || filter(row));
  return json(byKey(services, 'ID'));
}

/** Here, and only here, names that no check has may be filtered by: they are empty. */
function listChecks(request: AgentRequest): ApiAnswer {
  const expression = request.query.get('filter');
  const filter = expression === '' ? undefined : compileFilter(expression);
  const checks = [...request.deps.agent.checks.values()]
    .map((check) => encodeCheck({ ...check, createIndex: 0, modifyIndex: 0 }))
    .filter((row) => filter === undefined || filter(row));
  return json(byKey(checks, 'CheckID'));
}

function byKey(rows: readonly Record<string, unknown>[], key: string): object {
  const sorted = rows.map((row) => [String(row[key]), row] as const).sort(([left], [right]) => (left < right ? -1 : 1));
  return Object.fromEntries(sorted);
}

/** Blocks while `hash` is the service's content hash, as `index` does elsewhere. */
async function readService(request: AgentRequest): Promise<ApiAnswer> {
  if (request.rest === '') badRequest('Missing service ID');
  const known = request.query.get('hash');
  const wait = new AbortController();
  const cancel =
    known === '' ? (): void => undefined : request.deps.clock.after(readWaitMs(request), () => wait.abort());
  const signal = AbortSignal.any([wait.signal, request.signal]);
  try {
    for (;;) {
      const service = request.deps.agent.services.get(request.rest);
      if (service === undefined) return text(404, `unknown service ID: ${request.rest}`);
      const shown = request.deps.knowledge.merged(service);
      const hash = contentHash(shown);
      if (hash !== known || signal.aborted) return serviceAnswer(request, shown, hash);
      await nextChange(request, signal);
    }
  } finally {
    cancel();
    wait.abort();
  }
}

/** The next change of a local service, or of an entry that may be merged into one. */
async function nextChange({ deps }: AgentRequest, signal: AbortSignal): Promise<void> {
  const done = new AbortController();
  const changed = new Promise<void>((resolve) => {
    const end = deps.knowledge.onCentralChange(resolve);
    done.signal.addEventListener('abort', end, { once: true });
  });
  await Promise.race([changed, deps.agent.nextChange(AbortSignal.any([signal, done.signal]))]);
  done.abort();
}

function serviceAnswer(request: AgentRequest, service: LocalService, hash: string): ApiAnswer {
  const encoded = encodeAgentService(service, request.config.datacenter);
  return json({ ...encoded, ContentHash: hash }, { 'X-Consul-ContentHash': hash });
}

function readWaitMs({ query, config }: AgentRequest): number {
  const given = query.get('wait');
  const waitMs = given === '' ? 0 : parseDurationMs(given);
  if (waitMs === undefined)
    return badRequest('Invalid wait time: it must be a duration with a unit, such as 30s or 5m');
  return Math.min(waitMs > 0 ? waitMs : config.defaultQueryTimeMs, config.maxQueryTimeMs);
}

async function register(request: AgentRequest): Promise<ApiAnswer> {
  const body = decodeServiceDefinition(await readObject(request), 'api');
  const definition = { ...body, token: body.token || tokenOf(request, '') };
  const given = request.query.get('replace-existing-checks');
  const replaceExistingChecks =
    request.query.has('replace-existing-checks') && (given === '' || parseBoolean(given) === true);
  await request.deps.agent.registerService(definition, { replaceExistingChecks });
  return empty();
}

async function deregister(request: AgentRequest): Promise<ApiAnswer> {
  await request.deps.agent.deregisterService(request.rest);
  return empty();
}

async function setMaintenance(request: AgentRequest): Promise<ApiAnswer> {
  if (request.rest === '') badRequest('Missing service ID');
  const enable = readEnable(request);
  await request.deps.agent.setServiceMaintenance(request.rest, enable, request.query.get('reason'));
  return empty();
}

async function setNodeMaintenance(request: AgentRequest): Promise<ApiAnswer> {
  await request.deps.agent.setNodeMaintenance(readEnable(request), request.query.get('reason'));
  return empty();
}

function readEnable({ query }: AgentRequest): boolean {
  if (!query.has('enable')) badRequest('Missing value for enable');
  const enable = parseBoolean(query.get('enable'));
  return enable ?? badRequest(`Invalid value for enable: ${JSON.stringify(query.get('enable'))}`);
}

function healthByName(request: AgentRequest): ApiAnswer {
  if (request.rest === '') badRequest('Missing service Name');
  const found = [...request.deps.agent.services.values()]
    .filter(({ service }) => service === request.rest)
    .sort((left, right) => (left.id < right.id ? -1 : 1))
    .map((service) => serviceHealth(request, service));
  if (found.length === 0) return healthAnswer(request, 404, 'critical', [], `ServiceName ${request.rest} Not Found`);
  const worst = aggregateStatus(found.flatMap(({ checks }) => checks));
  return healthAnswer(
    request,
    HEALTH_STATUS[worst] ?? 503,
    worst,
    found.map(({ shown }) => shown),
    worst,
  );
}

function healthById(request: AgentRequest): ApiAnswer {
  if (request.rest === '') badRequest('Missing serviceID');
  const service = request.deps.agent.services.get(request.rest);
  if (service === undefined) {
    const shown = { AggregatedStatus: 'critical', Service: null, Checks: null };
    return healthAnswer(request, 404, 'critical', shown, `ServiceId ${request.rest} not found`);
  }
  const { status, shown } = serviceHealth(request, service);
  return healthAnswer(request, HEALTH_STATUS[status] ?? 503, status, shown, status);
}

/** A service's checks are its own and those of the node. */
function serviceHealth(request: AgentRequest, service: LocalService) {
  const checks = [...request.deps.agent.checks.values()].filter(
    ({ serviceId }) => serviceId === service.id || serviceId === '',
  );
  const status = aggregateStatus(checks);
  const shown = {
    AggregatedStatus: status,
    Service: encodeAgentService(service, request.config.datacenter),
    Checks: checks.map(encodeHealthCheck),
  };
  return { checks, status, shown };
}

/** With `format=text` the body is the status word alone, for load balancers. */
function healthAnswer(request: AgentRequest, status: number, word: string, shown: unknown, reason: string): ApiAnswer {
  const plain = request.query.get('format') === 'text' || request.header('accept').startsWith('text/plain');
  const headers = { 'X-Consul-Reason': reason };
  return plain ? text(status, word, headers) : { status, headers, json: shown };
}
