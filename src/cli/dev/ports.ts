import { createServer } from 'node:net';
import type { DemoInstance, DevPorts } from './demo-mesh.js';

/** A port that will be opened, and the flag that moves it. */
interface WantedPort {
  readonly port: number;
  readonly purpose: string;
  readonly flag: string;
}

/** Every port with its purpose, in the order in which a user would meet them. */
export function wantedPorts(ports: DevPorts, mesh: readonly DemoInstance[]): readonly WantedPort[] {
  return [
    { port: ports.http, purpose: 'the HTTP API', flag: '-http-port' },
    { port: ports.grpc, purpose: 'xDS', flag: '-grpc-port' },
    { port: ports.grpcTls, purpose: 'xDS over TLS', flag: '-grpc-tls-port' },
    ...mesh.flatMap((one) => [
      { port: one.port, purpose: `the service ${one.instance}`, flag: '-service-ports' },
      ...one.upstreams.map(({ service, port }) => ({
        port,
        purpose: `calls from ${one.instance} to ${service}`,
        flag: '-service-ports',
      })),
      { port: one.sidecarPort, purpose: `the sidecar of ${one.instance}`, flag: '-sidecar-ports' },
      { port: one.adminPort, purpose: `the admin interface of ${one.instance}'s Envoy`, flag: '-admin-ports' },
    ]),
  ];
}

/** One sentence about the ports that cannot be opened; undefined when all can. */
export async function portProblem(wanted: readonly WantedPort[]): Promise<string | undefined> {
  const twice = wanted.find(({ port }, at) => wanted.some((other, before) => before < at && other.port === port));
  if (twice !== undefined)
    return `Port ${twice.port} would be used twice, among others for ${twice.purpose}; choose other ports with ${twice.flag}`;
  const outside = wanted.find(({ port }) => port < 1 || port > 65_535);
  if (outside !== undefined)
    return `${outside.port} is not a port, but ${outside.purpose} would need it; choose another with ${outside.flag}`;
  const free = await Promise.all(wanted.map(({ port }) => isFree(port)));
  const taken = wanted.filter((_one, at) => free[at] === false);
  if (taken.length === 0) return undefined;
  const list = taken.map(({ port, purpose, flag }) => `${port} (${purpose}; ${flag})`).join(', ');
  return taken.length === 1
    ? `Port ${list.replace('; ', ', moved with ')} is taken by another process. Stop it, or move ours: -port-offset 1000 moves all`
    : `Ports ${list} are taken by other processes. Stop them, or move ours with the flags in brackets; -port-offset 1000 moves all`;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}
