import { isDeepStrictEqual } from 'node:util';
import type { AgentConfig } from '../agent/config/index.js';
import { type AppError, deferred } from '../core/index.js';
import { setDefaultIntentionPolicy } from '../discovery/intentions/index.js';
import type { AgentControl } from '../edges/http/index.js';
import type { StateStore } from '../state/index.js';
import type { Logging, LogLevel } from '../telemetry/index.js';
import { loadEnvoyApi } from '../xds/envoy-api/index.js';
import { openDoors } from './doors/door.js';
import { warnOfRestart } from './own-node.js';
import { restartOnly } from './restart-only.js';
import type { RunningAgent } from './running-agent.js';
import { writeBootstrapEntries } from './server-start/bootstrap-entries.js';
import { type Ground, openGround } from './server-start/ground.js';
import { meetCluster } from './server-start/meet-cluster.js';
import { keepRegistered, registerServer } from './server-start/own-registration.js';
import { createServerParts, type ServerParts } from './server-start/parts.js';

export interface RunningServer extends RunningAgent {
  readonly store: StateStore;
}

/**
 * Builds one control plane from its parts and opens its doors: HTTP first, so that clients are answered at once; the Envoy API
 * and the root certificate come up behind it. Throws AppError('portTaken' | 'corruptState' …).
 */
export async function startServer(
  config: AgentConfig,
  logging: Logging,
  control: AgentControl,
): Promise<RunningServer> {
  const ground = await openGround(config, logging.logger);
  const { cluster, ports, store } = ground;
  const parts = createServerParts(ground, logging, control);
  const { mesh, agent, membership, departure, doors, closers } = parts;
  const gaveUp = deferred<AppError>();
  try {
    if (needsRootForHttps(config)) await mesh.ca.ready;
    await openDoors(doors, 'at once', ground);
    // First: a server that may not be here writes nothing.
    await membership?.keeper.show();
    const serving = serveProxies(ground, parts);
    serving.then(parts.isServing, () => undefined);
    if (cluster && membership)
      await meetCluster(cluster, ground, { ...parts, membership, xds: mesh.xds, onGiveUp: gaveUp.resolve });
    return {
      ports,
      store,
      agent,
      serving,
      gaveUp: gaveUp.promise,
      leave: () => departure.leave(membership),
      stop: () => closers.closeAll(),
      reconfigure: (next) => reconfigure(next, ground, parts, logging),
    };
  } catch (thrown) {
    await closers.closeAll();
    throw thrown;
  }
}

/** HTTPS opens at once, and shows a certificate of the own authority where none is in files. */
const needsRootForHttps = ({ ports, tls }: AgentConfig): boolean => ports.https >= 0 && tls.https.certFile === '';

/** What happens behind the open HTTP door: self-registration, root, local services, then xDS. */
async function serveProxies(ground: Ground, { agent, mesh, doors }: ServerParts): Promise<void> {
  const { config, store } = ground;
  await setDefaultIntentionPolicy(store, config.defaultIntentionPolicy);
  await keepRegistered(ground);
  await agent.start();
  await agent.configure(config);
  if (config.connectEnabled) await mesh.ca.ready;
  await writeBootstrapEntries(store, config);
  if (!config.connectEnabled) return;
  loadEnvoyApi();
  await openDoors(doors, 'when proxies can be served', ground);
}

/** Takes in what a reload may change. Throws AppError('invalidArgument') for files that are no good; then nothing changes. */
async function reconfigure(
  next: AgentConfig,
  ground: Ground,
  { certificates, tokens, membership, agent }: ServerParts,
  { logger, setLevel }: Logging,
): Promise<void> {
  const { config, settings, cluster } = ground;
  certificates.reload(next.tls);
  cluster?.reload(next);
  const metaChanged = !isDeepStrictEqual(next.nodeMeta, settings.current.nodeMeta);
  settings.take(next);
  setLevel(next.log.level as LogLevel);
  tokens.configure(next.aclTokens);
  if (metaChanged) {
    await registerServer(ground);
    await membership?.keeper.show();
  }
  await agent.configure(next);
  warnOfRestart(logger, restartOnly(config, next));
}
