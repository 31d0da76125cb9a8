import { createServer, type RequestListener } from 'node:http';
import Fastify, { type FastifyInstance } from 'fastify';
import type { HttpServer } from './http-deps.js';
import { openHttpDoor } from './http-door.js';

const HEADERS_TIMEOUT_MS = 10_000;

/**
 * The HTTP door of a server whose cluster is not there yet: it says that there is no leader and no peer (status/leader, status/peers),
 * and refuses all else with 500, as a server of Consul without a leader does (consul-behaviour 1). `waitsFor` says what is missing.
 */
export function createWaitingServer(waitsFor: () => string): HttpServer {
  const apps: FastifyInstance[] = [];
  const listener: RequestListener = (request, response) => {
    request.resume();
    const path = (request.url ?? '').split('?')[0] ?? '';
    const known = request.method === 'GET' ? KNOWN[path] : undefined;
    if (known === undefined) {
      response.writeHead(500, { 'Content-Type': 'text/plain; charset=utf-8', 'X-Consul-KnownLeader': 'false' });
      response.end(`No cluster leader: ${waitsFor()}`);
    } else {
      response.writeHead(200, { 'Content-Type': 'application/json' });
      response.end(known);
    }
  };
  return {
    async listen(place) {
      const app = Fastify({
        forceCloseConnections: true,
        serverFactory: () => createServer({ headersTimeout: HEADERS_TIMEOUT_MS }, listener),
      });
      apps.push(app);
      return openHttpDoor(app, place);
    },
    async close() {
      await Promise.all(apps.splice(0).map((app) => app.close()));
    },
  };
}

const KNOWN: Readonly<Record<string, string>> = { '/v1/status/leader': '""', '/v1/status/peers': '[]' };
