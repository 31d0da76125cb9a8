/** One instance of a demo service with its sidecar. */
export interface DemoInstance {
  readonly service: string;
  /** ID of the registration, and how the instance calls itself. */
  readonly instance: string;
  /** `Meta.version` of the registration; empty for none. */
  readonly version: string;
  readonly port: number;
  readonly sidecarPort: number;
  readonly adminPort: number;
  /** Services it calls, each over its own sidecar. */
  readonly upstreams: readonly { readonly service: string; readonly port: number }[];
}

/** Every port that `dev` opens. */
export interface DevPorts {
  readonly http: number;
  readonly grpc: number;
  readonly grpcTls: number;
  readonly dns: number;
  readonly server: number;
  readonly serfLan: number;
  readonly serfWan: number;
  /** The first of those of services and of their upstreams. */
  readonly services: number;
  readonly sidecars: number;
  readonly admin: number;
}

const UPSTREAM_DISTANCE = 100;

/** `web` calls `api`, of which there are two versions, and `api` calls `billing`. */
export function demoMesh(ports: DevPorts): readonly DemoInstance[] {
  const plan = [
    { service: 'web', instance: 'web', version: '', calls: 'api' },
    { service: 'api', instance: 'api-v1', version: 'v1', calls: 'billing' },
    { service: 'api', instance: 'api-v2', version: 'v2', calls: 'billing' },
    { service: 'billing', instance: 'billing', version: '', calls: '' },
  ];
  return plan.map(({ calls, ...one }, at) => ({
    ...one,
    port: ports.services + at,
    sidecarPort: ports.sidecars + at,
    adminPort: ports.admin + at,
    upstreams: calls === '' ? [] : [{ service: calls, port: ports.services + UPSTREAM_DISTANCE + at }],
  }));
}

/** The sidecar's ID, as the agent names it. */
export const sidecarId = ({ instance }: DemoInstance): string => `${instance}-sidecar-proxy`;

/** The body with which an instance is registered with the agent, its sidecar in it. */
export function registration(one: DemoInstance): object {
  return {
    ID: one.instance,
    Name: one.service,
    Port: one.port,
    Address: '127.0.0.1',
    Meta: one.version === '' ? {} : { version: one.version },
    Tags: one.version === '' ? [] : [one.version],
    Check: {
      Name: `${one.instance} answers`,
      HTTP: `http://127.0.0.1:${one.port}/health`,
      Interval: '1s',
      Timeout: '1s',
    },
    Connect: {
      SidecarService: {
        Port: one.sidecarPort,
        Proxy: {
          Upstreams: one.upstreams.map(({ service, port }) => ({ DestinationName: service, LocalBindPort: port })),
        },
      },
    },
  };
}

/** The config entries the demo needs: requests are HTTP, so that they can be routed, split and judged one by one. */
export const demoConfigEntries: readonly object[] = ['web', 'api', 'billing'].map((name) => ({
  Kind: 'service-defaults',
  Name: name,
  Protocol: 'http',
}));
