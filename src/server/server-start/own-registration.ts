import type { AgentConfig } from '../../agent/config/index.js';
import { registerSelf } from '../../agent/index.js';
import { AppError } from '../../core/index.js';
import { nodeKey } from '../../model/index.js';
import { API_VERSION } from '../versions.js';
import type { Ground } from './ground.js';

/** Puts this server and the service that servers are into the catalog. */
export function registerServer(
  { config, store, ports, ...ground }: Pick<Ground, 'config' | 'store' | 'facts' | 'ports'>,
  facts = ground.facts,
): Promise<void> {
  return registerSelf(store, facts, ports.server, serverMeta(config));
}

/** Registers this server at its start, and again whenever the state has been restored. */
export async function keepRegistered(ground: Ground): Promise<void> {
  const { store, facts, logger } = ground;
  // As Consul does at a first start: the bare node, then what the agent knows about it. Clients see two steps of the index.
  const isKnown = store.view.get('nodes', nodeKey(facts.node)) !== undefined;
  await registerServer(ground, isKnown ? facts : { ...facts, taggedAddresses: {}, meta: {} });
  store.onRestored(() => {
    registerServer(ground).catch((thrown: unknown) =>
      logger.error({ room: 'state' }, `this server is not in the restored state: ${AppError.from(thrown).message}`),
    );
  });
}

function serverMeta(config: AgentConfig): Readonly<Record<string, string>> {
  return {
    grpc_port: String(config.ports.grpc),
    grpc_tls_port: String(config.ports.grpcTls),
    non_voter: 'false',
    raft_version: '3',
    read_replica: 'false',
    serf_protocol_current: '2',
    serf_protocol_max: '5',
    serf_protocol_min: '1',
    version: API_VERSION,
  };
}
