import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { AppError } from '../../core/index.js';
import type { MetricsProxyConfig } from './http-deps.js';
import type { ApiAnswer, ApiRequest } from './route.js';

const TIMEOUT_MS = 30_000;
const LARGEST_ANSWER_BYTES = 16 * 1024 * 1024;
/** Parameters that are for us and none of the backend's business. */
const OWN_PARAMETERS = new Set(['token', 'dc', 'datacenter', 'ns', 'partition']);

/**
 * Asks the metrics backend of the user interface in the caller's place (consul-behaviour.md 1.14, `ui_config.metrics_proxy`). Only
 * paths of the allow list are asked for. Tokens and cookies of the caller go nowhere; redirects are not followed.
 */
export async function forwardToMetrics(request: ApiRequest, config: MetricsProxyConfig): Promise<ApiAnswer> {
  const path = `/${request.rest}`;
  if (path.split('/').some((part) => part === '..' || part === '.') || path.includes('\\'))
    throw new AppError('invalidArgument', 'the path of a metrics request must not have . or .. in it');
  if (config.pathAllowlist.length > 0 && !config.pathAllowlist.includes(path))
    throw new AppError(
      'permissionDenied',
      `Access to path ${path} is not allowed: see ui_config.metrics_proxy.path_allowlist`,
    );
  const target = new URL(config.baseUrl);
  target.pathname = target.pathname.replace(/\/+$/, '') + path;
  for (const name of request.query.names())
    if (!OWN_PARAMETERS.has(name)) for (const value of request.query.all(name)) target.searchParams.append(name, value);
  const answer = await ask(target, config, request.signal);
  const body = await readAnswer(answer);
  return {
    status: answer.statusCode ?? 502,
    bytes: body,
    headers: { 'Content-Type': answer.headers['content-type'] ?? 'application/octet-stream' },
  };
}

const unreachable = (cause: unknown): AppError =>
  new AppError('unavailable', 'the metrics backend does not answer: see ui_config.metrics_proxy.base_url', { cause });

function ask(target: URL, { addHeaders }: MetricsProxyConfig, caller: AbortSignal): Promise<IncomingMessage> {
  const send = target.protocol === 'https:' ? requestHttps : requestHttp;
  const headers = {
    Accept: 'application/json',
    ...Object.fromEntries(addHeaders.map(({ name, value }) => [name, value])),
  };
  return new Promise((resolve, reject) => {
    const call = send(target, { headers, signal: caller, agent: false }, resolve);
    // Not `AbortSignal.any` over `timeout`: in Node 20 that signal is collected before it fires.
    const timer = setTimeout(() => call.destroy(new Error('no answer in time')), TIMEOUT_MS);
    call.once('close', () => clearTimeout(timer));
    call.on('error', (error) => reject(unreachable(error)));
    call.end();
  });
}

async function readAnswer(answer: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > LARGEST_ANSWER_BYTES)
        throw new AppError('unavailable', 'the answer of the metrics backend is larger than 16 MiB: ask for less');
      chunks.push(chunk);
    }
  } catch (thrown) {
    throw thrown instanceof AppError ? thrown : unreachable(thrown);
  }
  return Buffer.concat(chunks);
}
