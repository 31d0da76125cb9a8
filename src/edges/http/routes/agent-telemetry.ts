import type { Readable } from 'node:stream';
import { AppError } from '../../../core/index.js';
import { INTERVAL_MS, logLevelOf } from '../../../telemetry/index.js';
import { badRequest, json, text } from '../answers.js';
import { toJson } from '../json-writer.js';
import { createLogStream } from '../log-stream.js';
import type { AclRequirement, AgentRequest, AgentRoute, ApiAnswer } from '../route.js';
import { createTimedStream } from '../timed-stream.js';

const readsAgent: AclRequirement = { resource: 'agent', access: 'read', scope: 'agent' };
/** Streams hold a connection each; more than a few at once are a mistake. */
const MOST_STREAMS = 32;
let openStreams = 0;

/** Metrics and the log of the agent (consul-behaviour.md 1.2). */
export const agentTelemetryRoutes: readonly AgentRoute[] = [
  { method: 'GET', path: '/v1/agent/metrics', acl: readsAgent, blocking: false, handle: readMetrics },
  { method: 'GET', path: '/v1/agent/metrics/stream', acl: readsAgent, blocking: false, handle: streamMetrics },
  { method: 'GET', path: '/v1/agent/monitor', acl: readsAgent, blocking: false, handle: monitor },
];

async function readMetrics(request: AgentRequest): Promise<ApiAnswer> {
  const { metrics } = request.deps;
  const accepted = request.header('accept');
  const asked = request.query.get('format');
  if (asked !== '' && asked !== 'prometheus' && asked !== 'json')
    badRequest(`Unknown format "${asked}": it must be prometheus or json`);
  const prometheus = asked === 'prometheus' || /openmetrics-text|text\/plain;\s*version=0\.0\.4/.test(accepted);
  if (!prometheus) return json(metrics.json());
  const exposition = await metrics.prometheus();
  return exposition === undefined
    ? text(415, 'Prometheus is not enabled since its retention time is not positive')
    : { text: exposition, headers: { 'Content-Type': 'text/plain; version=0.0.4; charset=utf-8' } };
}

/** One JSON object for each interval that ends. */
function streamMetrics({ deps, signal }: AgentRequest): ApiAnswer {
  const { clock, metrics } = deps;
  const stream = createTimedStream({
    clock,
    signal,
    delayMs: () => INTERVAL_MS - (clock.now() % INTERVAL_MS) + 1,
    turn(made) {
      // A reader that does not take one object before the next is ready misses it.
      if (made.readableLength === 0) made.push(`${toJson(metrics.json())}\n`);
    },
  });
  return { stream: counted(stream), headers: { 'Content-Type': 'application/json' } };
}

function monitor(request: AgentRequest): ApiAnswer {
  const { deps, query, signal } = request;
  const asked = query.get('loglevel');
  const level = logLevelOf(asked === '' ? 'info' : asked);
  if (level === undefined) badRequest(`Unknown log level: ${asked}`);
  const wantsJson = query.has('logjson') && query.get('logjson') !== 'false';
  return {
    stream: counted(createLogStream({ watchLog: deps.watchLog, level, json: wantsJson, clock: deps.clock, signal })),
    headers: wantsJson ? { 'Content-Type': 'application/json' } : {},
  };
}

function counted(stream: Readable): Readable {
  if (openStreams >= MOST_STREAMS) {
    stream.destroy();
    throw new AppError('busy', `${MOST_STREAMS} logs or metrics are being followed already; end one of them`);
  }
  openStreams += 1;
  stream.once('close', () => {
    openStreams -= 1;
  });
  return stream;
}
