/**
 * The tokens that services and checks of this node were registered with, by which they are copied into the catalog, and taken out of it
 * (consul-behaviour 11.4). They are secrets: never logged, never in an answer.
 */
export class SyncTokens {
  readonly #services = new Map<string, string>();
  readonly #checks = new Map<string, string>();

  /** Notes the token of a service; empty = it has none. */
  ofService(id: string, token: string): void {
    this.#services.set(id, token);
  }

  /** Notes the token of a check; without one it goes with that of its service. */
  ofCheck(id: string, { serviceId, token }: { readonly serviceId: string; readonly token: string }): void {
    this.#checks.set(id, token || this.service(serviceId));
  }

  service(id: string): string {
    return this.#services.get(id) ?? '';
  }

  check(id: string): string {
    return this.#checks.get(id) ?? '';
  }

  /** The catalog has let go of a service or check: so does this. */
  forget(kind: 'service' | 'check', id: string): void {
    (kind === 'service' ? this.#services : this.#checks).delete(id);
  }
}
