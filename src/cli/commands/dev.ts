import { parseDurationMs } from '../../core/index.js';
import { defineCommand } from '../command.js';
import { durationFlag, numberFlag, portFlag, switchFlag, textFlag } from '../flags/flag.js';

const HTTP_PORT = 8500;

/** Go durations, and whole seconds for short. */
const duration = (text: string): number | undefined =>
  /^\d+$/.test(text) ? Number(text) * 1000 : parseDurationMs(text);

/** `dev`: a whole mesh on this machine. */
export const dev = defineCommand({
  usage: '[options]',
  about:
    'Runs a control plane in memory, a demo mesh (web calls api v1 and v2, api calls billing), and a real Envoy beside each service, with light traffic, until Ctrl-C. An Envoy is fetched when there is none. Nothing is left behind.',
  examples: [
    { says: 'The demo:', type: 'dev' },
    { says: 'Beside another agent of this kind:', type: 'dev -port-offset 1000' },
    { says: 'For scripts: ten seconds, one JSON object per line:', type: 'dev -duration 10s -json' },
  ],
  flags: {
    adminPorts: portFlag("The first of four ports for the Envoys' admin interfaces.", 19_000),
    dnsPort: portFlag('Port for DNS.', 8600),
    duration: durationFlag('Stop after this time since the start.', duration),
    envoyVersion: textFlag('Version of Envoy to run, fetched when it is not here.', 'version'),
    grpcPort: portFlag('Port for xDS.', 8502),
    grpcTlsPort: portFlag('Port for xDS over TLS.', 8503),
    httpPort: portFlag('Port for the HTTP API.', HTTP_PORT),
    json: switchFlag('Print events as JSON, one per line, instead of a picture.'),
    noTraffic: switchFlag('Send no requests, but for those that show that the mesh is up.'),
    portOffset: numberFlag('Add this to every port.'),
    rate: numberFlag('Requests per second.', 10),
    servicePorts: portFlag(
      'The first of four ports for the services; from 100 above it, those through which they call each other.',
      9090,
    ),
    sidecarPorts: portFlag('The first of four ports for the sidecars.', 21_000),
  },
  maxArgs: 0,
  reachesAgent: false,
  run: async ({ flags, io, isGiven, setting }) => {
    const { runDev } = await import('../dev/index.js');
    const offset = flags.portOffset;
    return runDev(
      {
        ports: {
          http: flags.httpPort + offset,
          grpc: flags.grpcPort + offset,
          grpcTls: flags.grpcTlsPort + offset,
          dns: flags.dnsPort + offset,
          server: 8300 + offset,
          serfLan: 8301 + offset,
          serfWan: 8302 + offset,
          services: flags.servicePorts + offset,
          sidecars: flags.sidecarPorts + offset,
          admin: flags.adminPorts + offset,
        },
        durationMs: isGiven('duration') ? flags.duration : undefined,
        json: flags.json,
        ratePerSecond: flags.noTraffic ? 0 : Math.max(0, flags.rate),
        envoyVersion: flags.envoyVersion === '' ? undefined : flags.envoyVersion,
        programName: process.argv[1]?.endsWith('main.js') === true ? 'npx meshwright' : 'meshwright',
        isFoundByDefault: flags.httpPort + offset === HTTP_PORT && setting('HTTP_ADDR') === undefined,
      },
      io,
    );
  },
});
