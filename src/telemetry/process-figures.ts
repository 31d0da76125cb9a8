import { freemem, loadavg, totalmem, uptime } from 'node:os';
import { constants, PerformanceObserver } from 'node:perf_hooks';

export interface ProcessFigures {
  /** By name, as of now. */
  readonly gauges: () => Readonly<Record<string, number>>;
  close(): void;
}

/** Memory and garbage collection of this process, by the names Consul users know (consul-behaviour.md 11.8, `runtime.*`). */
export function watchProcess(withHost: boolean): ProcessFigures {
  let [runs, pauseMs, longRuns] = [0, 0, 0];
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      runs += 1;
      pauseMs += entry.duration;
      const { kind } = (entry as { readonly detail?: { readonly kind?: number } }).detail ?? {};
      if (kind === constants.NODE_PERFORMANCE_GC_MAJOR) longRuns += 1;
    }
  });
  observer.observe({ entryTypes: ['gc'] });
  return {
    gauges: () => {
      const { heapUsed, rss, heapTotal } = process.memoryUsage();
      return {
        'consul.runtime.alloc_bytes': heapUsed,
        'consul.runtime.sys_bytes': rss,
        'meshwright.runtime.heap_total_bytes': heapTotal,
        'consul.runtime.total_gc_runs': runs,
        'meshwright.runtime.major_gc_runs': longRuns,
        'consul.runtime.total_gc_pause_ns': Math.round(pauseMs * 1e6),
        ...(withHost ? hostGauges() : {}),
      };
    },
    close: () => observer.disconnect(),
  };
}

function hostGauges(): Readonly<Record<string, number>> {
  const [total, free] = [totalmem(), freemem()];
  return {
    'consul.host.memory.total': total,
    'consul.host.memory.available': free,
    'consul.host.memory.used': total - free,
    'consul.host.memory.used_percent': ((total - free) / total) * 100,
    'meshwright.host.load_1m': loadavg()[0] ?? 0,
    'consul.host.uptime': Math.round(uptime()),
  };
}
