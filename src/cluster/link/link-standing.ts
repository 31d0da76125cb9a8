import { BehaviorSubject, type Observable } from 'rxjs';
import type { AppError } from '../../core/index.js';
import type { LinkState, ServerPeer } from '../contract.js';

export interface LinkLogger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/** How a link stands with its servers, and what its owner and the log are told of it. */
export class LinkStanding {
  readonly #logger: LinkLogger;
  readonly #state$ = new BehaviorSubject<LinkState>({ kind: 'searching' });
  #lastProblem = '';
  #hasJoined = false;

  constructor(logger: LinkLogger) {
    this.#logger = logger;
  }

  get state$(): Observable<LinkState> {
    return this.#state$;
  }

  /** It has been joined once, whatever became of it. */
  get hasJoined(): boolean {
    return this.#hasJoined;
  }

  /** Why the last attempt failed; empty = none did since it was joined. */
  get lastProblem(): string {
    return this.#lastProblem;
  }

  joined(server: ServerPeer): void {
    this.#hasJoined = true;
    this.#lastProblem = '';
    this.#logger.info({ server: server.name, address: server.address }, 'joined the cluster');
    this.#state$.next({ kind: 'joined', server });
  }

  /** An attempt has failed. */
  note(problem: AppError): void {
    const { kind } = this.#state$.value;
    if (kind === 'left') return;
    this.#log(problem);
    if (kind === 'searching') this.#state$.next({ kind: 'searching', problem });
  }

  /** No server holds the heartbeat any more. */
  lost(problem: AppError): void {
    this.#log(problem);
    this.#state$.next({ kind: 'searching', problem });
  }

  /** It is over, once and for all. */
  left(): void {
    if (this.#state$.value.kind === 'left') return;
    this.#state$.next({ kind: 'left' });
    this.#state$.complete();
  }

  /** Each sentence once in a row: attempts go on for ever. */
  #log({ message }: AppError): void {
    if (message !== this.#lastProblem) this.#logger.warn({}, `cluster: ${message}`);
    this.#lastProblem = message;
  }
}
