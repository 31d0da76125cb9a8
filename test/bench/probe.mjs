/** Preloaded into a measured process: tells its CPU time, memory and longest event-loop stall over IPC. */
import { monitorEventLoopDelay } from 'node:perf_hooks';

const RESOLUTION_MS = 5;
const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
delay.enable();
let start = process.cpuUsage();

process.on('message', (message) => {
  if (message?.probe === 'reset') {
    delay.reset();
    start = process.cpuUsage();
    process.send({ id: message.id, ok: true });
  } else if (message?.probe === 'read') {
    const { user, system } = process.cpuUsage(start);
    const stallMs = Math.max(0, delay.max / 1e6 - RESOLUTION_MS);
    process.send({ id: message.id, cpuUs: user + system, stallMs: Number.isFinite(stallMs) ? stallMs : 0 });
  } else if (message?.probe === 'memory') {
    globalThis.gc?.();
    globalThis.gc?.();
    const { rss, heapUsed, external } = process.memoryUsage();
    process.send({ id: message.id, rss, heapUsed, external });
  }
});
// A measured process does not outlive its bench.
process.on('disconnect', () => process.exit());
