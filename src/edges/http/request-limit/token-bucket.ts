/** How much more than a second's worth may come at once (consul-behaviour.md 11.6). */
const BURST_SECONDS = 10;

/** Lets through so many requests a second on the average, and ten times as many at once. */
export class TokenBucket {
  readonly rate: number;
  readonly #burst: number;
  #tokens: number;
  #filledAtMs: number;

  constructor(rate: number, nowMs: number) {
    this.rate = rate;
    this.#burst = Math.max(1, rate * BURST_SECONDS);
    this.#tokens = this.#burst;
    this.#filledAtMs = nowMs;
  }

  /** Takes a token; false when there is none. A clock that goes back gives nothing. */
  take(nowMs: number): boolean {
    const gained = (Math.max(0, nowMs - this.#filledAtMs) * this.rate) / 1000;
    this.#tokens = Math.min(this.#burst, this.#tokens + gained);
    this.#filledAtMs = nowMs;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
