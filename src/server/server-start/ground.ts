import type { AgentConfig } from '../../agent/config/index.js';
import type { NodeFacts } from '../../agent/index.js';
import { createDuties, type Duties } from '../../cluster/index.js';
import { type Clock, systemClock } from '../../core/index.js';
import type { HttpConfig } from '../../edges/http/index.js';
import { createMemoryLiveArea, type LiveArea } from '../../state/index.js';
import type { Logger } from '../../telemetry/index.js';
import { AgentSettings } from '../agent-settings.js';
import type { Ports } from '../doors/door.js';
import { httpConfigOf } from '../http-config.js';
import { type OpenState, openState } from '../open-state.js';
import { ownNodeFacts, ownNodeId } from '../own-node.js';

/** What all parts of a server stand on: its configuration, the state, and what it shares with other servers. */
export interface Ground extends OpenState {
  /** Of the start. */
  readonly config: AgentConfig;
  /** What reloads have made of it. */
  readonly settings: AgentSettings;
  /** What the HTTP edge is told of it. */
  readonly httpConfig: () => HttpConfig;
  readonly nodeId: string;
  readonly facts: NodeFacts;
  readonly ports: Ports;
  readonly live: LiveArea;
  readonly duties: Duties;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Of what goes wrong with the state. */
  readonly warn: (message: string) => void;
}

/** Opens the state, with the cluster and the etcd member before it where there are such. Throws AppError; then nothing is left open. */
export async function openGround(config: AgentConfig, logger: Logger): Promise<Ground> {
  const clock = systemClock;
  const settings = new AgentSettings(config);
  const nodeId = ownNodeId(config);
  const opened = await openState(config, {
    nodeId,
    clock,
    logger,
    onProblem: (error) => logger.error({ room: 'state' }, error.message),
  });
  const { store, backend, cluster } = opened;
  const warn = (message: string): void => logger.warn({ room: 'state' }, message);
  const live = backend.live ?? createMemoryLiveArea();
  const ports: Ports = { ...config.ports, ...cluster?.ports };
  return {
    ...opened,
    config,
    settings,
    httpConfig: () => httpConfigOf(settings.current, nodeId, ports),
    nodeId,
    facts: ownNodeFacts(config, nodeId, () => settings.current.nodeMeta),
    ports,
    live,
    duties: createDuties({ live, store, server: config.nodeName, clock, warn }),
    clock,
    logger,
    warn,
  };
}
