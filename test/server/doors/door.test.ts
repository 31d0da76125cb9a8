import { describe, expect, it } from 'vitest';
import { AppError } from '../../../src/core/index.js';
import { closeDoors, type Door, openDoors, type Ports } from '../../../src/server/doors/door.js';

const PORTS: Ports = {
  ...{ http: 8500, https: 0, dns: 8600, grpc: 8502, grpcTls: -1, server: -1, serfLan: -1, serfWan: -1 },
  ...{ sidecarMin: 1, sidecarMax: 2, exposeMin: 3, exposeMax: 4 },
};

/** Doors that note what becomes of them. */
function rig() {
  const seen: string[] = [];
  const ports = { ...PORTS };
  const logged: [object, string][] = [];
  const logger = { info: (fields: object, message: string) => void logged.push([fields, message]) };
  const door = (name: Door['name'], parts: Partial<Door> = {}): Door => ({
    name,
    opens: 'at once',
    isWanted: true,
    flag: `-${name}-port`,
    addresses: ['127.0.0.1'],
    said: `${name} is open`,
    listen: async (address, port) => {
      seen.push(`${name} ${address}:${port}`);
      return { port: port === 0 ? 40_000 : port };
    },
    close: async () => void seen.push(`${name} closed`),
    ...parts,
  });
  return { seen, ports, logged, logger, door };
}

describe('the doors of an agent', () => {
  it('open in their order when their time has come, and close in reverse', async () => {
    const { seen, door, ...at } = rig();
    const doors = [door('http'), door('grpc', { opens: 'when proxies can be served' }), door('dns')];
    await openDoors(doors, 'at once', at);
    expect(seen.splice(0)).toEqual(['http 127.0.0.1:8500', 'dns 127.0.0.1:8600']);
    await openDoors(doors, 'when proxies can be served', at);
    expect(seen.splice(0)).toEqual(['grpc 127.0.0.1:8502']);
    await closeDoors(doors);
    expect(seen).toEqual(['dns closed', 'grpc closed', 'http closed']);
  });

  it('that the configuration does not ask for stay closed', async () => {
    const { seen, logged, door, ...at } = rig();
    await openDoors([door('http', { isWanted: false })], 'at once', { ...at, logger: { info: () => undefined } });
    expect([seen, logged]).toEqual([[], []]);
  });

  it('have one port on all addresses, and say where they are', async () => {
    const { seen, ports, logged, logger, door } = rig();
    await openDoors([door('https', { addresses: ['::1', '127.0.0.1'] })], 'at once', { ports, logger });
    expect(seen).toEqual(['https ::1:0', 'https 127.0.0.1:40000']);
    expect(ports.https).toBe(40_000);
    expect(logged).toEqual([[{ address: '::1 127.0.0.1', port: 40_000 }, 'https is open']]);
  });

  it('say which flag changes a port that is taken, and open no further', async () => {
    const { seen, door, ...at } = rig();
    const listen = () => Promise.reject(new AppError('portTaken', '127.0.0.1:8500 is taken.'));
    await expect(openDoors([door('http', { listen }), door('dns')], 'at once', at)).rejects.toThrow(
      '127.0.0.1:8500 is taken; stop the other process, or choose another port with -http-port',
    );
    expect(seen).toEqual([]);
  });
});
