import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { type Aggregate, type Interval, INTERVAL_MS, IntervalSink, type Labels } from './interval-sink.js';
import { isTold, type NameRules, publicName } from './name-filter.js';
import { type FigureSink, noteRequest } from './request-figures.js';
import type { Statsd } from './statsd.js';

/** Numbers read when somebody asks, by metric name (dots as in `consul.state.nodes`). */
export type GaugeSource = () => Readonly<Record<string, number>>;

export interface MetricsOptions extends NameRules {
  /** Goes into the names of gauges (`consul.<host>.…`) told as JSON and to StatsD; empty = it does not. */
  readonly hostname: string;
  /** Whether Prometheus may ask. */
  readonly prometheus: boolean;
  readonly statsd?: readonly Statsd[];
}

export interface Metrics extends FigureSink {
  /** Undefined when it is switched off. */
  prometheus(): Promise<string> | undefined;
  /** Consul's JSON form of the last whole interval (consul-behaviour 1.2, `agent/metrics`). */
  json(): unknown;
  observeRequest(method: string, route: string, status: number, durationMs: number): void;
  observeDnsQuery(kind: DnsKind, durationMs: number): void;
  countLimited(operation: string, mode: string, category: string): void;
  /** Gauges go to StatsD once an interval. */
  close(): void;
}

const DNS_NAMES = {
  domain: 'consul.dns.domain_query',
  ptr: 'consul.dns.ptr_query',
  recurse: 'meshwright.dns.recursed_query',
} as const;
type DnsKind = keyof typeof DNS_NAMES;

const BUCKETS_MS = [0.05, 0.1, 0.5, 1, 2, 5, 10, 50, 100, 500, 1000];
const PLAIN: NameRules & { readonly hostname: string; readonly prometheus: boolean } = {
  metricsPrefix: 'consul',
  allowedPrefixes: [],
  blockedPrefixes: [],
  filterDefault: true,
  hostname: '',
  prometheus: true,
};

const underscored = (name: string): string => name.replace(/[.-]/g, '_');

/** The figures of one process. `gauges` are read when somebody asks; `now` gives ms since the epoch. */
export function createMetrics(gauges: GaugeSource, now: () => number, options: MetricsOptions = PLAIN): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const intervals = new IntervalSink(now);
  const book = new PrometheusBook(registry);
  const { statsd = [] } = options;

  const told = (name: string): string | undefined => {
    const shown = publicName(name, options);
    return isTold(shown, options) ? shown : undefined;
  };
  const sink: FigureSink = {
    count(name, labels = {}, value = 1) {
      const shown = told(name);
      if (shown === undefined) return;
      intervals.count(shown, labels, value);
      book.counter(shown, labels).inc(labels, value);
      for (const one of statsd) one.send('c', shown, value, labels);
    },
    sample(name, value, labels = {}) {
      const shown = told(name);
      if (shown === undefined) return;
      intervals.sample(shown, value, labels);
      book.histogram(shown, labels).observe(labels, value);
      for (const one of statsd) one.send('ms', shown, value, labels);
    },
  };
  const readGauges = (): readonly (readonly [string, number])[] =>
    Object.entries(gauges()).flatMap(([name, value]) => {
      const shown = told(name);
      return shown === undefined ? [] : [[shown, value] as const];
    });
  const withHost = (name: string): string => {
    const dot = name.indexOf('.');
    return options.hostname === '' ? name : `${name.slice(0, dot)}.${options.hostname}${name.slice(dot)}`;
  };
  const timer = statsd.length === 0 ? undefined : setInterval(() => pushGauges(), INTERVAL_MS).unref();
  const pushGauges = (): void => {
    for (const [name, value] of readGauges()) for (const one of statsd) one.send('g', withHost(name), value, {});
  };

  return {
    ...sink,
    prometheus() {
      if (!options.prometheus) return undefined;
      for (const [name, value] of readGauges()) book.gauge(name).set(value);
      return registry.metrics();
    },
    json() {
      return describe(
        intervals.latest(),
        readGauges().map(([name, value]) => [withHost(name), value]),
      );
    },
    observeRequest(method, route, status, durationMs) {
      noteRequest(sink, method, route, status, durationMs);
      sink.count('meshwright.http.answers', { class: `${Math.floor(status / 100)}xx` });
    },
    observeDnsQuery: (kind, durationMs) => sink.sample(DNS_NAMES[kind], durationMs),
    countLimited(operation, mode, category) {
      sink.count('consul.rpc.rate_limit.exceeded', { op: operation, mode, limit_type: category });
    },
    close() {
      clearInterval(timer);
      for (const one of statsd) one.close();
    },
  };
}

/** Metrics of the Prometheus registry, made when a name first comes. */
class PrometheusBook {
  readonly #known = new Map<string, Counter | Gauge | Histogram>();

  constructor(private readonly registry: Registry) {}

  counter(name: string, labels: Labels): Counter {
    return this.#get(name, (plain) => new Counter(this.#description(plain, name, labels)));
  }

  gauge(name: string): Gauge {
    return this.#get(name, (plain) => new Gauge(this.#description(plain, name, {})));
  }

  histogram(name: string, labels: Labels): Histogram {
    return this.#get(
      name,
      (plain) => new Histogram({ ...this.#description(plain, name, labels), buckets: BUCKETS_MS }),
    );
  }

  #get<Metric extends Counter | Gauge | Histogram>(name: string, make: (plain: string) => Metric): Metric {
    const found = this.#known.get(name) ?? make(underscored(name));
    this.#known.set(name, found);
    return found as Metric;
  }

  #description(name: string, help: string, labels: Labels) {
    return { name, help, labelNames: Object.keys(labels), registers: [this.registry] };
  }
}

function describe(interval: Interval, gauges: readonly (readonly [string, number])[]): unknown {
  const byName = (a: { readonly Name: string }, b: { readonly Name: string }): number =>
    a.Name < b.Name ? -1 : a.Name > b.Name ? 1 : 0;
  const shown = (figures: ReadonlyMap<string, Aggregate>) => [...figures.values()].map(summary).sort(byName);
  return {
    Timestamp: `${new Date(interval.startMs).toISOString().slice(0, 19).replace('T', ' ')} +0000 UTC`,
    Gauges: gauges.map(([Name, Value]) => ({ Name, Value, Labels: {} })).sort(byName),
    Points: [],
    Counters: shown(interval.counters),
    Samples: shown(interval.samples),
  };
}

function summary({ name, labels, count, sum, sumOfSquares, min, max }: Aggregate) {
  const variance = count > 1 ? Math.max(0, (sumOfSquares - (sum * sum) / count) / (count - 1)) : 0;
  return {
    Name: name,
    Count: count,
    Rate: sum / (INTERVAL_MS / 1000),
    Sum: sum,
    Min: min,
    Max: max,
    Mean: sum / count,
    Stddev: Math.sqrt(variance),
    Labels: labels,
  };
}
