/** A key of the live area, as all servers see it. */
export interface LiveEntry {
  readonly key: string;
  readonly value: string;
  /** Another one when the key was gone in between. */
  readonly createRevision: number;
  readonly modRevision: number;
}

/** What changed in the live area. `all` comes first, once, when the area is known. */
export type LiveChange =
  | { readonly type: 'all'; readonly entries: readonly LiveEntry[] }
  | { readonly type: 'put'; readonly entry: LiveEntry }
  | { readonly type: 'gone'; readonly key: string };

/** That a key of the live area is still the one that was claimed: what a transaction made under a duty compares. */
export interface DutyFence {
  readonly key: string;
  readonly createRevision: number;
}

/**
 * Keys outside the state that are there while the server that put them is: nothing of them survives, is part of an index, or
 * belongs into a backup. Names are slash-separated, without a slash at the beginning. Every server sees all keys.
 */
export interface LiveArea {
  /** Whether the keys of this server are certainly still there. False while nobody answers; asked at the moment of use. */
  readonly isAlive: boolean;
  /**
   * Puts a key of this server. It is put anew when it was lost because the server had been out of touch. Resolves when it is
   * there; rejects only when the area is closed.
   */
  put(key: string, value: string): Promise<void>;
  /** Takes a key of this server away. */
  remove(key: string): Promise<void>;
  /**
   * Puts a key that nobody has, or says that it is ours already; undefined when another server has it. It is not put anew when it
   * is lost. Throws AppError('unavailable').
   */
  claim(key: string, value: string): Promise<DutyFence | undefined>;
  /** Tells everything there is, once it is known, and then each change, in order. Returns the stop function. */
  watch(onChange: (change: LiveChange) => void): () => void;
  /** Tells when `isAlive` changes. Returns the stop function. */
  onAlive(listener: (isAlive: boolean) => void): () => void;
  /** Takes all keys of this server away. */
  close(): Promise<void>;
}
