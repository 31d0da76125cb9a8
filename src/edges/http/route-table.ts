import type { AgentDeps, HttpDeps } from './http-deps.js';
import type { HttpMethod, Route } from './route.js';

/** What a path means: its routes by method, and the part below the pattern. */
export interface RouteMatch<Deps extends AgentDeps = HttpDeps> {
  readonly methods: ReadonlyMap<string, Route<Deps>>;
  /** What follows a pattern that ends in `/`; empty otherwise. */
  readonly rest: string;
}

/** The methods in the order in which `Allow` lists them. */
const METHOD_ORDER: readonly HttpMethod[] = ['GET', 'PUT', 'POST', 'DELETE'];

/** Finds routes by path: exact patterns first, then the longest pattern ending in `/` that is a prefix. */
export class RouteTable<Deps extends AgentDeps = HttpDeps> {
  readonly #patterns = new Map<string, Map<string, Route<Deps>>>();

  /** Throws when a route is given twice. */
  constructor(routes: readonly Route<Deps>[]) {
    for (const route of routes) {
      const methods = this.#patterns.get(route.path) ?? new Map<string, Route<Deps>>();
      if (methods.has(route.method)) throw new Error(`the route ${route.method} ${route.path} is given twice`);
      methods.set(route.method, route);
      this.#patterns.set(route.path, methods);
    }
  }

  /** The routes for a decoded path, or undefined when no pattern fits. */
  find(path: string): RouteMatch<Deps> | undefined {
    const exact = this.#patterns.get(path);
    if (exact !== undefined) return { methods: exact, rest: '' };
    for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
      const methods = this.#patterns.get(path.slice(0, end + 1));
      if (methods !== undefined) return { methods, rest: path.slice(end + 1) };
    }
    return undefined;
  }

  /** Whether the path plus `/` is a pattern while the path alone is not: such requests are redirected. */
  lacksSlash(path: string): boolean {
    return !this.#patterns.has(path) && this.#patterns.has(`${path}/`);
  }
}

/** The value of an `Allow` header. */
export function allowedMethods<Deps extends AgentDeps>({ methods, rest }: RouteMatch<Deps>): string {
  const own = [...methods.values()].find((route) => route.allowed)?.allowed;
  return own?.(rest) ?? ['OPTIONS', ...METHOD_ORDER.filter((method) => methods.has(method))].join(',');
}
