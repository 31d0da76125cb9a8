import { Agent } from 'node:http';
import { httpCall } from '../envoy-rig/http-call.js';

export interface HttpLoadOptions {
  readonly port: number;
  /** Default: the loopback. */
  readonly host?: string;
  /** Requests per second, half of them over kept connections, half over new ones. Default 240. */
  readonly perSecond?: number;
  /** What is asked for, by the number of the request. Default `/`. */
  readonly path?: (number: number) => string;
  readonly headers?: (number: number) => Readonly<Record<string, string>>;
}

export interface LoadReport {
  readonly requests: number;
  readonly perSecond: number;
  /** Answers by status code. */
  readonly statuses: Readonly<Record<number, number>>;
  /** Answers by who gave them, the good ones. */
  readonly answeredBy: Readonly<Record<string, number>>;
  /** Requests without an answer: what happened, when, and over which kind of connection. At most 20 are kept. */
  readonly errors: readonly string[];
  /** Requests that failed in whatever way: no answer, or another status than 200. */
  readonly failed: number;
}

export interface HttpLoad {
  readonly report: LoadReport;
  /** When the last request that was answered with 200 had been sent, on the clock of `performance.now()`. */
  readonly lastGoodSentAt: number;
  /** Sends no more, waits for the answers that are due, and reports. */
  stop(): Promise<LoadReport>;
}

const TICK_MS = 10;
const KEPT_CONNECTIONS = 6;
const ERRORS_SHOWN = 20;

/** Constant load: requests are sent at their time whether or not others were answered, and none is ever repeated. */
export function startHttpLoad(options: HttpLoadOptions): HttpLoad {
  const { port, host = '127.0.0.1', perSecond = 240, path = () => '/', headers = () => ({}) } = options;
  const kept = new Agent({ keepAlive: true, maxSockets: KEPT_CONNECTIONS });
  const startedAt = performance.now();
  const statuses: Record<number, number> = {};
  const answeredBy: Record<string, number> = {};
  const errors: string[] = [];
  const underWay = new Set<Promise<void>>();
  let sent = 0;
  let failed = 0;
  let stoppedAt: number | undefined;
  let lastGoodSentAt = 0;

  const send = async (number: number): Promise<void> => {
    const isKept = number % 2 === 0;
    const sentAt = performance.now();
    const what = path(number);
    const note = (text: string) => {
      failed++;
      const where = `${what} over ${isKept ? 'a kept' : 'a new'} connection`;
      const when = `sent at ${Math.round(sentAt - startedAt)} ms, after ${Math.round(performance.now() - sentAt)} ms`;
      if (errors.length < ERRORS_SHOWN) errors.push(`${where}, ${when}: ${text}`);
    };
    try {
      const answer = await httpCall({
        host,
        port,
        path: what,
        headers: headers(number),
        ...(isKept ? { agent: kept } : {}),
      });
      statuses[answer.status] = (statuses[answer.status] ?? 0) + 1;
      if (answer.status !== 200) return note(`${answer.status} ${answer.text.slice(0, 200)}`);
      const who = String(answer.headers['x-who'] ?? '');
      answeredBy[who] = (answeredBy[who] ?? 0) + 1;
      lastGoodSentAt = Math.max(lastGoodSentAt, sentAt);
    } catch (thrown) {
      note(thrown instanceof Error ? thrown.message : String(thrown));
    }
  };

  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - startedAt) / 1000) * perSecond);
    while (sent < due) {
      const one = send(sent++);
      underWay.add(one);
      void one.then(() => underWay.delete(one));
    }
  }, TICK_MS);

  const report = (): LoadReport => ({
    requests: sent,
    perSecond: sent / (((stoppedAt ?? performance.now()) - startedAt) / 1000),
    statuses: { ...statuses },
    answeredBy: { ...answeredBy },
    errors: [...errors],
    failed,
  });
  return {
    get report() {
      return report();
    },
    get lastGoodSentAt() {
      return lastGoodSentAt;
    },
    async stop() {
      clearInterval(timer);
      stoppedAt ??= performance.now();
      await Promise.all(underWay);
      kept.destroy();
      return report();
    },
  };
}
