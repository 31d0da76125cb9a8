import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import type { Clock } from '../../core/index.js';
import type { CheckDefinition } from '../../model/definitions/index.js';
import type { CheckResult, Probe } from './check-runner.js';
import { connectProblem, parseTarget } from './target.js';

/** A refusal (ICMP) comes within a round trip; a server that does not answer is not waited for any longer than this. */
const REFUSAL_MS = 1_000;
const QUESTION = Buffer.from('meshwright health check');

/**
 * Sends a datagram to `host:port`: critical when the machine refuses it, passing when an answer comes or nothing does
 * (consul-behaviour 2.5).
 */
export function createUdpProbe(definition: CheckDefinition, clock: Clock): Probe {
  const target = definition.udp;
  const place = parseTarget(target);
  const critical = (reason: string): CheckResult => ({ status: 'critical', output: `dial udp ${target}: ${reason}` });
  const passing: CheckResult = { status: 'passing', output: `UDP connect ${target}: Success` };
  return async (signal) => {
    if (place === undefined) return critical('the address must be host:port');
    try {
      const { address, family } = await lookup(place.host);
      if (signal.aborted) return critical('i/o timeout');
      return await new Promise<CheckResult>((resolve) => {
        const socket = createSocket(family === 6 ? 'udp6' : 'udp4');
        const finish = (result: CheckResult): void => {
          cancel();
          signal.removeEventListener('abort', onAbort);
          socket.removeAllListeners().on('error', () => undefined);
          socket.close();
          resolve(result);
        };
        // Silence is all that most UDP servers have for what they do not understand.
        const onAbort = (): void => finish(passing);
        const cancel = clock.after(REFUSAL_MS, onAbort);
        signal.addEventListener('abort', onAbort, { once: true });
        socket.once('error', (error) => finish(critical(connectProblem(error))));
        socket.once('message', () => finish(passing));
        socket.connect(place.port, address, () => socket.send(QUESTION));
      });
    } catch (thrown) {
      return critical(connectProblem(thrown));
    }
  };
}
