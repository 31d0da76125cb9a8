const LOOK_EVERY_MS = 25;

/** Repeats a check until it says true: resolves to true, or to false when it is too late or the signal aborts. */
export async function until(check: () => Promise<boolean>, signal: AbortSignal, limitMs: number): Promise<boolean> {
  const startedAt = performance.now();
  while (!signal.aborted) {
    if (await check()) return true;
    if (performance.now() - startedAt > limitMs) return false;
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
  return false;
}
