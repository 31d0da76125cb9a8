import { AppError, type Clock } from '../../core/index.js';
import type { ProxyNeeds } from '../resources/spec.js';
import type { ProxyKey, XdsServerDependencies } from './contract.js';

export interface FoundProxy {
  readonly proxy: ProxyKey;
  readonly needs: ProxyNeeds;
}

/** Takes what is to be done when the stream goes before its proxy is found. */
export type WhenGone = (stopWaiting: () => void) => void;

interface Waiting {
  readonly look: () => FoundProxy | AppError;
  readonly settle: (result: FoundProxy | AppError) => void;
}

/**
 * Finds the registration that a stream's node means. A sidecar is often started before it is registered, so an unknown proxy is
 * waited for, while the stream hears nothing.
 */
export class ProxyFinder {
  readonly #dependencies: Pick<XdsServerDependencies, 'store' | 'findProxy' | 'needsCell' | 'proxyNeedsKey'>;
  readonly #clock: Clock;
  readonly #waitMs: number;
  readonly #waiting = new Set<Waiting>();
  readonly #stop: () => void;

  constructor(
    dependencies: Pick<XdsServerDependencies, 'store' | 'findProxy' | 'needsCell' | 'proxyNeedsKey' | 'clock'>,
    waitMs: number,
  ) {
    this.#dependencies = dependencies;
    this.#clock = dependencies.clock;
    this.#waitMs = waitMs;
    const subscription = dependencies.store.commits$.subscribe(() => this.#lookAgain());
    this.#stop = () => subscription.unsubscribe();
  }

  /** Resolves with the proxy, or with why there is none: NotFound after the wait, anything else at once. Never rejects. */
  find(
    nodeName: string | undefined,
    proxyId: string,
    envoyVersion: string,
    whenGone: WhenGone,
  ): Promise<FoundProxy | AppError> {
    const look = () => this.#look(nodeName, proxyId, envoyVersion);
    return new Promise((resolve) => {
      const first = look();
      if (!(first instanceof AppError) || first.code !== 'notFound') return resolve(first);
      const cancel = this.#clock.after(this.#waitMs, () => waiting.settle(look()));
      const waiting: Waiting = {
        look,
        settle: (result) => {
          cancel();
          this.#waiting.delete(waiting);
          resolve(result);
        },
      };
      this.#waiting.add(waiting);
      whenGone(() => waiting.settle(new AppError('cancelled', 'the stream is gone')));
    });
  }

  close(): void {
    this.#stop();
    for (const waiting of this.#waiting)
      waiting.settle(new AppError('unavailable', 'this server is shutting down; connect again'));
  }

  #lookAgain(): void {
    for (const waiting of this.#waiting) {
      const result = waiting.look();
      if (!(result instanceof AppError) || result.code !== 'notFound') waiting.settle(result);
    }
  }

  #look(nodeName: string | undefined, proxyId: string, envoyVersion: string): FoundProxy | AppError {
    try {
      const proxy = this.#dependencies.findProxy(nodeName, proxyId);
      if (proxy instanceof AppError) return proxy;
      const { value } = this.#dependencies.store.read(
        this.#dependencies.needsCell,
        this.#dependencies.proxyNeedsKey(proxy, envoyVersion),
      );
      return value ? { proxy, needs: value } : unknownProxy(proxy.node, proxy.proxyId);
    } catch (thrown) {
      return AppError.from(thrown);
    }
  }
}

/** NotFound that names what the stream asked to be. */
export function unknownProxy(nodeName: string | undefined, proxyId: string): AppError {
  const where = nodeName === undefined ? 'any node' : `node "${nodeName}"`;
  return new AppError(
    'notFound',
    `no proxy with id "${proxyId}" is registered on ${where}; register it, or correct node.id in the bootstrap`,
  );
}
