import { connect as connectPlain, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { HostPort } from '../../core/index.js';
import type { CheckDefinition } from '../../model/definitions/index.js';
import type { CheckResult, Probe } from './check-runner.js';
import { type CheckTls, connectProblem, parseTarget, serverNameOf } from './target.js';

/** Passing when a connection (with TLS: a handshake) to `host:port` succeeds (consul-behaviour 2.5). */
export function createTcpProbe(definition: CheckDefinition, tls: CheckTls = {}): Probe {
  const target = definition.tcp;
  const place = parseTarget(target);
  const critical = (reason: string): CheckResult => ({ status: 'critical', output: `dial tcp ${target}: ${reason}` });
  return (signal) =>
    new Promise((resolve) => {
      if (place === undefined) {
        resolve(critical('the address must be host:port'));
        return;
      }
      const finish = (result: CheckResult): void => {
        signal.removeEventListener('abort', onAbort);
        socket.destroy();
        resolve(result);
      };
      const onAbort = (): void => finish(critical('i/o timeout'));
      const socket = open(definition, place, tls, () =>
        finish({ status: 'passing', output: `TCP connect ${target}: Success` }),
      );
      socket.on('error', (error) => finish(critical(`connect: ${connectProblem(error)}`)));
      signal.addEventListener('abort', onAbort, { once: true });
    });
}

function open(definition: CheckDefinition, place: HostPort, tls: CheckTls, onConnect: () => void): Socket {
  if (!definition.tcpUseTls) return connectPlain(place, onConnect);
  const options = {
    ...tls,
    ...place,
    ...serverNameOf(definition, place.host),
    rejectUnauthorized: !definition.tlsSkipVerify,
  };
  return connectTls(options, onConnect);
}
