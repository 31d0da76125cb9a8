import type { TelemetryConfig } from '../agent/config/index.js';
import type { Clock } from '../core/index.js';
import { createMetrics, type GaugeSource, type Logger, type Metrics, watchProcess } from '../telemetry/index.js';
import { metricsOptionsOf } from './metrics-options.js';

/** The figures of an agent's process, told to whom the configuration names. */
export interface ProcessMetrics {
  readonly metrics: Metrics;
  close(): void;
}

/** Keeps the figures of the process and of the agent; `gauges` is asked whenever somebody looks. */
export function keepMetrics(
  config: TelemetryConfig,
  { clock, logger, gauges }: { readonly clock: Clock; readonly logger: Logger; readonly gauges: GaugeSource },
): ProcessMetrics {
  const figures = watchProcess(config.enableHostMetrics);
  const metrics = createMetrics(
    () => ({ ...gauges(), ...figures.gauges() }),
    clock.now,
    metricsOptionsOf(config, (message) => logger.warn({ room: 'telemetry' }, message)),
  );
  return {
    metrics,
    close() {
      figures.close();
      metrics.close();
    },
  };
}
