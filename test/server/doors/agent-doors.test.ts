import { describe, expect, it } from 'vitest';
import type { AgentConfig } from '../../../src/agent/config/index.js';
import { agentDoors, type BehindDoors } from '../../../src/server/doors/agent-doors.js';
import { closeDoors } from '../../../src/server/doors/door.js';

/** The doors of an agent with all ports, and what was closed behind them. */
function doorsOf({
  ports = {},
  connectEnabled = true,
  certificatesOfServers,
}: {
  readonly ports?: Partial<AgentConfig['ports']>;
  readonly connectEnabled?: boolean;
  readonly certificatesOfServers?: BehindDoors['certificatesOfServers'];
} = {}) {
  const closed: string[] = [];
  const behind = (name: string) => ({ close: async () => void closed.push(name) });
  const config = {
    connectEnabled,
    ports: { http: 8500, https: 8501, dns: 8600, grpc: 8502, grpcTls: 8503, ...ports },
  } as unknown as AgentConfig;
  const doors = agentDoors(config, {
    http: behind('http'),
    dns: behind('dns'),
    xds: behind('xds'),
    ...(certificatesOfServers && { certificatesOfServers }),
  } as unknown as BehindDoors);
  return { doors, closed, times: Object.fromEntries(doors.map(({ name, opens }) => [name, opens])) };
}

describe('the doors of an agent', () => {
  it('are those of clients at once, and those of proxies when these can be served', () => {
    expect(doorsOf().times).toEqual({
      http: 'at once',
      https: 'at once',
      dns: 'at once',
      grpc: 'when proxies can be served',
      grpcTls: 'when proxies can be served',
    });
  });

  it('wait for the servers where these give them their certificate', () => {
    const { times } = doorsOf({ certificatesOfServers: new Set(['https', 'grpcTls']) });
    expect(times).toMatchObject({
      http: 'at once',
      https: 'with a certificate of the servers',
      grpc: 'when proxies can be served',
      grpcTls: 'with a certificate of the servers',
    });
  });

  it('are wanted where they have a port, those of proxies only with service mesh', () => {
    const wanted = (options: Parameters<typeof doorsOf>[0]) =>
      doorsOf(options).doors.flatMap(({ name, isWanted }) => (isWanted ? [name] : []));
    expect(wanted({ ports: { https: -1, grpcTls: -1, dns: 0 } })).toEqual(['http', 'dns', 'grpc']);
    expect(wanted({ connectEnabled: false })).toEqual(['http', 'https', 'dns']);
  });

  it('close what is behind them once, whether or not they were opened', async () => {
    const { doors, closed } = doorsOf();
    await closeDoors(doors);
    expect(closed).toEqual(['xds', 'dns', 'http']);
  });
});
