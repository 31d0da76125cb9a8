/**
 * Telemetry: logs an operator can act on, and metrics.
 * In: events of the rooms. Out: lines of text or JSON, Prometheus text. Must never: write a token or a key.
 */
export { createLogger, type Logger } from './logger.js';
export { createMetrics, type GaugeSource, type Metrics } from './metrics.js';
