/**
 * Telemetry: logs an operator can act on, and metrics.
 * In: events of the rooms. Out: lines of text or JSON, Prometheus text, StatsD packets. Must never: write a token or a key.
 */
export { type Labels, INTERVAL_MS } from './interval-sink.js';
export { type LogFileOptions, openLogFile } from './log-file.js';
export {
  createLogging,
  type Logger,
  type Logging,
  type LogLevel,
  logLevelOf,
  type LogTarget,
  type LogWatch,
} from './logger.js';
export { createMetrics, type GaugeSource, type Metrics, type MetricsOptions } from './metrics.js';
export { type ProcessFigures, watchProcess } from './process-figures.js';
export { createStatsd, type Statsd } from './statsd.js';
export { createStatsite } from './statsite.js';
export { openSyslog, type SyslogOptions } from './syslog.js';
