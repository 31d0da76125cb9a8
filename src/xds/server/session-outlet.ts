import type { AppError, Clock } from '../../core/index.js';
import type { ResourceType } from '../resources/spec.js';
import type { BurstStep } from './burst.js';
import type { XdsCounters } from './contract.js';
import type { EpochGate } from './epoch-gate.js';
import type { LeafServices } from './leaf-keeper.js';
import type { ResourceCells } from './resource-cells.js';
import type { ProxySession } from './session.js';
import type { Outstanding } from './subscription.js';

/** A response ready to be written, with what it carries. */
export interface Response extends Outstanding {
  readonly frame: Buffer;
}

/** What a session needs from around it; one per stream. */
export interface SessionOutlet {
  /** Turns a step into responses of the stream's protocol. */
  encode(step: BurstStep, session: ProxySession): readonly Response[];
  write(responses: readonly Response[]): void;
  readonly congested: boolean;
  /** The session has something to send: flush it soon. */
  wake(session: ProxySession): void;
  end(error: AppError): void;
  /** Key of a resource cell that is not in the needs, for proxyless clients. */
  demand(session: ProxySession, type: ResourceType, name: string): string | undefined;
  /** A refusal stands no longer. */
  clear(type: ResourceType, name: string): void;
  /** Look again in a while although nothing has changed. */
  wakeLater(session: ProxySession): void;
  /** Shared by all streams. */
  readonly epochs: EpochGate;
  readonly clock: Clock;
  readonly maySendSecrets: boolean;
  /** Else the protocol is state of the world. */
  readonly isDelta: boolean;
  /** The Envoy's drain time, where its bootstrap tells it. */
  readonly drainTimeMs: number | undefined;
  readonly cells: ResourceCells;
  readonly counters: XdsCounters;
  readonly leaves: LeafServices;
  /** The newest state index. */
  readonly index: number;
}
