import type { RunningChild } from './child.js';

const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;

/** What is done with the signals of this process. */
export interface ForwardedSignals {
  /** Aborted by a signal that came while there was no child. */
  readonly interrupted: AbortSignal;
  /** From now on the child is told. */
  sendTo(child: RunningChild): void;
  /** The process is itself again. */
  close(): void;
}

/** Takes the signals that would end this process: while the lock is waited for they end the wait, then they go to the child. */
export function forwardSignals(): ForwardedSignals {
  const interrupted = new AbortController();
  let child: RunningChild | undefined;
  const listeners = FORWARDED.map((name) => {
    const listener = (): void => {
      if (child === undefined) interrupted.abort();
      else child.signal(name);
    };
    process.on(name, listener);
    return () => process.off(name, listener);
  });
  return {
    interrupted: interrupted.signal,
    sendTo: (started) => {
      child = started;
    },
    close: () => {
      for (const remove of listeners) remove();
    },
  };
}
