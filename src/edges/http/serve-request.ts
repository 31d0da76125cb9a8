import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { pipeline, type Readable } from 'node:stream';
import type { AppError } from '../../core/index.js';
import { DEFAULT_BODY_LIMIT_BYTES, readBody } from './body.js';
import { type RawRequest, dispatch } from './dispatch.js';
import type { HttpDeps } from './http-deps.js';
import type { RequestLimiter } from './request-limit/request-limiter.js';
import { commonHeaders, type WireAnswer, toWire } from './respond.js';
import type { RouteTable } from './route-table.js';
import { endSlowReader } from './slow-readers.js';

const PRETTY = /[?&]pretty(?:[=&]|$)/;
const ACCEPTS_GZIP = /(?:^|,)\s*gzip\s*(?:;\s*q=(?!0(?:\.0*)?\s*(?:,|$))[\d.]+\s*)?(?:,|$)/;

/** What requests are answered with. */
export interface Serving {
  readonly table: RouteTable;
  readonly deps: HttpDeps;
  readonly limiter: RequestLimiter;
  /** Aborted, with the error that the waiting are told, when the server closes. */
  readonly closing: AbortSignal;
  /** How long a client may leave the rest of an answer unread. */
  readonly readingTimeoutMs: number;
}

/** What answers a request of node:http. It never throws. */
export function createRequestListener(serving: Serving): RequestListener {
  const parked = new ParkedCallers(serving.closing);
  return (request, response) => {
    answer(serving, parked, request, response).catch((thrown: unknown) => {
      serving.deps.logger.error({ err: thrown }, 'an answer could not be written');
      response.destroy();
    });
  };
}

async function answer(
  { table, deps, limiter, readingTimeoutMs }: Serving,
  parked: ParkedCallers,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const started = deps.clock.now();
  const config = deps.config();
  const raw = rawRequest(parked, request, response);
  const { answer: given, route } = await dispatch(table, deps, config, raw, limiter);
  if (given.stream !== undefined) {
    deps.metrics.observeRequest?.(raw.method, route, given.status ?? 200, deps.clock.now() - started);
    writeStream(response, given.stream, given.status ?? 200, commonHeaders(given, config));
    return;
  }
  const encoding = request.headers['accept-encoding'];
  const made = toWire(given, config, {
    pretty: PRETTY.test(raw.target),
    acceptsGzip: encoding !== undefined && ACCEPTS_GZIP.test(String(encoding)),
  });
  const wire = made instanceof Promise ? await made : made;
  deps.metrics.observeRequest?.(raw.method, route, wire.status, deps.clock.now() - started);
  write(request, response, wire);
  endSlowReader(response, readingTimeoutMs);
}

/** An answer that goes on until it ends or the client goes away. */
function writeStream(response: ServerResponse, stream: Readable, status: number, headers: WireAnswer['headers']): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8', ...headers });
  // The client sees at once that it is being served.
  response.flushHeaders();
  pipeline(stream, response, () => undefined);
}

function write(request: IncomingMessage, response: ServerResponse, { status, headers, body }: WireAnswer): void {
  const all: Record<string, string | number> = { ...headers, 'Content-Length': body.length };
  // What is left of a refused body is not read: the connection cannot be used again.
  if (status >= 400 && !request.complete) all['Connection'] = 'close';
  try {
    response.writeHead(status, all);
  } catch {
    response.writeHead(
      status,
      Object.fromEntries(Object.entries(all).map(([name, value]) => [name, printable(value)])),
    );
  }
  response.end(body);
}

/** A value that node takes: text beyond Latin-1 as the bytes of its UTF-8, control characters as spaces, as Go writes them. */
function printable(value: string | number): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  return Buffer.from(String(value))
    .toString('latin1')
    .replaceAll(/[\u0000-\u0008\u000a-\u001f\u007f]/g, ' ');
}

function rawRequest(parked: ParkedCallers, request: IncomingMessage, response: ServerResponse): RawRequest {
  let signal: AbortSignal | undefined;
  return {
    method: request.method ?? 'GET',
    target: request.url ?? '/',
    header: (name) => {
      const value = request.headers[name];
      return Array.isArray(value) ? value.join(',') : (value ?? '');
    },
    remoteAddress: request.socket.remoteAddress ?? '',
    // Most requests never wait for anything: a signal costs more than many an answer.
    get signal() {
      signal ??= parked.signalOf(response);
      return signal;
    },
    body: (limitBytes = DEFAULT_BODY_LIMIT_BYTES, refusal = `Request body too large, max size: ${limitBytes} bytes`) =>
      readBody(request, Number(request.headers['content-length'] ?? 0), limitBytes, refusal),
    stream: () => request,
  };
}

/** The callers that may be told to stop waiting: each when it goes away, all when the server closes. */
class ParkedCallers {
  readonly #waiting = new Set<AbortController>();
  readonly #closing: AbortSignal;

  constructor(closing: AbortSignal) {
    this.#closing = closing;
    closing.addEventListener('abort', () => this.#abortAll(), { once: true });
  }

  signalOf(response: ServerResponse): AbortSignal {
    const controller = new AbortController();
    if (this.#closing.aborted) controller.abort(this.#closing.reason as AppError);
    else if (response.closed || response.destroyed) controller.abort();
    else {
      this.#waiting.add(controller);
      response.once('close', () => {
        this.#waiting.delete(controller);
        if (!response.writableFinished) controller.abort();
      });
    }
    return controller.signal;
  }

  #abortAll(): void {
    for (const controller of this.#waiting) controller.abort(this.#closing.reason as AppError);
    this.#waiting.clear();
  }
}
