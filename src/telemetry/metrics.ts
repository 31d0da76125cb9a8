import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { type Aggregate, figureKey, type Interval, INTERVAL_MS, IntervalSink, type Labels } from './interval-sink.js';
import { isTold, type NameRules, publicName } from './name-filter.js';
import { type FigureSink, RequestFigures } from './request-figures.js';
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

export interface Metrics {
  count(name: string, labels?: Labels, value?: number): void;
  sample(name: string, value: number, labels?: Labels): void;
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
  const counters = new KnownFigures(told);
  const samples = new KnownFigures(told);
  const sink: FigureSink = {
    counter(name, labels = {}) {
      const figure = counters.get(name, labels);
      if (figure === undefined) return unnoticed;
      const { shown, key } = figure;
      return (value = 1) => {
        intervals.count(shown, labels, value, key);
        figure.pending += value;
        for (const one of statsd) one.send('c', shown, value, labels);
      };
    },
    sampler(name, labels = {}) {
      const figure = samples.get(name, labels);
      if (figure === undefined) return unnoticed;
      const { shown, key } = figure;
      let histogram: Histogram | undefined;
      return (value) => {
        histogram ??= book.histogram(shown, labels);
        intervals.sample(shown, value, labels, key);
        histogram.observe(labels, value);
        for (const one of statsd) one.send('ms', shown, value, labels);
      };
    },
  };
  /** The registry is only told of counts when somebody asks it. */
  const settleCounters = (): void => {
    for (const figure of counters.all()) {
      if (figure.pending > 0) book.counter(figure.shown, figure.labels).inc(figure.labels, figure.pending);
      figure.pending = 0;
    }
  };
  const requests = new RequestFigures(sink);
  const dns = {
    domain: sink.sampler(DNS_NAMES.domain),
    ptr: sink.sampler(DNS_NAMES.ptr),
    recurse: sink.sampler(DNS_NAMES.recurse),
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
    count: (name, labels, value) => sink.counter(name, labels)(value),
    sample: (name, value, labels) => sink.sampler(name, labels)(value),
    prometheus() {
      if (!options.prometheus) return undefined;
      settleCounters();
      for (const [name, value] of readGauges()) book.gauge(name).set(value);
      return registry.metrics();
    },
    json() {
      return describe(
        intervals.latest(),
        readGauges().map(([name, value]) => [withHost(name), value]),
      );
    },
    observeRequest: (method, route, status, durationMs) => requests.note(method, route, status, durationMs),
    observeDnsQuery: (kind, durationMs) => dns[kind](durationMs),
    countLimited(operation, mode, category) {
      sink.counter('consul.rpc.rate_limit.exceeded', { op: operation, mode, limit_type: category })(1);
    },
    close() {
      clearInterval(timer);
      for (const one of statsd) one.close();
    },
  };
}

const unnoticed = (): void => undefined;

/** A figure that is told. */
interface Figure {
  /** The name it is told by. */
  readonly shown: string;
  readonly labels: Labels;
  readonly key: string;
  /** What was counted since the registry was told. */
  pending: number;
}

/** The figures there are; undefined for those that the configuration keeps back. */
class KnownFigures {
  readonly #figures = new Map<string, Figure | undefined>();

  constructor(private readonly told: (name: string) => string | undefined) {}

  get(name: string, labels: Labels): Figure | undefined {
    const ownKey = figureKey(name, labels);
    if (this.#figures.has(ownKey)) return this.#figures.get(ownKey);
    const shown = this.told(name);
    const figure = shown === undefined ? undefined : { shown, labels, key: figureKey(shown, labels), pending: 0 };
    this.#figures.set(ownKey, figure);
    return figure;
  }

  *all(): Generator<Figure> {
    for (const figure of this.#figures.values()) if (figure) yield figure;
  }
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
