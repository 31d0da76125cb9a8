import type { Clock } from '../../core/index.js';
import type { CheckStatus } from '../../model/index.js';
import type { CheckDefinition } from '../../model/definitions/index.js';
import type { StateStore } from '../../state/index.js';
import { createAliasRunner } from './alias.js';
import type { CheckRunner, CheckSink } from './check-runner.js';
import { createGrpcProbe } from './grpc.js';
import { createHttpProbe } from './http.js';
import { createIntervalRunner } from './interval-runner.js';
import { createTcpProbe } from './tcp.js';
import { createTtlRunner, type TtlRunner } from './ttl.js';
import { withThresholds } from './thresholds.js';

const DEFAULT_TIMEOUT_MS = 10_000;

export interface CheckSurroundings {
  readonly store: StateStore;
  readonly clock: Clock;
  readonly node: string;
  /** `check_output_max_size`: bytes of output kept; a check can only lower it. */
  readonly outputMaxSize: number;
  /** How long an interval check waits before its first look. */
  readonly firstDelayMs: number;
  /** What is left of a TTL that was running before a restart; undefined for a new check. */
  readonly ttlLeftMs?: number;
}

/** The kind of a check, as shown in its `Type`. */
export function checkType(definition: CheckDefinition): 'http' | 'grpc' | 'tcp' | 'alias' | 'ttl' {
  if (definition.http !== '') return 'http';
  if (definition.grpc !== '') return 'grpc';
  if (definition.tcp !== '') return 'tcp';
  return definition.aliasService !== '' || definition.aliasNode !== '' ? 'alias' : 'ttl';
}

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
  const limited: CheckSink = ({ status, output }) => sink({ status, output: output.slice(0, limit) });
  const type = checkType(definition);
  const interval = {
    type,
    intervalMs: definition.intervalMs,
    timeoutMs: definition.timeoutMs || DEFAULT_TIMEOUT_MS,
    firstDelayMs: around.firstDelayMs,
  };
  switch (type) {
    case 'http':
    case 'grpc': {
      const probe = type === 'http' ? createHttpProbe(definition, limit) : createGrpcProbe(definition);
      const runner = createIntervalRunner(around.clock, interval, probe, withThresholds(initial, definition, limited));
      return {
        ...runner,
        stop() {
          runner.stop();
          probe.close();
        },
      };
    }
    case 'tcp':
      return createIntervalRunner(
        around.clock,
        interval,
        createTcpProbe(definition),
        withThresholds(initial, definition, limited),
      );
    case 'alias':
      return createAliasRunner(
        around.store,
        definition.aliasNode || around.node,
        definition.aliasService,
        ownId,
        limited,
      );
    case 'ttl':
      return createTtlRunner(around.clock, definition.ttlMs, around.ttlLeftMs ?? definition.ttlMs, limited);
  }
}
