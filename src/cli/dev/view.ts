import type { Palette } from '../palette.js';
import type { EdgeSummary } from './edge-book.js';
import type { ControlPlaneEvent } from './watch-control-plane.js';

export interface ViewState {
  readonly edges: readonly EdgeSummary[];
  /** The newest last. */
  readonly events: readonly ControlPlaneEvent[];
  readonly elapsedMs: number;
  readonly firstRequestMs: number;
}

const SHOWN_EVENTS = 5;

/** The picture that is redrawn: who answered whom in the last ten seconds, and what the control plane last did. Pure. */
export function viewLines(state: ViewState, palette: Palette, width: number): readonly string[] {
  const lines = [
    palette.dim(
      `up ${seconds(state.elapsedMs)}, first request through the mesh after ${seconds(state.firstRequestMs)}; last 10 seconds:`,
    ),
    ...(state.edges.length === 0 ? [palette.dim('  no requests')] : state.edges.map((edge) => edgeLine(edge, palette))),
    palette.dim('control plane:'),
    ...(state.events.length === 0
      ? [palette.dim('  nothing changed yet')]
      : state.events.slice(-SHOWN_EVENTS).map((event) => `  ${eventText(event)}`)),
  ];
  return lines.map((line) => clip(line, width));
}

function edgeLine(edge: EdgeSummary, palette: Palette): string {
  const answered = Object.values(edge.answeredBy).reduce((sum, count) => sum + count, 0);
  const failed = Object.values(edge.failures).reduce((sum, count) => sum + count, 0);
  const shares = Object.entries(edge.answeredBy).map(
    ([instance, count]) => `${palette.green(instance)} ${Math.round((100 * count) / Math.max(1, answered + failed))} %`,
  );
  const failures = Object.entries(edge.failures).map(([why, count]) => `${count} × ${why}`);
  return [
    `  ${palette.bold(`${edge.from} → ${edge.to}`.padEnd(14))}`,
    `${String(answered + failed).padStart(4)} requests`,
    shares.length === 0 ? palette.dim('nobody answered') : shares.join(', '),
    failed === 0 ? palette.dim('0 failed') : palette.red(`${failed} failed (${failures.join(', ')})`),
    palette.dim(`${edge.medianMs.toFixed(1)} ms`),
  ].join('  ');
}

/** `service-splitter api written (index 61), accepted by 4 proxies after 35 ms`. */
export function eventText({ what, index, acceptedAfterMs, proxies, tookTooLong }: ControlPlaneEvent): string {
  if (index === 0) return what;
  const accepted = acceptedAfterMs === undefined ? '' : `, accepted by ${proxies} proxies after ${acceptedAfterMs} ms`;
  return `${what} (index ${index})${tookTooLong ? ', still not accepted by all proxies: see `meshwright proxies`' : accepted}`;
}

/** Whether nothing more will be said about it. */
export const isFinal = ({ index, acceptedAfterMs, tookTooLong }: ControlPlaneEvent): boolean =>
  index === 0 || acceptedAfterMs !== undefined || tookTooLong === true;

/** A newer report of the same change takes the place of the older one. */
export function withEvent(
  events: readonly ControlPlaneEvent[],
  event: ControlPlaneEvent,
): readonly ControlPlaneEvent[] {
  const isSame = (other: ControlPlaneEvent) =>
    event.index > 0 && other.index === event.index && other.what === event.what;
  return events.some(isSame) ? events.map((other) => (isSame(other) ? event : other)) : [...events, event].slice(-50);
}

export const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

/** Cuts to a width; escape sequences count nothing. */
function clip(line: string, width: number): string {
  let shown = 0;
  let result = '';
  // oxlint-disable-next-line no-control-regex
  for (const [part] of line.matchAll(/\u001b\[[0-9;]*m|./gsu)) {
    if (!part.startsWith('\u001b')) shown += 1;
    if (shown <= width || part.startsWith('\u001b')) result += part;
  }
  return result;
}
