import type { EncodedResource, ResourceType } from '../resources/spec.js';
import type { Entry } from './subscription.js';

/** A version that the client refused; we are silent about it until its hash changes (envoy-facts 5). */
export interface StandingRefusal {
  readonly version: string;
  readonly error: string;
  /** RFC 3339. */
  readonly at: string;
  /** State index of the refused version. */
  readonly index: number;
  /** The last good one, for a client that holds nothing; never of a secret. */
  readonly accepted: EncodedResource | undefined;
  /** Offered (and refused) on this stream already. */
  tried: boolean;
}

const keyOf = (type: ResourceType, name: string): string => `${type}\0${name}`;

/** The refusals of one proxy that stand. */
export class StandingRefusals {
  #standing: Map<string, StandingRefusal> | undefined;

  get size(): number {
    return this.#standing?.size ?? 0;
  }

  get(entry: Entry): StandingRefusal | undefined {
    return this.#standing?.get(keyOf(entry.owner.type, entry.name));
  }

  set(type: ResourceType, name: string, refusal: StandingRefusal): void {
    (this.#standing ??= new Map()).set(keyOf(type, name), refusal);
  }

  names(): { readonly type: ResourceType; readonly name: string; readonly version: string }[] {
    return [...(this.#standing ?? [])].map(([key, { version }]) => {
      const [type = '', name = ''] = key.split('\0');
      return { type: type as ResourceType, name, version };
    });
  }

  /** True when there was one. */
  delete(type: ResourceType, name: string): boolean {
    const deleted = this.#standing?.delete(keyOf(type, name)) ?? false;
    if (this.#standing?.size === 0) this.#standing = undefined;
    return deleted;
  }

  /**
   * What a client should be given of an entry now; undefined = nothing. A refused version is offered once per stream; a client
   * that holds nothing gets the last accepted one first; `asked` is answered in any case if there is an answer.
   */
  target(entry: Entry, asked: boolean): EncodedResource | undefined {
    const wanted = entry.source.current;
    const refusal = this.#standing === undefined ? undefined : this.get(entry);
    if (!refusal || (wanted && refusal.version !== wanted.version)) return wanted;
    const holdsNothing = entry.sent === undefined;
    if (wanted && !refusal.tried && !(holdsNothing && refusal.accepted)) return wanted;
    if (holdsNothing || asked) return refusal.accepted ?? (asked ? wanted : undefined);
    return undefined;
  }
}
