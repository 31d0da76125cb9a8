import { connect } from 'node:net';
import { defineCommand } from '../command.js';
import { refuse } from '../failure.js';
import { textFlag } from '../flags/flag.js';

/** Every port that servers may have open (consul-behaviour.md 3.1). */
const PORTS = [8600, 8500, 8501, 8502, 8503, 8301, 8302, 8300];
const TIMEOUT_MS = 5000;
const MOST_PORTS = 1000;

/** `troubleshoot ports`. */
export const troubleshootPorts = defineCommand({
  usage: '-host HOST [options]',
  about: 'Says which ports of a host take TCP connections from here. The exit code is 1 when none does.',
  examples: [
    { says: 'The ports of a server:', type: 'troubleshoot ports -host 10.0.0.1' },
    { says: 'Others:', type: 'troubleshoot ports -host 10.0.0.1 -ports 8500,8502' },
  ],
  flags: {
    host: textFlag('Host to connect to.', 'host'),
    ports: textFlag('Ports, separated by commas. The default are those of servers.', 'ports'),
  },
  maxArgs: 0,
  reachesAgent: false,
  run: async ({ flags, io }) => {
    if (flags.host === '') return refuse(io, 'The -host flag is required: the host whose ports are tried');
    const given = flags.ports === '' ? PORTS : flags.ports.split(',').map((port) => Number(port.trim() || 'x'));
    if (given.length > MOST_PORTS || given.some((port) => !Number.isInteger(port) || port < 1 || port > 65_535))
      return refuse(io, `The -ports flag takes up to ${MOST_PORTS} port numbers, separated by commas`);
    const results = await Promise.all(given.map(async (port) => [port, await isOpen(flags.host, port)] as const));
    for (const [port, open] of results)
      io.out(
        `TCP: Port ${port} on ${flags.host} is ${open ? 'open' : 'closed, unreachable or the connection timed out'}.\n`,
      );
    return results.some(([, open]) => open) ? 0 : 1;
  },
});

function isOpen(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: TIMEOUT_MS });
    const end = (open: boolean): void => {
      socket.destroy();
      resolve(open);
    };
    socket
      .once('connect', () => end(true))
      .once('error', () => end(false))
      .once('timeout', () => end(false));
  });
}
