import { type ClientHttp2Session, connect } from 'node:http2';
import { formatHostPort, type HostPort } from '../../core/index.js';
import type { CheckDefinition } from '../../model/definitions/index.js';
import type { CheckResult, Probe } from './check-runner.js';
import { type CheckTls, connectProblem, parseTarget, serverNameOf } from './target.js';

/** Passing when an HTTP/2 connection to `host:port` answers a PING; over TLS unless `h2ping_use_tls` is false (consul-behaviour 2.5). */
export function createH2PingProbe(definition: CheckDefinition, tls: CheckTls = {}): Probe {
  const target = definition.h2ping;
  const place = parseTarget(target);
  const critical = (reason: string): CheckResult => ({ status: 'critical', output: `HTTP2 ping ${target}: ${reason}` });
  return (signal) =>
    new Promise((resolve) => {
      if (place === undefined) {
        resolve(critical('the address must be host:port'));
        return;
      }
      const session = open(definition, place, tls);
      const finish = (result: CheckResult): void => {
        signal.removeEventListener('abort', onAbort);
        session.removeAllListeners().on('error', () => undefined);
        session.destroy();
        resolve(result);
      };
      const onAbort = (): void => finish(critical('context deadline exceeded'));
      session.once('error', (error) => finish(critical(connectProblem(error))));
      session.once('close', () => finish(critical('the connection was closed')));
      session.once('connect', () => {
        const sent = session.ping((error) => {
          if (error) finish(critical(connectProblem(error)));
          else finish({ status: 'passing', output: `HTTP2 ping ${target}: Success` });
        });
        if (!sent) finish(critical('the ping could not be sent'));
      });
      signal.addEventListener('abort', onAbort, { once: true });
    });
}

function open(definition: CheckDefinition, place: HostPort, tls: CheckTls): ClientHttp2Session {
  const authority = formatHostPort(place);
  if (!definition.h2pingUseTls) return connect(`http://${authority}`);
  return connect(`https://${authority}`, {
    ...tls,
    rejectUnauthorized: !definition.tlsSkipVerify,
    ...serverNameOf(definition, place.host),
  });
}
