import { join } from 'node:path';
import type { Clock } from '../../core/index.js';
import type { Logger } from '../../telemetry/index.js';
import type { EtcdBinary } from './binary.js';
import { EtcdLog } from './etcd-log.js';
import { memberArguments, type MemberBeginning, type MemberSettings } from './member-arguments.js';
import type { MemberFolder } from './member-folder.js';
import { SupervisedProcess } from './supervised-process.js';

const REMOVED = /the member has been permanently removed from the cluster|data-dir used by this member must be removed/;

export interface MemberProcessParts {
  readonly binary: EtcdBinary;
  readonly settings: MemberSettings;
  readonly name: string;
  readonly folder: MemberFolder;
  readonly tlsFolder: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The etcd of this server: kept running, its log in ours. */
export class MemberProcess {
  readonly #parts: MemberProcessParts;
  readonly #process: SupervisedProcess;
  readonly #log: EtcdLog;
  #beginning: MemberBeginning = { type: 'continue' };
  /** It has said that the others have removed it. Who has seen to that takes it back. */
  wasRemoved = false;

  constructor(parts: MemberProcessParts) {
    const { binary, clock, logger, folder } = parts;
    this.#parts = parts;
    this.#log = new EtcdLog(logger, clock.now, (message) => {
      if (REMOVED.test(message)) this.wasRemoved = true;
    });
    this.#process = new SupervisedProcess({
      program: binary.path,
      args: () => this.#arguments(),
      env: withoutEtcdOptions(process.env),
      pidFile: join(folder.path, 'etcd.pid'),
      clock,
      onOutput: (text) => this.#log.push(text),
      onExit: (how, restartInMs) =>
        logger.warn({}, `the etcd member ended by itself (${how}); it is started again in ${restartInMs / 1000} s`),
    });
  }

  get isRunning(): boolean {
    return this.#process.isRunning;
  }

  /** It began with its own data, and not with what other servers said. */
  get hasContinued(): boolean {
    return this.#beginning.type === 'continue';
  }

  /** Without data it begins as it is told, or as it was told before. */
  start(beginning: MemberBeginning = this.#beginning): void {
    this.#beginning = beginning;
    this.#log.isEnding = false;
    this.#process.start();
  }

  /** It is about to end as it should: what it says from now on is of no interest. */
  expectEnd(): void {
    this.#log.isEnding = true;
  }

  /** Resolves when it is gone. */
  stop(): Promise<void> {
    return this.#process.stop();
  }

  #arguments(): string[] {
    const { settings, name, binary, folder, tlsFolder } = this.#parts;
    const beginning: MemberBeginning = folder.hasData ? { type: 'continue' } : this.#beginning;
    return memberArguments(settings, name, { data: folder.dataPath, tls: tlsFolder }, beginning, binary.version);
  }
}

/** etcd takes options from the environment too: those of whoever started us are not meant for this member. */
function withoutEtcdOptions(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('ETCD_')));
}
