import { isDeepStrictEqual } from 'node:util';
import type { AgentConfig } from '../agent/config/index.js';
import { AppError, deferred } from '../core/index.js';
import type { AgentControl } from '../edges/http/index.js';
import type { Logging, LogLevel } from '../telemetry/index.js';
import { type ClientAgentParts, createClientAgentParts } from './client-agent-start/parts.js';
import { openDoors } from './doors/door.js';
import { warnOfRestart } from './own-node.js';
import { restartOnly } from './restart-only.js';
import type { RunningAgent } from './running-agent.js';

/** How long a leaving agent waits for the servers to take its node out. */
const LEAVE_MS = 5_000;

/**
 * Starts an agent without state: it joins servers, and opens its doors whether or not one is there (docs/client-agents.md).
 * Throws AppError('portTaken' | 'corruptState' | 'unavailable' …).
 */
export async function startClientAgent(
  config: AgentConfig,
  logging: Logging,
  control: AgentControl,
): Promise<RunningAgent> {
  const { logger } = logging;
  const gaveUp = deferred<AppError>();
  const parts = createClientAgentParts(config, logging, control, gaveUp.resolve);
  const { ports, link, agent, started, tls, doors, closers } = parts;
  const serveProxies = async (): Promise<void> => {
    await started;
    await agent.configure(config);
    await openDoors(doors, 'when proxies can be served', { ports, logger });
  };
  const showCertificate = async (): Promise<void> => {
    await tls?.certificate.ready;
    await openDoors(doors, 'with a certificate of the servers', { ports, logger });
  };
  try {
    if (config.cluster.startJoin.length > 0) await link.join(config.cluster.startJoin);
    await openDoors(doors, 'at once', { ports, logger });
    showCertificate().catch((thrown: unknown) => gaveUp.resolve(AppError.from(thrown)));
    const serving = serveProxies();
    serving.catch(() => undefined);
    return {
      ports,
      agent,
      serving,
      gaveUp: gaveUp.promise,
      stop: () => closers.closeAll(),
      async leave() {
        await agent.close();
        await link.leave(LEAVE_MS);
      },
      reconfigure: (next) => reconfigure(config, next, parts, logging),
    };
  } catch (thrown) {
    await closers.closeAll();
    throw thrown;
  }
}

/** Takes in what a reload may change. Throws AppError('invalidArgument') for files that are no good; then nothing changes. */
async function reconfigure(
  atStart: AgentConfig,
  next: AgentConfig,
  { settings, certificates, reloadLink, link, memberFacts, tokens, agent }: ClientAgentParts,
  { logger, setLevel }: Logging,
): Promise<void> {
  certificates.reload(next.tls);
  reloadLink(next);
  const metaChanged = !isDeepStrictEqual(next.nodeMeta, settings.current.nodeMeta);
  settings.take(next);
  setLevel(next.log.level as LogLevel);
  tokens.configure(next.aclTokens);
  if (metaChanged) link.update(memberFacts());
  await agent.configure(next);
  warnOfRestart(logger, restartOnly(atStart, next));
}
