import type { DemoAnswer, DemoCall } from './demo-answer.js';

const WINDOW_S = 10;

/** Who answered whom, lately. */
export interface EdgeSummary {
  readonly from: string;
  readonly to: string;
  /** Since the start. */
  readonly total: number;
  readonly totalFailures: number;
  /** In the last seconds, by who answered. */
  readonly answeredBy: Readonly<Record<string, number>>;
  /** In the last seconds, by status or error. */
  readonly failures: Readonly<Record<string, number>>;
  readonly medianMs: number;
}

interface Seen {
  readonly atMs: number;
  readonly instance: string | undefined;
  readonly failure: string | undefined;
  readonly ms: number;
}

interface Edge {
  readonly from: string;
  readonly to: string;
  total: number;
  totalFailures: number;
  recent: Seen[];
}

/** Keeps count of every call that the demo services report. Time comes in as a value. */
export class EdgeBook {
  private readonly edges = new Map<string, Edge>();

  /** Notes the calls in an answer, and those in the answers to them. */
  record(answer: DemoAnswer, atMs: number): void {
    for (const call of answer.calls) {
      this.note(answer.service, call, atMs);
      if (call.answer) this.record(call.answer, atMs);
    }
  }

  private note(from: string, call: DemoCall, atMs: number): void {
    const key = `${from} ${call.to}`;
    const edge = this.edges.get(key) ?? { from, to: call.to, total: 0, totalFailures: 0, recent: [] };
    this.edges.set(key, edge);
    const failure = call.answer === undefined ? String(call.status || (call.error ?? 'no answer')) : undefined;
    edge.total += 1;
    if (failure !== undefined) edge.totalFailures += 1;
    edge.recent = edge.recent.filter((one) => one.atMs > atMs - WINDOW_S * 1000);
    edge.recent.push({ atMs, instance: call.answer?.instance, failure, ms: call.ms });
  }

  /** What happened in the last ten seconds, edge by edge, in the order in which they were first seen. */
  summary(nowMs: number): readonly EdgeSummary[] {
    return [...this.edges.values()].map(({ from, to, total, totalFailures, recent }) => {
      const inWindow = recent.filter((one) => one.atMs > nowMs - WINDOW_S * 1000);
      return {
        from,
        to,
        total,
        totalFailures,
        answeredBy: counts(inWindow.map(({ instance }) => instance)),
        failures: counts(inWindow.map(({ failure }) => failure)),
        medianMs: median(inWindow.map(({ ms }) => ms)),
      };
    });
  }
}

function counts(names: readonly (string | undefined)[]): Readonly<Record<string, number>> {
  const found = new Map<string, number>();
  for (const name of names) if (name !== undefined) found.set(name, (found.get(name) ?? 0) + 1);
  return Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
