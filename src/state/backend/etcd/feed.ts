import { AppError, backOffMs, type Clock } from '../../../core/index.js';
import type { BackendCommit, WatchEvent } from '../backend.js';
import { type Assembled, CommitAssembler } from './assembler.js';
import {
  appErrorOf,
  type EtcdClient,
  EtcdError,
  type Endpoint,
  type WatchResponse,
  type WatchStream,
} from './client/index.js';
import type { BundlePointer, Layout } from './layout.js';
import type { UnfoldedBundles } from './unfolded.js';

/** How patient a watch is; all in ms. */
export interface FeedTimes {
  /** How often it looks at itself. */
  readonly lookEveryMs: number;
  /** Silence after which etcd is asked for a sign of life. */
  readonly askAfterMs: number;
  /** Silence after which the stream is given up. */
  readonly giveUpAfterMs: number;
  /** How long a stream may say nothing at all while a revision is known to exist; then it is opened at another member. */
  readonly reopenAfterMs: number;
  /** How long a revision that is known to exist may take to arrive. */
  readonly lateAfterMs: number;
  /** How often etcd is asked for its newest transaction although nobody waits for it. */
  readonly compareEveryMs: number;
}

export const FEED_TIMES: FeedTimes = {
  lookEveryMs: 500,
  askAfterMs: 4000,
  giveUpAfterMs: 12_000,
  reopenAfterMs: 1000,
  lateAfterMs: 4000,
  compareEveryMs: 10_000,
};

/** Who has said something so lately is not given up because a request to it failed. */
const LATELY_MS = 500;
const BACK_OFF = { firstMs: 20, longestMs: 2000 };
/** Failures in a row after which somebody is told. */
const FAILURES_WORTH_TELLING = 5;

export interface FeedParts {
  readonly client: EtcdClient;
  readonly layout: Layout;
  readonly unfolded: UnfoldedBundles;
  readonly clock: Clock;
  readonly times: FeedTimes;
  /** The changes of a large transaction decided at the revision. */
  readonly readBundle: (revision: number, pointer: BundlePointer) => Promise<BackendCommit['changes']>;
  /** The revision of the newest transaction, by a linearizable read. */
  readonly readTip: () => Promise<number>;
  /** Whether etcd was restored from an older copy since the list that this watch follows. */
  readonly isOtherHistory: () => Promise<boolean>;
  readonly onProblem: (error: AppError) => void;
}

/**
 * One watch over everything under the prefix. A stream that breaks or falls silent is opened anew after the last revision that
 * was handed out, at another endpoint. What cannot be trusted, or was compacted away, ends it with `resync`.
 */
export class Feed {
  readonly #parts: FeedParts;
  readonly #onEvent: (event: WatchEvent) => void;
  readonly #assembler: CommitAssembler;
  #stream: WatchStream | undefined;
  #endpoint: Endpoint | undefined;
  /** Counts streams: answers of one that was given up are not looked at. */
  #generation = 0;
  #failures = 0;
  #heardAtMs: number;
  #askedAtMs = 0;
  #comparedAtMs: number;
  /** The newest revision that is known to exist. */
  #newest = 0;
  #expected: { readonly revision: number; readonly sinceMs: number; readonly restarted: boolean } | undefined;
  /** Answers that wait until a large transaction is read. */
  #waiting: Assembled[] | undefined;
  #isHistoryKnown = false;
  #stopped = false;
  #cancelLook: () => void = () => undefined;
  #cancelRetry: () => void = () => undefined;
  readonly #forgetFailures: () => void;

  constructor(parts: FeedParts, after: number, tipVersion: number | undefined, onEvent: (event: WatchEvent) => void) {
    this.#parts = parts;
    this.#onEvent = onEvent;
    this.#assembler = new CommitAssembler(parts.layout, parts.unfolded, after, tipVersion);
    this.#heardAtMs = this.#comparedAtMs = parts.clock.now();
    this.#forgetFailures = parts.client.endpoints.onFailed((endpoint) => this.#onFailedRequest(endpoint));
    this.#lookLater();
    void this.#open();
  }

  /** The newest revision that was looked at. */
  get last(): number {
    return this.#assembler.last;
  }

  get isStopped(): boolean {
    return this.#stopped;
  }

  stop(): void {
    this.#stopped = true;
    this.#forgetFailures();
    this.#dropStream();
    this.#cancelLook();
    this.#cancelRetry();
  }

  /** Ends it: what it would go on with is not what was before. */
  giveUp(reason: string): void {
    this.#resync(reason);
  }

  /** This revision of ours exists: the watch is late when it does not give it soon. */
  expect(revision: number): void {
    this.#newest = Math.max(this.#newest, revision);
    const { last } = this.#assembler;
    if (revision > last && (this.#expected?.revision ?? 0) <= last) this.#expectSince(this.#parts.clock.now());
  }

  #expectSince(sinceMs: number): void {
    const revision = this.#newest;
    this.#expected = revision > this.#assembler.last ? { revision, sinceMs, restarted: false } : undefined;
  }

  async #open(): Promise<void> {
    const generation = ++this.#generation;
    const { client, layout, clock } = this.#parts;
    const endpoint = client.endpoints.first;
    const isCurrent = (): boolean => generation === this.#generation && !this.#stopped;
    this.#endpoint = endpoint;
    this.#heardAtMs = clock.now();
    this.#askedAtMs = 0;
    this.#assembler.restart();
    try {
      const start_revision = this.#assembler.last + 1;
      const request = { ...layout.everything, start_revision, progress_notify: true, fragment: true };
      const stream = await client.watch(endpoint, request, {
        isWanted: isCurrent,
        onAnswer: (answer) => this.#onAnswer(answer),
        onFailed: (thrown) => this.#failed(thrown),
      });
      if (isCurrent()) this.#stream = stream;
      else stream.cancel();
    } catch (thrown) {
      if (isCurrent()) this.#failed(thrown);
    }
  }

  #onAnswer(answer: WatchResponse): void {
    this.#heardAtMs = this.#parts.clock.now();
    this.#askedAtMs = 0;
    if (Number(answer.compact_revision) > 0) {
      this.#resync(`revision ${this.#assembler.last + 1} was compacted away`);
      return;
    }
    if (answer.canceled) {
      this.#failed(new Error(answer.cancel_reason || 'etcd canceled the watch'));
      return;
    }
    if (answer.created && Number(answer.header?.revision ?? 0) < this.#assembler.last) {
      // It would go on with another history as soon as that one gets there; whether there is another, a read tells.
      if (this.#heardAtMs - this.#comparedAtMs >= LATELY_MS) this.#compare(this.#heardAtMs);
      this.#failed(new Error(`it is at revision ${answer.header?.revision ?? 0} and behind what was seen`));
      return;
    }
    if (answer.created) this.#checkHistory();
    if (answer.events.length === 0 && !answer.fragment && answer.created) return;
    this.#failures = 0;
    this.#take(this.#assembler.push(answer));
  }

  #take(assembled: readonly Assembled[]): void {
    if (this.#waiting) {
      this.#waiting.push(...assembled);
      return;
    }
    for (const [at, next] of assembled.entries()) {
      if (this.#stopped) return;
      if (next.type === 'commit') this.#onEvent(next);
      else if (next.type === 'fault') this.#resync(next.reason);
      else {
        this.#waiting = assembled.slice(at + 1);
        void this.#takeBundle(next.revision, next.pointer);
        return;
      }
    }
  }

  async #takeBundle(revision: number, pointer: BundlePointer): Promise<void> {
    try {
      const changes = await this.#parts.readBundle(revision, pointer);
      if (this.#stopped) return;
      this.#onEvent({ type: 'commit', commit: { revision, changes } });
      const waiting = this.#waiting ?? [];
      this.#waiting = undefined;
      this.#take(waiting);
    } catch (thrown) {
      this.#resync(`a large transaction could not be read: ${appErrorOf(thrown).message}`);
    }
  }

  #resync(reason: string): void {
    if (this.#stopped) return;
    this.stop();
    this.#onEvent({ type: 'resync', reason });
  }

  #failed(thrown: unknown): void {
    this.#dropStream();
    const endpoint = this.#endpoint as Endpoint;
    const error = EtcdError.from(thrown, endpoint.name);
    this.#failures += 1;
    if (error.needsNewToken || /token|permission|auth/i.test(error.message)) this.#parts.client.forgetToken();
    else this.#parts.client.endpoints.failed(endpoint);
    if (this.#failures === FAILURES_WORTH_TELLING)
      this.#parts.onProblem(
        new AppError('unavailable', `The watch of etcd cannot be kept (${endpoint.name}: ${error.message}).`, {
          cause: error,
        }),
      );
    this.#cancelRetry = this.#parts.clock.after(backOffMs(this.#failures, BACK_OFF), () => void this.#open());
  }

  /** A member that does not answer requests will not give changes either. */
  #onFailedRequest(endpoint: Endpoint): void {
    if (!this.#stream || endpoint !== this.#endpoint) return;
    if (this.#parts.clock.now() - this.#heardAtMs >= LATELY_MS) this.#failed(new Error('the member does not answer'));
  }

  #dropStream(): void {
    this.#generation += 1;
    this.#stream?.cancel();
    this.#stream = undefined;
  }

  #lookLater(): void {
    const { clock, times } = this.#parts;
    this.#cancelLook = clock.after(times.lookEveryMs, () => {
      this.#look(clock.now());
      if (!this.#stopped) this.#lookLater();
    });
  }

  #look(nowMs: number): void {
    const { times } = this.#parts;
    if (nowMs - this.#comparedAtMs >= times.compareEveryMs) this.#compare(nowMs);
    const expected = this.#expected;
    if (expected && expected.revision <= this.#assembler.last) this.#expectSince(nowMs);
    // While no member is reached nothing is late.
    else if (expected && !this.#stream) this.#expected = { ...expected, sinceMs: nowMs };
    else if (expected && this.#stream && !this.#waiting && this.#isSilentSince(expected, nowMs)) {
      this.#expected = { ...expected, sinceMs: nowMs, restarted: true };
      this.#failed(new Error('the watch is silent, and a change is known to exist'));
      return;
    } else if (expected && !this.#waiting && nowMs - expected.sinceMs >= times.lateAfterMs) {
      if (expected.restarted) {
        this.#resync(`the watch does not give revision ${expected.revision}, which exists`);
        return;
      }
      this.#expected = { ...expected, sinceMs: nowMs, restarted: true };
      if (this.#stream) this.#failed(new Error('the watch does not give what exists'));
      return;
    }
    if (!this.#stream) return;
    const silentMs = nowMs - this.#heardAtMs;
    if (silentMs >= times.giveUpAfterMs) this.#failed(new Error('the watch is silent'));
    else if (silentMs >= times.askAfterMs && this.#askedAtMs === 0) {
      this.#askedAtMs = nowMs;
      this.#stream.write({ progress_request: {} });
    }
  }

  #isSilentSince({ sinceMs, restarted }: { sinceMs: number; restarted: boolean }, nowMs: number): boolean {
    return !restarted && this.#heardAtMs <= sinceMs && nowMs - sinceMs >= this.#parts.times.reopenAfterMs;
  }

  /** A stream that begins may be of another history than the one before. Asked again until there is an answer. */
  #checkHistory(): void {
    const generation = this.#generation;
    this.#isHistoryKnown = false;
    this.#parts.isOtherHistory().then(
      (isOther) => {
        if (generation !== this.#generation || this.#stopped) return;
        this.#isHistoryKnown = !isOther;
        if (isOther) this.giveUp('etcd was restored from an older copy');
      },
      () => undefined,
    );
  }

  #compare(nowMs: number): void {
    this.#comparedAtMs = nowMs;
    if (this.#stream && !this.#isHistoryKnown) this.#checkHistory();
    this.#parts.readTip().then(
      (revision) => this.expect(revision),
      (thrown: unknown) => this.#parts.onProblem(appErrorOf(thrown)),
    );
  }
}
