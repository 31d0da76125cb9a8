import type { AgentConfig } from '../agent/config/index.js';
import { createLocalAgent, type NodeFacts } from '../agent/index.js';
import type { StringMap } from '../model/index.js';
import type { Logger } from '../telemetry/index.js';
import { hostNodeId, nodeIdentity } from './node-identity.js';
import { checkTlsOf } from './tls-files.js';
import { OWN_META } from './versions.js';

export type OwnLocalAgent = ReturnType<typeof createLocalAgent>;
type LocalAgentOptions = Parameters<typeof createLocalAgent>[0];

/** The id of this node: the configured one, the kept one, that of the host, or a new one. Throws AppError for one that is none. */
export function ownNodeId({ nodeId, dataDir, hostNodeId: ofHost }: AgentConfig): string {
  return nodeIdentity(nodeId, dataDir, ofHost ? hostNodeId : undefined);
}

/** What an agent says about its node; `nodeMeta` gives what the last reload gave. */
export function ownNodeFacts(config: AgentConfig, id: string, nodeMeta: () => StringMap): NodeFacts {
  return {
    node: config.nodeName,
    id,
    address: config.advertiseAddress,
    datacenter: config.datacenter,
    taggedAddresses: config.taggedAddresses,
    get meta() {
      return { ...OWN_META, ...nodeMeta() };
    },
    ...(config.locality ? { locality: config.locality } : {}),
  };
}

/** The services and checks of this node, as the configuration has them; a server and a client agent differ in `parts` only. */
export function ownLocalAgent(
  config: AgentConfig,
  parts: Pick<LocalAgentOptions, 'catalog' | 'clock' | 'facts' | 'logger' | 'copyPatienceMs' | 'fileToken'>,
): OwnLocalAgent {
  return createLocalAgent({
    ...parts,
    random: Math.random,
    sidecarPorts: { from: config.ports.sidecarMin, to: config.ports.sidecarMax },
    exposePorts: { from: config.ports.exposeMin, to: config.ports.exposeMax },
    checkOutputMaxSize: config.checkOutputMaxSize,
    discardCheckOutput: config.discardCheckOutput,
    ...(config.agentTlsForChecks ? { checkTls: checkTlsOf(config.tls.internalRpc) } : {}),
    commandChecks: config.scriptChecks.remote ? 'everywhere' : config.scriptChecks.local ? 'files' : 'nowhere',
    checkUpdateIntervalMs: config.checkUpdateIntervalMs,
    ...(config.dataDir === '' ? {} : { dataDir: config.dataDir }),
  });
}

/** One line about options that a reload has changed and that take effect later; none, no line. */
export function warnOfRestart(logger: Logger, options: readonly string[]): void {
  if (options.length > 0)
    logger.warn({ options: options.join(', ') }, 'options have changed that take effect at the next start only');
}
