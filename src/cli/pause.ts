/** Timers of Node hold no more; beyond it they would fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Resolves after `ms`, however many they are, or at once when the signal aborts. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  for (let leftMs = ms; leftMs > 0 && !signal.aborted; leftMs -= LONGEST_TIMER_MS)
    await timer(Math.min(leftMs, LONGEST_TIMER_MS), signal);
}

function timer(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const finish = (): void => {
      clearTimeout(running);
      signal.removeEventListener('abort', finish);
      resolve();
    };
    const running = setTimeout(finish, ms);
    signal.addEventListener('abort', finish, { once: true });
  });
}
