import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** Numbers read when somebody asks, by metric name (dots as in `consul.state.nodes`). */
export type GaugeSource = () => Readonly<Record<string, number>>;

export interface Metrics {
  prometheus(): Promise<string>;
  /** Consul's JSON form: gauges, counters and samples by dotted name (consul-behaviour 1.2, `agent/metrics`). */
  json(): Promise<unknown>;
  observeRequest(method: string, route: string, status: number, durationMs: number): void;
  observeDnsQuery(kind: DnsKind, durationMs: number): void;
  countLimited(operation: string, mode: string, category: string): void;
}

const underscored = (name: string): string => name.replace(/[.-]/g, '_');

const DNS_NAMES = {
  domain: 'consul.dns.domain_query',
  ptr: 'consul.dns.ptr_query',
  recurse: 'meshwright.dns.recursed_query',
} as const;
type DnsKind = keyof typeof DNS_NAMES;

/** The metrics registry of one process. `gauges` are read at each scrape; `now` gives ms since the epoch. */
export function createMetrics(gauges: GaugeSource, now: () => number): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const requests = new Histogram({
    name: 'consul_api_http',
    help: 'Duration of HTTP requests in milliseconds',
    labelNames: ['method', 'path'],
    buckets: [0.5, 1, 2, 5, 10, 50, 100, 500, 1000],
    registers: [registry],
  });
  const answers = new Counter({
    name: 'meshwright_http_answers_total',
    help: 'HTTP answers by status class',
    labelNames: ['class'],
    registers: [registry],
  });
  const limited = new Counter({
    name: 'consul_rpc_rate_limit_exceeded',
    help: 'Requests over a limit of a control-plane-request-limit entry',
    labelNames: ['op', 'mode', 'limit_type'],
    registers: [registry],
  });
  const dnsQuery = (name: string): Histogram =>
    new Histogram({
      name: underscored(name),
      help: 'Duration of DNS queries in milliseconds',
      buckets: [0.05, 0.1, 0.5, 1, 5, 10, 100, 1000],
      registers: [registry],
    });
  const dnsQueries = {
    domain: dnsQuery(DNS_NAMES.domain),
    ptr: dnsQuery(DNS_NAMES.ptr),
    recurse: dnsQuery(DNS_NAMES.recurse),
  };
  const known = new Map<string, Gauge>();
  const refresh = (): Readonly<Record<string, number>> => {
    const values = gauges();
    for (const [name, value] of Object.entries(values)) {
      const gauge = known.get(name) ?? new Gauge({ name: underscored(name), help: name, registers: [registry] });
      known.set(name, gauge);
      gauge.set(value);
    }
    return values;
  };
  return {
    async prometheus() {
      refresh();
      return registry.metrics();
    },
    async json() {
      const values = refresh();
      const { values: samples } = await requests.get();
      const { values: overLimits } = await limited.get();
      return {
        Timestamp: `${new Date(now()).toISOString().slice(0, 19).replace('T', ' ')} +0000 UTC`,
        Gauges: Object.entries(values).map(([Name, Value]) => ({ Name, Value, Labels: {} })),
        Points: [],
        Counters: overLimits.map(({ labels, value }) => ({
          Name: 'consul.rpc.rate_limit.exceeded',
          Count: value,
          Sum: value,
          Min: 1,
          Max: 1,
          Mean: 1,
          Stddev: 0,
          Labels: labels,
        })),
        Samples: [...summaries(samples), ...(await dnsSummaries(dnsQueries))],
      };
    },
    observeRequest(method, route, status, durationMs) {
      requests.observe({ method, path: route.replace(/^\//, '').replaceAll('/', '_') }, durationMs);
      answers.inc({ class: `${Math.floor(status / 100)}xx` });
    },
    observeDnsQuery(kind, durationMs) {
      dnsQueries[kind].observe(durationMs);
    },
    countLimited(operation, mode, category) {
      limited.inc({ op: operation, mode, limit_type: category });
    },
  };
}

async function dnsSummaries(queries: Readonly<Record<DnsKind, Histogram>>): Promise<object[]> {
  const kinds = Object.keys(DNS_NAMES) as DnsKind[];
  const all = kinds.map(async (kind) => {
    const { values } = await queries[kind].get();
    const valueOf = (part: string): number => values.find(({ metricName }) => metricName?.endsWith(part))?.value ?? 0;
    const [count, sum] = [valueOf('_count'), valueOf('_sum')];
    return count === 0 ? [] : [{ Name: DNS_NAMES[kind], Count: count, Sum: sum, Mean: sum / count, Labels: {} }];
  });
  return (await Promise.all(all)).flat();
}

interface Sample {
  readonly metricName?: string;
  readonly value: number;
  readonly labels: Partial<Record<string, string | number>>;
}

function summaries(samples: readonly Sample[]): object[] {
  const counts = samples.filter((sample) => sample.metricName?.endsWith('_count'));
  return counts.map(({ labels, value }) => {
    const sum = samples.find(
      (sample) =>
        sample.metricName?.endsWith('_sum') &&
        sample.labels['method'] === labels['method'] &&
        sample.labels['path'] === labels['path'],
    );
    return {
      Name: 'consul.api.http',
      Count: value,
      Sum: sum?.value ?? 0,
      Mean: value > 0 ? (sum?.value ?? 0) / value : 0,
      Labels: labels,
    };
  });
}
