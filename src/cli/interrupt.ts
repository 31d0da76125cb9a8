export interface Interrupt {
  /** Aborted by the first of the signals; the next one ends the process as ever. */
  readonly signal: AbortSignal;
  release(): void;
}

/** Takes the signals that would end this process, so that a command can end by itself. */
export function listenForInterrupt(names: readonly NodeJS.Signals[]): Interrupt {
  const controller = new AbortController();
  const release = (): void => {
    for (const name of names) process.off(name, onSignal);
  };
  const onSignal = (): void => {
    release();
    controller.abort();
  };
  for (const name of names) process.on(name, onSignal);
  return { signal: controller.signal, release };
}
