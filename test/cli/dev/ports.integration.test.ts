import { createServer, type AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import { demoMesh } from '../../../src/cli/dev/demo-mesh.js';
import { portProblem, wantedPorts } from '../../../src/cli/dev/ports.js';

const listening = async <Result>(use: (port: number) => Promise<Result>): Promise<Result> => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    return await use((server.address() as AddressInfo).port);
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
};
const one = (port: number, flag: string) => ({ port, purpose: `purpose of ${flag}`, flag });

describe('ports of dev', () => {
  test('a taken one is named with its purpose and its flag', async () => {
    await listening(async (port) => {
      expect(await portProblem([one(port, '-http-port')])).toBe(
        `Port ${port} (purpose of -http-port, moved with -http-port) is taken by another process; stop it, or choose another port. -port-offset moves all of them`,
      );
    });
  });

  test('several are listed, not endlessly', async () => {
    await listening((a) =>
      listening((b) =>
        listening((c) =>
          listening(async (d) => {
            const text = await portProblem([one(a, '-a'), one(b, '-b'), one(c, '-c'), one(d, '-d')]);
            expect(text).toContain(`Ports ${a} (purpose of -a, moved with -a), ${b} `);
            expect(text).toContain('and 1 more are taken');
          }),
        ),
      ),
    );
  });

  test('free ones are no problem', async () => {
    const port = await listening(async (taken) => taken);
    expect(await portProblem([one(port, '-http-port')])).toBeUndefined();
  });

  test('the same port twice, and a port that is none', async () => {
    expect(await portProblem([one(8500, '-http-port'), one(8500, '-admin-ports')])).toContain(
      'Port 8500 would be used twice',
    );
    expect(await portProblem([one(70_000, '-admin-ports')])).toContain('70000 is not a port');
  });

  test('no two parts of the demo want the same port', () => {
    const ports = {
      http: 8500,
      grpc: 8502,
      grpcTls: 8503,
      dns: 8600,
      server: 8300,
      serfLan: 8301,
      serfWan: 8302,
      services: 9090,
      sidecars: 21_000,
      admin: 19_000,
    };
    const wanted = wantedPorts(ports, demoMesh(ports)).map(({ port }) => port);
    expect(new Set(wanted).size).toBe(wanted.length);
  });
});
