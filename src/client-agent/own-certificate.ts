import type { ServerLink } from '../cluster/index.js';
import { AppError, backOffMs, type Clock, deferred } from '../core/index.js';

/** At least so often the servers are asked whether it is still good: the authority may have another root. */
const ASK_EVERY_MS = 60_000;
/** Until the first one is there, and after a failure. */
const BACK_OFF = { firstMs: 500, longestMs: 30_000 };

export interface OwnCertificateOptions {
  readonly link: Pick<ServerLink, 'certify'>;
  /** DNS names and IP addresses of the agent. */
  readonly names: readonly string[];
  readonly clock: Clock;
  /** Told of what keeps the agent from a certificate, each reason once in a row. */
  readonly warn: (message: string) => void;
}

/** The certificate of the agent's TLS ports. */
export interface OwnCertificate {
  /** Resolves when there is one. */
  readonly ready: Promise<void>;
  /** Throws AppError('unavailable') before. */
  current(): { readonly certPem: string; readonly privateKeyPem: string };
  /** Tells of a newer one. Returns what ends it. */
  onChange(listener: () => void): () => void;
  close(): void;
}

/**
 * Gets a certificate of the mesh's authority from the servers, and a new one in time, or within a minute when the authority has
 * another root. The key is in memory only: after a restart the servers are asked anew. What there is stays while no server answers.
 */
export function createOwnCertificate({ link, names, clock, warn }: OwnCertificateOptions): OwnCertificate {
  const listeners = new Set<() => void>();
  let held: { readonly certPem: string; readonly privateKeyPem: string; readonly version: string } | undefined;
  const ready = deferred();
  let [failures, lastProblem, isClosed] = [0, '', false];
  let cancel = (): void => undefined;
  const ask = async (): Promise<void> => {
    let nextMs: number;
    try {
      const answer = await link.certify({ names, have: held?.version ?? '' });
      if (isClosed) return;
      [failures, lastProblem] = [0, ''];
      nextMs = Math.max(1000, Math.min(ASK_EVERY_MS, answer.renewInMs));
      if (answer.certificatePem !== '') {
        held = { certPem: answer.certificatePem, privateKeyPem: answer.privateKeyPem, version: answer.version };
        for (const listener of listeners) listener();
        ready.resolve();
      }
    } catch (thrown) {
      const { code, message } = AppError.from(thrown);
      failures += 1;
      nextMs = backOffMs(failures, BACK_OFF);
      // That no server is there is told by who looks for them.
      if (code !== 'unavailable' && message !== lastProblem && !isClosed)
        warn(`the TLS ports of this agent have no certificate of the servers: ${message}`);
      lastProblem = message;
    }
    if (!isClosed) cancel = clock.after(nextMs, () => void ask());
  };
  void ask();
  return {
    ready: ready.promise,
    current() {
      if (held === undefined)
        throw new AppError('unavailable', 'the servers have not yet given this agent a certificate');
      return held;
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close() {
      isClosed = true;
      cancel();
    },
  };
}
