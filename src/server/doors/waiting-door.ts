import type { AgentConfig } from '../../agent/config/index.js';
import { createWaitingServer } from '../../edges/http/index.js';
import { httpPlaceOf } from './http-place.js';
import { openOnEach } from './open-port.js';

/**
 * Opens HTTP, on fixed ports without TLS, for the time in which the cluster is not there yet. Returns what closes it again. Throws
 * AppError('portTaken' …).
 */
export async function openWaitingDoor(config: AgentConfig, waitsFor: () => string): Promise<() => Promise<void>> {
  const waiting = createWaitingServer(waitsFor);
  try {
    if (config.ports.http > 0)
      await openOnEach({
        addresses: config.httpAddresses,
        port: config.ports.http,
        flag: '-http-port',
        listen: (address, port) => waiting.listen(httpPlaceOf(config, address, port)),
      });
  } catch (thrown) {
    await waiting.close();
    throw thrown;
  }
  return () => waiting.close();
}
