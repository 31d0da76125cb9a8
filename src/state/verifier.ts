import { AppError, type Clock } from '../core/index.js';
import type { AppliedRevisions } from './applied-revisions.js';
import type { Backend } from './backend/index.js';
import type { ReplicaFingerprint } from './replica-fingerprint.js';
import { tableNames } from './tables/index.js';

interface VerifierParts {
  readonly backend: Backend;
  readonly applied: AppliedRevisions;
  readonly fingerprint: ReplicaFingerprint | undefined;
  readonly clock: Clock;
  readonly everyMs: number;
  readonly counters: { verifications: number; divergences: number };
  /** What is here is not what the engine holds: list anew. */
  readonly heal: () => void;
  readonly onProblem: (error: AppError) => void;
}

/** Compares what is applied here with what the engine holds, every few minutes: watches are not to be trusted alone. */
export class Verifier {
  readonly #parts: VerifierParts;
  #cancel: () => void = () => undefined;
  #closed = false;

  constructor(parts: VerifierParts) {
    this.#parts = parts;
  }

  /** Does nothing for an engine that a store cannot lose touch with. */
  start(): void {
    const { backend, clock, everyMs, onProblem } = this.#parts;
    if (!backend.fingerprint || everyMs <= 0 || this.#closed) return;
    this.#cancel = clock.after(everyMs, () => {
      this.verify()
        .catch((thrown: unknown) => this.#closed || onProblem(AppError.from(thrown)))
        .finally(() => this.start());
    });
  }

  close(): void {
    this.#closed = true;
    this.#cancel();
  }

  /** One comparison. Rejects when the engine does not answer. */
  async verify(): Promise<void> {
    const { backend, applied, fingerprint, counters, heal, onProblem } = this.#parts;
    if (!fingerprint) return;
    const recording = fingerprint.record(applied.revision);
    try {
      const there = await backend.fingerprint?.((table) => tableNames.includes(table));
      if (!there || this.#closed) return;
      await applied.reached(there.lastCommit);
      const here = recording.at(there.revision);
      // Listed anew meanwhile: that was a comparison of its own.
      if (here === undefined || this.#closed) return;
      counters.verifications += 1;
      if (here === there.value) return;
      counters.divergences += 1;
      onProblem(
        new AppError(
          'corruptState',
          `The state in memory is not what ${backend.name} holds at revision ${there.revision}: it is loaded anew.`,
        ),
      );
      heal();
    } finally {
      recording.stop();
    }
  }
}
