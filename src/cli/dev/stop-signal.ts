/** Ctrl-C arrives twice when a package runner passes it on; within this time it counts once. */
const SAME_WITHIN_MS = 1000;

export interface StopSignal {
  /** Aborts at the first SIGINT, SIGTERM or SIGHUP. */
  readonly signal: AbortSignal;
  /** The same, from within. */
  stop(): void;
  release(): void;
}

/** Listens for the wish to stop. A second one later than a second means: now, by force. */
export function listenForStop(force: () => void): StopSignal {
  const controller = new AbortController();
  let firstAtMs: number | undefined;
  const onSignal = () => {
    const now = performance.now();
    firstAtMs ??= now;
    if (now - firstAtMs > SAME_WITHIN_MS) force();
    controller.abort();
  };
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const name of names) process.on(name, onSignal);
  return {
    signal: controller.signal,
    stop: () => controller.abort(),
    release: () => {
      for (const name of names) process.off(name, onSignal);
    },
  };
}
