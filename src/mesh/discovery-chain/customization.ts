import { structureHash } from '../../core/index.js';
import type { ChainOverrides } from './compiled-chain.js';

const NANOSECONDS_PER_MS = 1e6;

/**
 * Hash of the overrides that changed something: 8 hex characters, empty when none did (consul-behaviour 5.2, 13). It is part of
 * cluster names, and clients compare it, so that it has to be computed exactly as Consul's.
 */
export function customizationHash(effective: ChainOverrides): string {
  const { protocol = '', meshGatewayMode = '', connectTimeoutMs = 0 } = effective;
  if (protocol === '' && meshGatewayMode === '' && connectTimeoutMs === 0) return '';
  const hash = structureHash.struct('', {
    OverrideMeshGateway: structureHash.struct('MeshGatewayConfig', { Mode: structureHash.text(meshGatewayMode) }),
    OverrideProtocol: structureHash.text(protocol),
    OverrideConnectTimeout: structureHash.integer(Math.round(connectTimeoutMs * NANOSECONDS_PER_MS)),
  });
  return hash.toString(16).slice(0, 8);
}
