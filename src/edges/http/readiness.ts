import type { AgentKnowledge } from './agent-knowledge.js';

/** Whether there is something to answer from: once there is, nobody has to wait any more. */
export class Readiness {
  isReady = false;
  readonly #ready: Promise<unknown>;

  constructor({ ready }: Pick<AgentKnowledge, 'ready'>) {
    this.#ready = ready;
    ready.then(
      () => {
        this.isReady = true;
      },
      // Whoever waits is told.
      () => undefined,
    );
  }

  wait(): Promise<unknown> {
    return this.#ready;
  }
}
