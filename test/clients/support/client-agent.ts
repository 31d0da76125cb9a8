import { ControlPlane, type ControlPlaneOptions } from '../../support/envoy-rig/control-plane.js';
import { freePort } from '../../support/envoy-rig/index.js';
import { Rig } from '../../support/envoy-rig/rig.js';

/** The built agent as a process of its own, for clients that are not ours. */
export interface ClientAgent {
  readonly rig: Rig;
  readonly plane: ControlPlane;
  /** Host and port, as CONSUL_HTTP_ADDR has it. */
  readonly address: string;
  readonly http: number;
  readonly dns: number;
  /** `PUT`s and expects success. */
  put(path: string, body?: unknown): Promise<string>;
  stop(): Promise<void>;
}

/** Starts `agent -dev`, or a durable one, with DNS. */
export async function startClientAgent(options: ControlPlaneOptions = {}): Promise<ClientAgent> {
  const rig = new Rig();
  const dns = await freePort();
  try {
    const flags = ['-dns-port', String(dns), ...(options.flags ?? [])];
    const plane = await ControlPlane.start(rig, { ...options, flags });
    const { http } = plane.ports;
    return {
      rig,
      plane,
      address: `127.0.0.1:${http}`,
      http,
      dns,
      async put(path, body) {
        const text = typeof body === 'string' ? body : JSON.stringify(body);
        const answer = await fetch(`http://127.0.0.1:${http}${path}`, {
          method: 'PUT',
          ...(text === undefined ? {} : { body: text }),
        });
        const given = await answer.text();
        if (answer.status !== 200) throw new Error(`PUT ${path}: ${answer.status} ${given}`);
        return given;
      },
      stop: () => rig.close(),
    };
  } catch (thrown) {
    await rig.close();
    throw thrown;
  }
}

/** A registration of a healthy instance on a node of its own. */
export function healthyInstance(service: string, number: number, extra: object = {}): object {
  const id = `${service}-${number}`;
  return {
    Node: `${service}-node-${number}`,
    Address: `10.9.0.${number}`,
    Service: { ID: id, Service: service, Port: 8_000 + number, Tags: ['v1'], Meta: { zone: 'a' }, ...extra },
    Check: { CheckID: `service:${id}`, Name: 'alive', ServiceID: id, Status: 'passing' },
  };
}
