import type { Client } from '@grpc/grpc-js';
import type { Coordinate } from '../../core/index.js';
import type { Measured } from '../../discovery/coordinates/index.js';
import { callUnary } from './channel.js';
import { clusterService } from './cluster-api.js';

const LOCATE_MS = 5_000;

/**
 * Asks a server where it is in the network, and measures how long that takes. Throws AppError as `callUnary`; 'unsupported' when the
 * server has no coordinates.
 */
export async function locate(client: Client, address: string): Promise<Measured> {
  const startedMs = performance.now();
  const coordinate: Coordinate = await callUnary(
    client,
    clusterService().Locate,
    {},
    { address, timeoutMs: LOCATE_MS },
  );
  return { rttMs: performance.now() - startedMs, coordinate };
}
