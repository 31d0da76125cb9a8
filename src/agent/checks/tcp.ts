import { connect as connectPlain, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { CheckDefinition } from '../../model/definitions/index.js';
import type { CheckResult, Probe } from './check-runner.js';

/** Passing when a connection (with TLS: a handshake) to `host:port` succeeds (consul-behaviour 2.5). */
export function createTcpProbe(definition: CheckDefinition): Probe {
  const target = definition.tcp;
  const colon = target.lastIndexOf(':');
  const host = target.slice(0, colon).replace(/^\[|\]$/g, '') || '127.0.0.1';
  const port = Number(target.slice(colon + 1));
  const open = (onConnect: () => void): Socket =>
    definition.tcpUseTls
      ? connectTls(
          { host, port, servername: definition.tlsServerName || host, rejectUnauthorized: !definition.tlsSkipVerify },
          onConnect,
        )
      : connectPlain({ host, port }, onConnect);

  return (signal) =>
    new Promise((resolve) => {
      const finish = (result: CheckResult): void => {
        signal.removeEventListener('abort', onAbort);
        socket.destroy();
        resolve(result);
      };
      const onAbort = (): void => finish({ status: 'critical', output: `dial tcp ${target}: i/o timeout` });
      if (colon < 0 || !Number.isInteger(port) || port < 1 || port > 65535) {
        resolve({ status: 'critical', output: `dial tcp ${target}: the address must be host:port` });
        return;
      }
      const socket = open(() => finish({ status: 'passing', output: `TCP connect ${target}: Success` }));
      socket.on('error', (error: NodeJS.ErrnoException) =>
        finish({ status: 'critical', output: `dial tcp ${target}: connect: ${describe(error)}` }),
      );
      signal.addEventListener('abort', onAbort, { once: true });
    });
}

function describe(error: NodeJS.ErrnoException): string {
  return error.code === 'ECONNREFUSED' ? 'connection refused' : error.message;
}
