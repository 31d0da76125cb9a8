import { Session } from 'node:inspector/promises';
import { setTimeout } from 'node:timers/promises';
import { AppError } from '../../core/index.js';

let isBusy = false;

/** One at a time: profiles of one process disturb each other. */
async function alone<Result>(take: (session: Session) => Promise<Result>): Promise<Result> {
  if (isBusy) throw new AppError('busy', 'another profile is being taken; wait until it is done');
  isBusy = true;
  const session = new Session();
  try {
    session.connect();
    return await take(session);
  } finally {
    session.disconnect();
    isBusy = false;
  }
}

/** What the process did for a while, as Chrome's DevTools and speedscope read it (`.cpuprofile`). Ends early with the signal. */
export function takeCpuProfile(durationMs: number, signal: AbortSignal): Promise<string> {
  return alone(async (session) => {
    await session.post('Profiler.enable');
    await session.post('Profiler.start');
    await pause(durationMs, signal);
    const { profile } = await session.post('Profiler.stop');
    return JSON.stringify(profile);
  });
}

/** Where memory was taken for a while and is still held (`.heapprofile`). Unlike a snapshot it holds no values, so no secrets. */
export function takeHeapProfile(durationMs: number, signal: AbortSignal): Promise<string> {
  return alone(async (session) => {
    await session.post('HeapProfiler.enable');
    await session.post('HeapProfiler.startSampling');
    await pause(durationMs, signal);
    const { profile } = await session.post('HeapProfiler.stopSampling');
    return JSON.stringify(profile);
  });
}

/** Over early when the signal aborts. */
const pause = (durationMs: number, signal: AbortSignal): Promise<unknown> =>
  setTimeout(durationMs, undefined, { signal }).catch(() => undefined);
