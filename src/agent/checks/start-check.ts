import type { Clock } from '../../core/index.js';
import type { CheckStatus } from '../../model/index.js';
import { type CheckDefinition, type CheckKind, checkKind } from '../../model/definitions/index.js';
import { type Aliased, createAliasRunner } from './alias.js';
import { keptOutput } from './check-output.js';
import type { CheckRunner, CheckSink, Probe } from './check-runner.js';
import { createDockerProbe } from './docker.js';
import type { Gate } from './gate.js';
import { createGrpcProbe } from './grpc.js';
import { createH2PingProbe } from './h2ping.js';
import { createHttpProbe } from './http.js';
import { createIntervalRunner } from './interval-runner.js';
import { createOsServiceProbe } from './os-service.js';
import { createScriptProbe } from './script.js';
import type { CheckTls } from './target.js';
import { createTcpProbe } from './tcp.js';
import { withThresholds } from './thresholds.js';
import { createTtlRunner, type TtlRunner } from './ttl.js';
import { createUdpProbe } from './udp.js';

const DEFAULT_TIMEOUT_MS = 10_000;
const DEFAULT_COMMAND_TIMEOUT_MS = 30_000;

export interface CheckSurroundings {
  /** The health that an alias mirrors. */
  readonly watchAliased: (aliased: Aliased, ownId: string, listener: CheckSink) => () => void;
  readonly clock: Clock;
  readonly node: string;
  /** `check_output_max_size`: bytes of output kept; a check can only lower it. */
  readonly outputMaxSize: number;
  /** How long an interval check waits before its first look. */
  readonly firstDelayMs: number;
  /** What was running before a restart; undefined for a new check. */
  readonly before?: { readonly ttlLeftMs: number; readonly output: string };
  readonly tls?: CheckTls | undefined;
  /** Bounds the commands that checks run at a time. */
  readonly commands: Gate;
}

type IntervalKind = Exclude<CheckKind, 'alias' | 'ttl'>;

/** The runner of a definition, not started. */
export function createCheckRunner(
  definition: CheckDefinition,
  ownId: string,
  initial: CheckStatus,
  around: CheckSurroundings,
  sink: CheckSink,
): CheckRunner | TtlRunner {
  const limit =
    definition.outputMaxSize > 0 ? Math.min(definition.outputMaxSize, around.outputMaxSize) : around.outputMaxSize;
  const limited: CheckSink = ({ status, output }) => sink({ status, output: keptOutput(output, limit) });
  const kind = checkKind(definition);
  if (kind === 'ttl') {
    const { ttlLeftMs = definition.ttlMs, output = '' } = around.before ?? {};
    return createTtlRunner(around.clock, { ttlMs: definition.ttlMs, firstTtlMs: ttlLeftMs, output }, limited);
  }
  if (kind === 'alias') {
    const aliased = { node: definition.aliasNode || around.node, serviceId: definition.aliasService };
    return createAliasRunner((listener) => around.watchAliased(aliased, ownId, listener), limited);
  }
  const probe = createProbe(kind, definition, around, limit);
  const runsCommand = kind === 'script' || kind === 'docker' || kind === 'os_service';
  const runner = createIntervalRunner(
    around.clock,
    {
      intervalMs: definition.intervalMs,
      timeoutMs: definition.timeoutMs || (runsCommand ? DEFAULT_COMMAND_TIMEOUT_MS : DEFAULT_TIMEOUT_MS),
      firstDelayMs: around.firstDelayMs,
      ...(runsCommand ? { gate: around.commands } : {}),
    },
    probe,
    withThresholds(initial, definition, limited),
  );
  return {
    ...runner,
    stop() {
      runner.stop();
      probe.close?.();
    },
  };
}

function createProbe(
  kind: IntervalKind,
  definition: CheckDefinition,
  { clock, tls }: CheckSurroundings,
  limit: number,
): Probe & { close?(): void } {
  switch (kind) {
    case 'http':
      return createHttpProbe(definition, limit, tls);
    case 'grpc':
      return createGrpcProbe(definition, tls);
    case 'tcp':
      return createTcpProbe(definition, tls);
    case 'udp':
      return createUdpProbe(definition, clock);
    case 'docker':
      return createDockerProbe(definition, limit);
    case 'script':
      return createScriptProbe(definition, clock, limit);
    case 'h2ping':
      return createH2PingProbe(definition, tls);
    case 'os_service':
      return createOsServiceProbe(definition, clock, limit);
  }
}
