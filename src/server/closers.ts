/** What has to be closed when an agent ends, the last that was added first. */
export class Closers {
  readonly #closers: (() => Promise<void> | void)[] = [];

  add(...closers: readonly (() => Promise<void> | void)[]): void {
    this.#closers.push(...closers);
  }

  /** Closes each once, one after the other. */
  async closeAll(): Promise<void> {
    for (const close of this.#closers.splice(0).reverse()) await close();
  }
}
