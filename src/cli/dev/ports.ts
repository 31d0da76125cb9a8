import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import type { DemoInstance, DevPorts } from './demo-mesh.js';

/** A port that will be opened, and the flag that moves it. */
interface WantedPort {
  readonly port: number;
  readonly purpose: string;
  readonly flag: string;
  /** It is opened over UDP, too. */
  readonly udp?: boolean;
}

/** Every port with its purpose, in the order in which a user would meet them. */
export function wantedPorts(ports: DevPorts, mesh: readonly DemoInstance[]): readonly WantedPort[] {
  return [
    { port: ports.http, purpose: 'the HTTP API', flag: '-http-port' },
    { port: ports.grpc, purpose: 'xDS', flag: '-grpc-port' },
    { port: ports.grpcTls, purpose: 'xDS over TLS', flag: '-grpc-tls-port' },
    { port: ports.dns, purpose: 'DNS', flag: '-dns-port', udp: true },
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

const MOST_SHOWN = 3;

/** One sentence about the ports that cannot be opened; undefined when all can. */
export async function portProblem(wanted: readonly WantedPort[]): Promise<string | undefined> {
  const twice = wanted.find(({ port }, at) => wanted.some((other, before) => before < at && other.port === port));
  if (twice !== undefined)
    return `Port ${twice.port} would be used twice, among others for ${twice.purpose}; choose other ports with ${twice.flag}`;
  const outside = wanted.find(({ port }) => port < 1 || port > 65_535);
  if (outside !== undefined)
    return `${outside.port} is not a port, but ${outside.purpose} would need it; choose another with ${outside.flag}`;
  const free = await Promise.all(
    wanted.map(async ({ port, udp }) => (await isFree(port)) && (udp !== true || (await isFreeOverUdp(port)))),
  );
  const taken = wanted.filter((_one, at) => free[at] === false);
  if (taken.length === 0) return undefined;
  const [first, ...others] = taken.map(({ port, purpose, flag }) => `${port} (${purpose}, moved with ${flag})`);
  const shown = [first, ...others.slice(0, MOST_SHOWN - 1)].join(', ');
  const more = others.length >= MOST_SHOWN ? ` and ${others.length - MOST_SHOWN + 1} more` : '';
  return taken.length === 1
    ? `Port ${shown} is taken by another process; stop it, or choose another port. -port-offset moves all of them`
    : `Ports ${shown}${more} are taken by other processes; stop them, or choose other ports. -port-offset moves all of them`;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}

function isFreeOverUdp(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.once('error', () => {
      socket.close();
      resolve(false);
    });
    socket.bind({ port, address: '127.0.0.1', exclusive: true }, () => socket.close(() => resolve(true)));
  });
}
