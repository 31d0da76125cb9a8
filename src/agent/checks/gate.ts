/** Lets a number of holders in at a time; others wait in the order in which they came. */
export interface Gate {
  /** Resolves with the function that leaves again, or with undefined when the signal aborts before there is room. */
  enter(signal: AbortSignal): Promise<(() => void) | undefined>;
}

export function createGate(places: number): Gate {
  let inside = 0;
  const waiting = new Set<() => void>();
  const leaveOnce = (): (() => void) => {
    let left = false;
    return () => {
      if (left) return;
      left = true;
      inside--;
      for (const next of waiting) {
        next();
        break;
      }
    };
  };
  return {
    enter(signal) {
      if (signal.aborted) return Promise.resolve(undefined);
      if (inside < places) {
        inside++;
        return Promise.resolve(leaveOnce());
      }
      return new Promise((resolve) => {
        const end = (leave: (() => void) | undefined): void => {
          waiting.delete(admit);
          signal.removeEventListener('abort', giveUp);
          resolve(leave);
        };
        const admit = (): void => {
          inside++;
          end(leaveOnce());
        };
        const giveUp = (): void => end(undefined);
        waiting.add(admit);
        signal.addEventListener('abort', giveUp, { once: true });
      });
    },
  };
}
