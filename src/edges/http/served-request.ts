import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import { originForm } from './clean-path.js';
import { DEFAULT_BODY_LIMIT_BYTES } from './body.js';
import type { HttpExchange } from './exchange.js';
import type { AgentDeps, HttpConfig } from './http-deps.js';
import type { ParkedCallers } from './parked-callers.js';
import { Query } from './query.js';
import type { ApiRequest, Route } from './route.js';

const NO_QUERY = new Query('');

/** A request as handlers see it. Most of them look at little of it: nothing is made before it is asked for. */
export class ServedRequest<Deps extends AgentDeps> implements ApiRequest<Deps> {
  readonly deps: Deps;
  readonly config: HttpConfig;
  readonly method: string;
  readonly target: string;
  path = '';
  rest = '';
  query = NO_QUERY;
  readonly #exchange: HttpExchange;
  readonly #parked: ParkedCallers;
  #route: Route<Deps> | undefined;
  #signal: AbortSignal | undefined;

  constructor(deps: Deps, parked: ParkedCallers, exchange: HttpExchange) {
    this.deps = deps;
    this.config = deps.config();
    this.method = exchange.method;
    this.target = originForm(exchange.target);
    this.#exchange = exchange;
    this.#parked = parked;
  }

  /** Notes what the request asks for. */
  found(route: Route<Deps>, path: string, rest: string, query: Query): void {
    this.#route = route;
    this.path = path;
    this.rest = rest;
    this.query = query;
  }

  get routeIfFound(): Route<Deps> | undefined {
    return this.#route;
  }

  get route(): Route<Deps> {
    if (this.#route === undefined) throw new Error('the request has no route');
    return this.#route;
  }

  get remoteAddress(): string {
    return this.#exchange.remoteAddress;
  }

  // Most requests never wait for anything: a signal costs more than many an answer.
  get signal(): AbortSignal {
    this.#signal ??= this.#parked.signalOf(this.#exchange);
    return this.#signal;
  }

  header(name: string): string {
    return this.#exchange.header(name);
  }

  headers(): IncomingHttpHeaders {
    return this.#exchange.headers();
  }

  body(
    limitBytes = DEFAULT_BODY_LIMIT_BYTES,
    refusal = `Request body too large, max size: ${limitBytes} bytes`,
  ): Promise<Buffer> {
    return this.#exchange.body(limitBytes, refusal);
  }

  stream(): Readable {
    return this.#exchange.stream();
  }
}
