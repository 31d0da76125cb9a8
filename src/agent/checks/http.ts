import { Agent, buildConnector, type Dispatcher, interceptors, request } from 'undici';
import type { CheckDefinition } from '../../model/definitions/index.js';
import type { CheckResult, Probe } from './check-runner.js';
import { type CheckTls, connectProblem, serverNameOf } from './target.js';

const MOST_REDIRECTS = 10;

/** 2xx passing, 429 warning, anything else critical (consul-behaviour 2.5). `outputLimit` is in bytes. */
export function createHttpProbe(
  definition: CheckDefinition,
  outputLimit: number,
  tls: CheckTls = {},
): Probe & { close(): void } {
  const agent = new Agent({ pipelining: 0, connect: connectorOf(definition, tls) });
  const dispatcher: Dispatcher = definition.disableRedirects
    ? agent
    : agent.compose(interceptors.redirect({ maxRedirections: MOST_REDIRECTS }));
  const method = definition.method === '' ? 'GET' : definition.method.toUpperCase();
  const headers: Record<string, string | string[]> = {
    'user-agent': 'Consul Health Check',
    accept: 'text/plain, text/*, */*',
    connection: 'close',
  };
  // undici takes `host`, `connection` and the like only as text, not as a list of one.
  for (const [name, values] of Object.entries(definition.header))
    headers[name.toLowerCase()] = values.length === 1 ? (values[0] ?? '') : [...values];

  const probe: Probe = async (signal) => {
    try {
      const response = await request(definition.http, {
        method: method,
        headers,
        dispatcher,
        signal,
        ...(definition.body === '' ? {} : { body: definition.body }),
      });
      const body = await firstBytes(response.body, outputLimit);
      const reason = response.statusText ? ` ${response.statusText}` : '';
      return {
        status: statusOf(response.statusCode),
        output: `HTTP ${method} ${definition.http}: ${response.statusCode}${reason} Output: ${body}`,
      };
    } catch (thrown) {
      return { status: 'critical', output: `${method} ${definition.http}: ${reasonOf(thrown, signal)}` };
    }
  };
  return Object.assign(probe, { close: () => void agent.destroy() });
}

/** The name that the server must prove is never that of a `Host` header, which undici would take. */
function connectorOf(definition: CheckDefinition, tls: CheckTls): buildConnector.connector {
  const connect = buildConnector({ ...tls, rejectUnauthorized: !definition.tlsSkipVerify });
  return (options, callback) => {
    const { servername: _ofHostHeader, ...rest } = options;
    connect({ ...rest, ...serverNameOf(definition, options.hostname.replace(/^\[|\]$/g, '')) }, callback);
  };
}

function statusOf(code: number): CheckResult['status'] {
  if (code >= 200 && code < 300) return 'passing';
  return code === 429 ? 'warning' : 'critical';
}

async function firstBytes(body: AsyncIterable<Uint8Array>, limit: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= limit) break;
  }
  return Buffer.concat(chunks).subarray(0, limit).toString('utf8');
}

function reasonOf(thrown: unknown, signal: AbortSignal): string {
  return signal.aborted ? 'context deadline exceeded' : connectProblem(thrown);
}
