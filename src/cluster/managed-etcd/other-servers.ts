/** Another server as the cluster door knows it. */
export interface OtherServer {
  /** Its node id. */
  readonly id: string;
  readonly name: string;
  readonly address: string;
}

/** What forming a cluster needs of the cluster door. */
export interface OtherServers {
  /** All others that are reached. */
  list(): readonly OtherServer[];
  /** Who answers behind each join address (its node id); null = nobody yet. */
  joined(): readonly (string | null)[];
  /** Asks a part of another server. Throws AppError. */
  ask(server: OtherServer, name: string, body: Uint8Array, timeoutMs?: number): Promise<Buffer>;
  /** Answers such questions. Returns what ends it. */
  answer(name: string, handler: (body: Buffer) => Promise<Uint8Array>): () => void;
}
