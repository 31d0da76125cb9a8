import type { AppError, Clock } from '../../core/index.js';
import type { ProxyIdentity, ProxyNeeds, ResourceType } from '../resources/spec.js';
import type { ProxyKey, StreamClient, XdsCounters, XdsLogger } from './contract.js';
import type { EpochGate } from './epoch-gate.js';
import type { Flusher } from './flusher.js';
import type { FrameBook } from './frames.js';
import type { LeafServices } from './leaf-keeper.js';
import type { StreamFacts } from './propagation.js';
import type { ProxyFinder } from './proxy-finder.js';
import type { RefusalBook } from './refusal-book.js';
import type { ResourceCells } from './resource-cells.js';
import type { ProxySession } from './session.js';
import type { AdsStream } from './stream.js';

/** What all streams of a server share. */
export interface StreamHost {
  /** Resolves when the state is loaded and the CA has a root: nothing is answered before (envoy-facts 0.8). */
  readonly ready: Promise<unknown>;
  readonly clock: Clock;
  readonly logger: XdsLogger;
  readonly counters: XdsCounters;
  readonly finder: ProxyFinder;
  readonly flusher: Flusher;
  readonly frames: FrameBook;
  readonly cells: ResourceCells;
  readonly refusals: RefusalBook;
  readonly leaves: LeafServices;
  readonly epochs: EpochGate;
  readonly allowPlaintextSecrets: boolean;
  /** The newest state index. */
  index(): number;
  authorize(client: StreamClient): AppError | undefined;
  demand(identity: ProxyIdentity, client: StreamClient, type: ResourceType, name: string): string | undefined;
  /** Calls back at once and at every change. Returns the stop function. */
  watchNeeds(proxy: ProxyKey, envoyVersion: string, onChange: (needs: ProxyNeeds | undefined) => void): () => void;
  opened(stream: AdsStream): void;
  closed(stream: AdsStream): void;
  /** The stream's proxy is known and its session begins. */
  started(facts: StreamFacts, session: ProxySession): void;
  /** The session is about to let go of what it holds. */
  finished(facts: StreamFacts, session: ProxySession): void;
}
