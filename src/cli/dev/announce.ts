import type { CliIo } from '../io.js';
import type { EdgeBook, EdgeSummary } from './edge-book.js';
import type { ControlPlaneEvent } from './watch-control-plane.js';
import type { Palette } from '../palette.js';
import { eventText, isFinal, seconds, viewLines, withEvent } from './view.js';

/** Tells a person, or a program, how the mesh is doing. */
export interface Announcer {
  /** A step of the start. */
  step(text: string): void;
  /** The first request came through; `hints` are lines for a person. */
  ready(facts: {
    readonly firstRequestMs: number;
    readonly hints: readonly string[];
    readonly addresses: object;
  }): void;
  event(event: ControlPlaneEvent): void;
  /** Draws or prints the present state. */
  show(book: EdgeBook): void;
  /** The last words. */
  stopped(book: EdgeBook, why: string): void;
}

/** JSON lines, one event each: `step`, `ready`, `control-plane`, `edges`, `stopped`. Times are milliseconds since the start. */
export function jsonAnnouncer(io: CliIo, elapsedMs: () => number): Announcer {
  const line = (event: string, fields: object) =>
    io.out(`${JSON.stringify({ event, elapsedMs: Math.round(elapsedMs()), ...fields })}\n`);
  return {
    step: (text) => line('step', { text }),
    ready: ({ firstRequestMs, addresses }) =>
      line('ready', { firstRequestMs: Math.round(firstRequestMs), ...addresses }),
    event: (event) => line('control-plane', event),
    show: (book) => line('edges', { edges: book.summary(elapsedMs()) }),
    stopped: (book, why) => line('stopped', { why, edges: book.summary(elapsedMs()) }),
  };
}

/** Text for a person: a picture that is redrawn on a terminal, a line now and then elsewhere. */
export function textAnnouncer(io: CliIo, elapsedMs: () => number, palette: Palette): Announcer {
  let events: readonly ControlPlaneEvent[] = [];
  let firstRequestMs = 0;
  let isReady = false;
  let drawn = 0;
  const erase = () => {
    if (drawn > 0) io.out(`\u001b[${drawn}A\u001b[J`);
    drawn = 0;
  };
  return {
    step: (text) => {
      erase();
      io.out(`${palette.dim(seconds(elapsedMs()).padStart(7))}  ${text}\n`);
    },
    ready: (facts) => {
      firstRequestMs = facts.firstRequestMs;
      isReady = true;
      io.out(`\n${facts.hints.join('\n')}\n\n`);
    },
    event: (event) => {
      events = withEvent(events, event);
      if (!io.interactive && isFinal(event)) io.out(`${seconds(elapsedMs()).padStart(7)}  ${eventText(event)}\n`);
    },
    show: (book) => {
      if (!isReady) return;
      const edges = book.summary(elapsedMs());
      if (!io.interactive) {
        for (const edge of edges) io.out(`${seconds(elapsedMs()).padStart(7)}  ${plainEdge(edge)}\n`);
        return;
      }
      const lines = viewLines({ edges, events, elapsedMs: elapsedMs(), firstRequestMs }, palette, io.columns);
      erase();
      io.out(lines.map((line) => `${line}\n`).join(''));
      drawn = lines.length;
    },
    stopped: (book, why) => {
      const totals = book
        .summary(elapsedMs())
        .map(({ from, to, total, totalFailures }) => `${from} -> ${to}: ${total} requests, ${totalFailures} failed`);
      io.out(`\n${why}${totals.length === 0 ? '' : ` ${totals.join('; ')}.`}\n`);
    },
  };
}

function plainEdge({ from, to, answeredBy, failures, medianMs }: EdgeSummary): string {
  const list = (counts: Readonly<Record<string, number>>) =>
    Object.entries(counts)
      .map(([name, count]) => `${name} ${count}`)
      .join(', ');
  const failed = list(failures);
  return `${from} -> ${to}: answered by ${list(answeredBy) || 'nobody'}; failed: ${failed || '0'}; ${medianMs.toFixed(1)} ms`;
}
